/** Sends the statement of a plan and verifies the returned rows. */
import type { ReadBy, ReadContext } from '../access/context.ts'
import { clearId, type ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { parseId } from '../model/webservice-id.ts'
import { isCountedAsMeant } from '../query/dialect.ts'
import type { Plan } from '../scope/plan.ts'
import { verify, type Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'

export interface VerifiedRows {
  readonly rows: readonly Row[]
  /** The number of rows of coreBOS that the rule does not let through. */
  readonly withheld: number
  /** The number of rows without the limit; undefined if it could reveal a withheld row. */
  readonly total: number | undefined
}

/** @throws GatewayError the error of coreBOS */
export async function sendPlan(plan: Plan, context: ReadContext): Promise<VerifiedRows> {
  const { statement, view } = plan
  if (statement === undefined) return { rows: [], withheld: 0, total: 0 }
  const { rows, totalRows } = await context.reader.query(statement, readBy(view))
  const { verified, withheld } = verify(rows, plan)
  if (withheld.length > 0) context.withheld(withheld, view.decision.rule.name)
  const isTrue = withheld.length === 0 && isCountedAsMeant(statement.text)
  return { rows: verified, withheld: withheld.length, total: isTrue ? totalRows : undefined }
}

/**
 * The number of rows without the limit: counted by coreBOS, or of verified rows.
 *
 * @returns undefined for more rows than the limit, if rows are counted
 * @throws GatewayError the error of coreBOS
 */
export async function sendCount(plan: Plan, context: ReadContext): Promise<number | undefined> {
  const { statement, view, isCount } = plan
  if (statement === undefined) return 0
  if (!isCount) {
    const { rows, withheld } = await sendPlan(plan, context)
    return rows.length + withheld > limits.rows ? undefined : rows.length
  }
  const { rows } = await context.reader.query(statement, readBy(view))
  const count = rows[0]?.['count']
  if (count === undefined || !/^[0-9]+$/.test(count))
    throw new GatewayError('COREBOS_FAILED', 'coreBOS returned no count')
  return Number(count)
}

/** The coreBOS session that can read the records of a view: a contact's own session shows nothing above its account. */
export function readBy({ decision: { rule, level } }: ModuleView): ReadBy {
  return rule.readBy ?? (level === 'own' || level === 'account' ? 'contact' : 'service')
}

/** A visible record, with the id for further reads. */
export interface FoundRecord {
  readonly id: ClearedId
  readonly row: Row
}

/**
 * @param rows verified rows with their ids
 * @throws GatewayError `COREBOS_FAILED` for a row without a valid id
 */
export function foundRecords(rows: readonly Row[]): FoundRecord[] {
  return rows.map((row) => {
    const id = parseId(row['id'] ?? '')
    if (id === undefined)
      throw new GatewayError('COREBOS_FAILED', 'coreBOS returned a record without a valid id')
    return { id: clearId(id), row }
  })
}

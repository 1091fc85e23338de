/** Reads all rows that meet a condition, up to the row limit: for sorting and sums that the gateway computes itself. */
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import type { Origin } from '../scope/plan.ts'
import { planOf } from './look-up.ts'
import { sendPlan, type VerifiedRows } from './send.ts'

/** One more than is accepted, to notice too many. */
const oneMore: Origin = { dialect: 'basic', maxRows: limits.rows + 1, ofRule: undefined }

/**
 * @param fields of the module; each row holds them and its id
 * @throws GatewayError `QUERY_TOO_LARGE` beyond the row limit, with the parameter that needs all rows
 */
export async function everyRow(
  {
    module,
    fields,
    where,
  }: { readonly module: string; readonly fields: readonly string[]; readonly where: Condition },
  parameter: string,
  context: ReadContext,
): Promise<VerifiedRows> {
  const query = tree.select(module, fields, where, { limit: { offset: 0, count: oneMore.maxRows } })
  const found = await sendPlan(await planOf(query, context, oneMore), context)
  if (Math.max(found.rows.length + found.withheld, found.total ?? 0) <= limits.rows) return found
  const message = `'${parameter}' looks at ${limits.rows} records at most, and more meet the conditions; narrow them`
  throw new GatewayError('QUERY_TOO_LARGE', message, { errors: [{ parameter, message }] })
}

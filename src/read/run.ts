/** Runs a query: plan, send, verify, shape. Every read of a contact's records goes through these functions. */
import type { ReadContext } from '../access/context.ts'
import type { FieldShape } from '../model/module.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import * as tree from '../query/tree.ts'
import type { Query } from '../query/tree.ts'
import { ofCaller, requireDistinctBound, type Origin, type Plan } from '../scope/plan.ts'
import type { Column } from '../scope/selection.ts'
import { distinct, page, shape } from '../scope/shape.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView, VisibleModules } from '../scope/view.ts'
import { follow } from './follow.ts'
import { planOf } from './look-up.ts'
import { sendPlan, sendCount } from './send.ts'

export interface Answer {
  readonly records: Row[]
  /** The fields of the values in the rows, by the names of the values. */
  readonly columns: ReadonlyMap<string, FieldShape>
  /** The number of rows without the limit; absent if it could reveal a withheld row. */
  readonly total: number | undefined
}

/** @throws GatewayError for which the query is rejected, or the error of coreBOS */
export async function ask(query: Query, context: ReadContext): Promise<Answer> {
  return run(query, context, ofCaller)
}

/** @throws GatewayError as {@link ask} */
export async function run(query: Query, context: ReadContext, origin: Origin): Promise<Answer> {
  const plan = await planOf(query, context, origin)
  const { columns, limit } = plan
  if (columns === undefined) {
    const count = await sendCount(plan, context)
    if (count === undefined) throw tooManyToCount()
    return { records: [{ count: String(count) }], columns: new Map([['count', counted]]), total: count }
  }
  const found = await sendPlan(plan, context)
  const { rows, withheld } = found
  const total = found.total ?? (withheld === 0 ? await countOf(query, plan, rows.length, context) : undefined)
  const records = shape(rows, columns, await follow(columns, rows, context))
  const fields = fieldsOf(columns, plan.view, context.visible)
  if (!plan.distinct) return { records, columns: fields, total }
  requireDistinctBound(Math.max(rows.length + withheld, total ?? 0))
  const different = distinct(records)
  return {
    records: page(different, limit),
    columns: fields,
    total: withheld === 0 ? different.length : undefined,
  }
}

/**
 * The number of rows without the limit, if coreBOS miscounts the statement.
 *
 * @param length the number of rows within the limit
 * @returns undefined above the row limit
 */
async function countOf(
  query: Query,
  { limit, distinct }: Plan,
  length: number,
  context: ReadContext,
): Promise<number | undefined> {
  if (distinct) return undefined
  if (length < limit.count && (length > 0 || limit.offset === 0)) return limit.offset + length
  const { module, moduleAt, where } = query
  const counting = tree.query({
    selection: { kind: 'count' },
    module,
    moduleAt,
    where,
    orderBy: [],
    limit: undefined,
  })
  return sendCount(await planOf(counting, context, ofCaller), context)
}

function tooManyToCount(): GatewayError {
  const values = "values with several blanks in a row, 'order by' or 'limit'"
  return new GatewayError(
    'QUERY_TOO_LARGE',
    `${limits.rows} records at most are counted by ${values}, and more meet the conditions; narrow them`,
  )
}

/** The number of rows, from the one field of the one row. */
const counted: FieldShape = {
  name: 'count',
  type: 'integer',
  uitype: '7',
  label: 'Count',
  refersTo: [],
  mandatory: false,
  editable: false,
  picklist: undefined,
}

function fieldsOf(
  columns: readonly Column[],
  { readable }: ModuleView,
  visible: VisibleModules,
): ReadonlyMap<string, FieldShape> {
  return new Map(
    columns.flatMap(({ key, field, hop }) => {
      const shape =
        hop === undefined ? readable.get(field) : visible.find(hop.module)?.readable.get(hop.field)
      return shape === undefined ? [] : [[key, shape] as const]
    }),
  )
}

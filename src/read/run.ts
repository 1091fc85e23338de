/** Runs a query: plan, send, verify, shape. Every read of a contact's records goes through these functions. */
import type { ReadContext } from '../access/context.ts'
import { parseQuery } from '../query/parse.ts'
import type { Query } from '../query/tree.ts'
import { ofCaller, requireDistinctBound, type Origin } from '../scope/plan.ts'
import { distinct, page, shape } from '../scope/shape.ts'
import type { Row } from '../scope/verify.ts'
import { follow } from './follow.ts'
import { planOf } from './look-up.ts'
import { sendPlan, sendCount } from './send.ts'

export interface Answer {
  readonly records: Row[]
  /** The number of rows without the limit; absent where it could tell of a withheld row. */
  readonly total: number | undefined
}

/** @throws GatewayError what the query is rejected for, or how coreBOS failed */
export async function ask(query: Query, context: ReadContext): Promise<Answer> {
  return run(query, context, ofCaller)
}

/** @throws GatewayError `QUERY_SYNTAX`, and as {@link ask} */
export async function askText(text: string, context: ReadContext): Promise<Answer> {
  return ask(parseQuery(text), context)
}

/** @throws GatewayError as {@link ask} */
export async function run(query: Query, context: ReadContext, origin: Origin): Promise<Answer> {
  const plan = await planOf(query, context, origin)
  const { columns, limit } = plan
  if (columns === undefined) {
    const count = await sendCount(plan, context)
    return { records: [{ count: String(count) }], total: count }
  }
  const { rows, withheld, total } = await sendPlan(plan, context)
  const records = shape(rows, columns, await follow(columns, rows, context))
  if (!plan.distinct) return { records, total }
  requireDistinctBound(Math.max(rows.length + withheld, total ?? 0))
  const different = distinct(records)
  return { records: page(different, limit), total: withheld === 0 ? different.length : undefined }
}

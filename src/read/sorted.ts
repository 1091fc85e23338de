/**
 * Runs a query in an order that coreBOS does not support: the gateway sorts all verified rows, and reads one page of
 * them.
 */
import type { ReadContext } from '../access/context.ts'
import { limits } from '../model/limits.ts'
import { isSortedByCorebos } from '../query/sort.ts'
import * as tree from '../query/tree.ts'
import type { Query } from '../query/tree.ts'
import { checkPath } from '../scope/check.ts'
import { sortRows } from '../scope/order.ts'
import { page } from '../scope/shape.ts'
import { everyRow } from './every-row.ts'
import { ask, type Answer } from './run.ts'

/**
 * @param query for rows that have ids: neither a count nor distinct
 * @throws GatewayError as {@link ask}; `QUERY_TOO_LARGE` if more rows than the row limit would have to be sorted
 */
export async function askSorted(query: Query, context: ReadContext): Promise<Answer> {
  const { module, where = tree.constant(true), orderBy, limit } = query
  if (isSortedByCorebos(orderBy)) return ask(query, context)
  const view = context.visible.require(module)
  const orders = orderBy.map(({ path, direction }) => ({ field: checkPath(path, view), direction }))
  const fields = orders.map(({ field }) => field.name)
  const { rows, withheld } = await everyRow({ module, fields, where }, 'sort', context)
  const wanted = limit ?? { offset: 0, count: limits.defaultRows }
  const ids = page(sortRows(rows, orders), wanted).map(({ id = '' }) => id)
  const answer = await ask(
    tree.query({
      ...query,
      where: tree.among('id', ids),
      orderBy: [],
      limit: { offset: 0, count: ids.length },
    }),
    context,
  )
  const places = new Map(ids.map((id, place) => [id, place]))
  const placeOf = ({ id = '' }: Answer['records'][number]): number => places.get(id) ?? ids.length
  return {
    ...answer,
    records: answer.records.toSorted((one, other) => placeOf(one) - placeOf(other)),
    total: withheld === 0 ? rows.length : undefined,
  }
}

/** Search in the readable fields of a contact: one scoped statement for each module. */
import type { ReadContext } from '../access/context.ts'
import { mapLimited } from '../model/map-limited.ts'
import { ask, type Answer } from '../read/run.ts'
import { limits } from '../model/limits.ts'
import { escapedPattern } from '../query/pattern.ts'
import * as tree from '../query/tree.ts'
import type { Row } from '../scope/verify.ts'
import { readParameter } from './parameter.ts'
import type { ModuleView } from '../scope/view.ts'

export interface Hits {
  readonly module: string
  /** In the language of the CRM user. */
  readonly label: string
  readonly records: readonly Row[]
  readonly columns: Answer['columns']
  /** The number of records without the limit; absent if it could reveal a withheld record. */
  readonly total: number | undefined
}

export interface Search {
  /** Found anywhere in a field; letters are compared by the database's collation. Not empty. */
  readonly text: string
  /** In any letter case; undefined: all open modules. */
  readonly modules: readonly string[] | undefined
  /** Records of each module. */
  readonly limit: number
}

/** Types of fields that hold text. */
const textTypes = new Set(['string', 'text', 'email', 'phone', 'url', 'picklist'])

/**
 * @returns modules with matches, in the requested order
 * @throws GatewayError `UNKNOWN_MODULE`, `QUERY_NOT_EXPRESSIBLE`, or the error of coreBOS
 */
export async function search({ text, modules, limit }: Search, context: ReadContext): Promise<Hits[]> {
  const { visible } = context
  const views = new Set(
    readParameter('modules', () => (modules ?? visible.names).map((name) => visible.require(name))),
  )
  const hits = await mapLimited(views, async (view) => hitsIn(view, text, limit, context))
  return hits.filter(({ records, total }) => records.length > 0 || (total ?? 0) > 0)
}

async function hitsIn(view: ModuleView, text: string, count: number, context: ReadContext): Promise<Hits> {
  const { name: module, label } = view.module
  const pattern = `%${escapedPattern(text)}%`
  const conditions = [...view.readable.values()]
    .filter(({ type }) => textTypes.has(type))
    .slice(0, limits.conditions)
    .map(({ name }) => tree.like(tree.field(name), pattern))
  if (conditions.length === 0) return { module, label, records: [], columns: new Map(), total: 0 }
  const query = tree.select(module, undefined, tree.anyOf(conditions), { limit: { offset: 0, count } })
  return { module, label, ...(await ask(query, context)) }
}

/** What records point to, beside them and hop by hop: each under its own rule, with one statement for each module and hop. */
import type { ReadContext } from '../access/context.ts'
import { commentsOn, type Comment } from './comments.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../read/map-limited.ts'
import { recordsById, viewOf } from '../read/pipeline.ts'
import { limits } from '../model/limits.ts'
import type { FieldShape } from '../model/module.ts'
import type { Row } from '../scope/verify.ts'
import { requireField, type VisibleModules, type ModuleView } from '../scope/view.ts'

/** A reference field with what is to be followed from there, or `comments`. */
export interface Hop {
  readonly name: string
  readonly further: Hops
}
export type Hops = readonly Hop[]

/** Null: it points nowhere, or to what is not seen. */
export type Expanded = Readonly<Record<string, Reached | readonly Comment[] | null>>

/** A record; what was followed from it stands under `expanded`, as it does for those that were asked for. */
export interface Reached {
  readonly [field: string]: string | Expanded
}

/** What stands for the comments of the records, in the place of a field. */
const commentsName = 'comments'

/**
 * @param chains names, each of a field of what the one before points to
 * @throws GatewayError `UNKNOWN_FIELD`; `INVALID_VALUE` for a field that is no reference
 */
export function hopsOf(
  chains: readonly (readonly string[])[],
  view: ModuleView,
  visible: VisibleModules,
): Hops {
  return below(chains, [view], visible)
}

function below(
  chains: readonly (readonly string[])[],
  views: readonly [ModuleView, ...ModuleView[]],
  visible: VisibleModules,
): Hops {
  const rests = new Map<string, string[][]>()
  for (const [name, ...rest] of chains) {
    if (name === undefined) continue
    const others = rests.get(name) ?? []
    rests.set(name, rest.length === 0 ? others : [...others, rest])
  }
  return [...rests].map(([name, rest]) => {
    const references = name === commentsName ? [] : referencesIn(views, name)
    if (rest.length === 0) return { name, further: [] }
    const targets = references.flatMap(({ refersTo }) => refersTo.map((module) => visible.find(module)))
    const [first, ...more] = targets.filter((target) => target !== undefined)
    if (first === undefined)
      throw new GatewayError('UNKNOWN_FIELD', `'${name}' points to nothing that has fields`)
    return { name, further: below(rest, [first, ...more], visible) }
  })
}

/** A reference may point to several modules; not each of them has every field. */
function referencesIn(views: readonly [ModuleView, ...ModuleView[]], name: string): FieldShape[] {
  const fields = views.map(({ readable }) => readable.get(name)).filter((field) => field !== undefined)
  if (fields.length === 0) requireField(views[0], name)
  if (fields.some(({ type }) => type !== 'reference'))
    throw new GatewayError('INVALID_VALUE', `'${name}' is no reference`)
  return fields
}

/** The fields among the names. */
export function fieldsIn(hops: Hops): string[] {
  return hops.map(({ name }) => name).filter((name) => name !== commentsName)
}

/** Records of one view, and what is wanted of them. */
interface Standing {
  readonly view: ModuleView
  readonly rows: readonly Row[]
  readonly hops: Hops
}

/**
 * @param hops of the view
 * @param records rows of the view that came through the door, with the fields of these hops
 * @returns in the order of the records
 * @throws GatewayError `QUERY_TOO_LARGE`, or how coreBOS failed
 */
export async function expand(
  hops: Hops,
  records: readonly Row[],
  view: ModuleView,
  context: ReadContext,
): Promise<readonly Expanded[]> {
  const found = new Map<string, Row | null>()
  const said = new Map<string, readonly Comment[]>()
  let standing: readonly Standing[] = [{ view, rows: records, hops }]
  while (standing.length > 0) {
    const ids = standing
      .flatMap(({ rows, hops }) => fieldsIn(hops).flatMap((name) => rows.map((row) => row[name] ?? '')))
      .filter((id) => id !== '' && !found.has(id))
    const [reached] = await Promise.all([recordsById(ids, context), readComments(standing, said, context)])
    for (const id of ids) found.set(id, reached.get(id) ?? null)
    standing = standing.flatMap((each) => next(each, found, context))
  }
  return nested(records, hops, found, said)
}

/** Adds what was said about the records for which it is wanted. */
async function readComments(
  standing: readonly Standing[],
  said: Map<string, readonly Comment[]>,
  context: ReadContext,
): Promise<void> {
  const wanted = new Map<ModuleView, Row[]>()
  for (const { view, rows, hops } of standing) {
    if (hops.some(({ name }) => name === commentsName))
      wanted.set(view, [...(wanted.get(view) ?? []), ...rows])
  }
  await mapLimited(wanted, async ([view, rows]) => {
    const once = new Map(rows.map((row) => [row['id'] ?? '', row]))
    for (const [id, comments] of await commentsOn([...once.values()], view, context)) said.set(id, comments)
  })
}

/** Where the hops lead, by the module that they reach. */
function next(
  { rows, hops }: Standing,
  found: ReadonlyMap<string, Row | null>,
  context: ReadContext,
): Standing[] {
  return hops
    .filter(({ further }) => further.length > 0)
    .flatMap(({ name, further }) => {
      const reached = new Set(rows.map((row) => found.get(row[name] ?? '') ?? null))
      const byView = new Map<ModuleView, Row[]>()
      for (const row of reached) {
        if (row === null) continue
        const view = viewOf(row['id'] ?? '', context)
        byView.set(view, [...(byView.get(view) ?? []), row])
      }
      return [...byView].map(([view, rows]) => ({ view, rows, hops: further }))
    })
}

function nested(
  records: readonly Row[],
  hops: Hops,
  found: ReadonlyMap<string, Row | null>,
  said: ReadonlyMap<string, readonly Comment[]>,
): readonly Expanded[] {
  let count = 0
  const reach = (row: Row | null | undefined, further: Hops): Reached | null => {
    if (row === null || row === undefined) return null
    if (++count > limits.expanded) {
      throw new GatewayError('QUERY_TOO_LARGE', `'expand' brings ${limits.expanded} records at most`)
    }
    return further.length === 0 ? row : { ...row, expanded: under(row, further) }
  }
  const under = (row: Row, hops: Hops): Expanded =>
    Object.fromEntries(
      hops.map(({ name, further }) => [
        name,
        name === commentsName
          ? (said.get(row['id'] ?? '') ?? [])
          : reach(found.get(row[name] ?? ''), further),
      ]),
    )
  return records.map((row) => under(row, hops))
}

/** What records point to, beside them and hop by hop: each under its own rule, with one statement for each module and hop. */
import type { ReadContext } from '../access/context.ts'
import { commentsOn, jsonComment, type Comment, type JsonComment } from './comments.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { recordsById, viewOf } from '../read/records-by-id.ts'
import type { FoundRecord } from '../read/send.ts'
import type { JsonValue } from '../model/json-value.ts'
import { limits } from '../model/limits.ts'
import type { Expansion } from '../query/parse.ts'
import type { FieldShape } from '../model/module.ts'
import type { Row } from '../scope/verify.ts'
import { requireField, type VisibleModules, type ModuleView } from '../scope/view.ts'
import { jsonRow } from './values.ts'

/** A reference field with what is to be followed from there, or `comments`. */
export interface Hop {
  readonly name: string
  /** What is answered of the records reached, besides their ids; undefined: all that can be read. */
  readonly fields: ReadonlySet<string> | undefined
  readonly further: Hops
}
export type Hops = readonly Hop[]

/** Null: it points nowhere, or to what is not seen. */
export type Expanded = Readonly<Record<string, Reached | readonly JsonComment[] | null>>

/** A record; what was followed from it stands under `expanded`, as it does for those that were asked for. */
export interface Reached {
  readonly [field: string]: JsonValue | Expanded
}

/** What stands for the comments of the records, in the place of a field. */
const commentsName = 'comments'

/** @throws GatewayError `UNKNOWN_FIELD`; `INVALID_VALUE` for a field that is no reference */
export function hopsOf(expansions: readonly Expansion[], view: ModuleView, visible: VisibleModules): Hops {
  return below(expansions, [view], visible)
}

function below(
  expansions: readonly Expansion[],
  views: readonly [ModuleView, ...ModuleView[]],
  visible: VisibleModules,
): Hops {
  const byName = new Map<string, Expansion[]>()
  for (const each of expansions) byName.set(each.name, [...(byName.get(each.name) ?? []), each])
  return [...byName].map(([name, those]) => {
    const references = name === commentsName ? [] : referencesIn(views, name)
    const lists = those.map(({ fields }) => fields)
    const named = lists.flatMap((fields) => fields ?? [])
    const further = [
      ...those.flatMap((each) => each.further),
      ...(named.includes(commentsName) ? [{ name: commentsName, fields: undefined, further: [] }] : []),
    ]
    if (named.length === 0 && further.length === 0) return { name, fields: undefined, further: [] }
    const targets = references.flatMap(({ refersTo }) => refersTo.map((module) => visible.find(module)))
    const [first, ...more] = targets.filter((target) => target !== undefined)
    if (first === undefined)
      throw new GatewayError('UNKNOWN_FIELD', `'${name}' points to nothing that has fields`)
    const fields = named.filter((each) => each !== commentsName)
    for (const field of fields) requireOneOf([first, ...more], field)
    return {
      name,
      fields: lists.includes(undefined) ? undefined : new Set(fields),
      further: below(further, [first, ...more], visible),
    }
  })
}

/** A reference may point to several modules; not each of them has every field. @throws GatewayError `UNKNOWN_FIELD` */
function requireOneOf(views: readonly [ModuleView, ...ModuleView[]], name: string): void {
  if (!views.some(({ readable }) => readable.has(name))) requireField(views[0], name)
}

function referencesIn(views: readonly [ModuleView, ...ModuleView[]], name: string): FieldShape[] {
  const fields = views.map(({ readable }) => readable.get(name)).filter((field) => field !== undefined)
  requireOneOf(views, name)
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
  readonly found: readonly FoundRecord[]
  readonly hops: Hops
}

/**
 * @param hops of the view
 * @param records visible records of the view, with the fields of these hops
 * @returns in the order of the records
 * @throws GatewayError `QUERY_TOO_LARGE`, or how coreBOS failed
 */
export async function expand(
  hops: Hops,
  records: readonly FoundRecord[],
  view: ModuleView,
  context: ReadContext,
): Promise<readonly Expanded[]> {
  const found = new Map<string, FoundRecord | null>()
  const said = new Map<string, readonly Comment[]>()
  let standing: readonly Standing[] = [{ view, found: records, hops }]
  while (standing.length > 0) {
    const ids = standing
      .flatMap(({ found, hops }) => fieldsIn(hops).flatMap((name) => found.map(({ row }) => row[name] ?? '')))
      .filter((id) => id !== '' && !found.has(id))
    const [reached] = await Promise.all([recordsById(ids, context), readComments(standing, said, context)])
    for (const id of ids) found.set(id, reached.get(id) ?? null)
    standing = standing.flatMap((each) => next(each, found, context))
  }
  return nested(records, hops, { found, said, context })
}

/** Adds what was said about the records for which it is wanted. */
async function readComments(
  standing: readonly Standing[],
  said: Map<string, readonly Comment[]>,
  context: ReadContext,
): Promise<void> {
  const wanted = new Map<ModuleView, FoundRecord[]>()
  for (const { view, found, hops } of standing) {
    if (hops.some(({ name }) => name === commentsName))
      wanted.set(view, [...(wanted.get(view) ?? []), ...found])
  }
  await mapLimited(wanted, async ([view, found]) => {
    const once = new Map(found.map(({ id }) => [id.text, id]))
    for (const [id, comments] of await commentsOn([...once.values()], view, context)) said.set(id, comments)
  })
}

/** Where the hops lead, by the module that they reach. */
function next(
  { found: standing, hops }: Standing,
  found: ReadonlyMap<string, FoundRecord | null>,
  context: ReadContext,
): Standing[] {
  return hops
    .filter(({ further }) => further.length > 0)
    .flatMap(({ name, further }) => {
      const reached = new Set(standing.map(({ row }) => found.get(row[name] ?? '') ?? null))
      const byView = new Map<ModuleView, FoundRecord[]>()
      for (const record of reached) {
        if (record === null) continue
        const view = viewOf(record.id.text, context)
        byView.set(view, [...(byView.get(view) ?? []), record])
      }
      return [...byView].map(([view, records]) => ({ view, found: records, hops: further }))
    })
}

/** What was read for all records. */
interface Reading {
  readonly found: ReadonlyMap<string, FoundRecord | null>
  readonly said: ReadonlyMap<string, readonly Comment[]>
  readonly context: ReadContext
}

function nested(
  records: readonly FoundRecord[],
  hops: Hops,
  { found, said, context }: Reading,
): readonly Expanded[] {
  let count = 0
  const reach = (record: FoundRecord | null | undefined, { fields, further }: Hop): Reached | null => {
    if (record === null || record === undefined) return null
    if (++count > limits.expanded) {
      throw new GatewayError('QUERY_TOO_LARGE', `'expand' brings ${limits.expanded} records at most`)
    }
    const row = jsonRow(picked(record.row, fields), viewOf(record.id.text, context).readable)
    return further.length === 0 ? row : { ...row, expanded: under(record, further) }
  }
  const under = ({ id, row }: FoundRecord, hops: Hops): Expanded =>
    Object.fromEntries(
      hops.map((hop) => [
        hop.name,
        hop.name === commentsName
          ? (said.get(id.text) ?? []).map(jsonComment)
          : reach(found.get(row[hop.name] ?? ''), hop),
      ]),
    )
  return records.map((record) => under(record, hops))
}

function picked(row: Row, fields: Hop['fields']): Row {
  if (fields === undefined) return row
  return Object.fromEntries(Object.entries(row).filter(([name]) => name === 'id' || fields.has(name)))
}

/** Reads referenced records, hop by hop: each under its own rule, with one statement for each module and hop. */
import type { ReadContext } from '../access/context.ts'
import { commentsOn, jsonComment, type Comment, type JsonComment } from './comments.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { recordsById, viewOf } from '../read/records-by-id.ts'
import type { FoundRecord } from '../read/send.ts'
import type { JsonValue } from '../model/json-value.ts'
import { limits } from '../model/limits.ts'
import type { Expansion } from '../query/parse.ts'
import { holdsUsersOnly, type FieldShape } from '../model/module.ts'
import type { Words } from '../access/wording.ts'
import type { Row } from '../scope/verify.ts'
import { requireField, type VisibleModules, type ModuleView } from '../scope/view.ts'
import type { Display, DisplayedRow } from './display.ts'
import { jsonRow } from './values.ts'

/** A reference field with the references to follow from there, an owner or author, or `comments`. */
export interface Hop {
  readonly name: string
  /** An owner or author, of which only the name is returned. */
  readonly isUser: boolean
  /** The requested fields of the referenced records, besides their ids; undefined: all readable fields. */
  readonly fields: ReadonlySet<string> | undefined
  readonly further: Hops
}
export type Hops = readonly Hop[]

/** Null: the field is empty, or points to a record that is not visible. */
export type Expanded = Readonly<Record<string, Reached | readonly JsonComment[] | null>>

/** A record; the records that it refers to are under `expanded`, as for the records of the list. */
export interface Reached {
  readonly [field: string]: JsonValue | Expanded | Display
}

/** The readable facts of a user. */
const userFields = ['id', 'name']

/** The name that stands for the comments of the records, in place of a field. */
const commentsName = 'comments'

/** @throws GatewayError `UNKNOWN_FIELD`; `INVALID_VALUE` for a field that is not a reference */
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
    if (references.some(holdsUsersOnly)) return userHop(name, those)
    const lists = those.map(({ fields }) => fields)
    const named = lists.flatMap((fields) => fields ?? [])
    const further = [
      ...those.flatMap((each) => each.further),
      ...(named.includes(commentsName)
        ? [{ name: commentsName, fields: undefined, further: [] as const }]
        : []),
    ]
    if (named.length === 0 && further.length === 0)
      return { name, isUser: false, fields: undefined, further: [] }
    const targets = references.flatMap(({ refersTo }) => refersTo.map((module) => visible.find(module)))
    const [first, ...more] = targets.filter((target) => target !== undefined)
    if (first === undefined)
      throw new GatewayError('UNKNOWN_FIELD', `'${name}' does not point to records with fields`)
    const fields = named.filter((each) => each !== commentsName)
    for (const field of fields) requireOneOf([first, ...more], field)
    return {
      name,
      isUser: false,
      fields: lists.includes(undefined) ? undefined : new Set(fields),
      further: below(further, [first, ...more], visible),
    }
  })
}

/** @throws GatewayError `UNKNOWN_FIELD` for every field of a user except its id and name */
function userHop(name: string, those: readonly Expansion[]): Hop {
  const named = those.flatMap(({ fields = [], further }) => [...fields, ...further.map((each) => each.name)])
  const unknown = named.find((each) => !userFields.includes(each))
  const accepted = `accepted are ${userFields.map((each) => `'${each}'`).join(' and ')}`
  if (unknown !== undefined)
    throw new GatewayError('UNKNOWN_FIELD', `'${name}' has no field '${unknown}'; ${accepted}`)
  if (those.some(({ further }) => further.length > 0))
    throw new GatewayError('UNKNOWN_FIELD', `'${name}' has no further references; ${accepted}`)
  return { name, isUser: true, fields: new Set(userFields), further: [] }
}

/** A reference may point to several modules; not each of them has every field. @throws GatewayError `UNKNOWN_FIELD` */
function requireOneOf(views: readonly [ModuleView, ...ModuleView[]], name: string): void {
  if (!views.some(({ readable }) => readable.has(name))) requireField(views[0], name)
}

function referencesIn(views: readonly [ModuleView, ...ModuleView[]], name: string): FieldShape[] {
  const fields = views.map(({ readable }) => readable.get(name)).filter((field) => field !== undefined)
  requireOneOf(views, name)
  if (fields.some((field) => field.type !== 'reference' && !holdsUsersOnly(field)))
    throw new GatewayError('INVALID_VALUE', `'${name}' is not a reference field`)
  return fields
}

/** Those of the names that are fields. */
export function fieldsIn(hops: Hops): string[] {
  return hops.map(({ name }) => name).filter((name) => name !== commentsName)
}

/** Records of one view, and the fields that are requested of them. */
interface Standing {
  readonly view: ModuleView
  readonly found: readonly FoundRecord[]
  readonly hops: Hops
}

/** The records that have been read. */
export interface Followed {
  /** By webservice id; null: it does not exist or is not visible. */
  readonly found: ReadonlyMap<string, FoundRecord | null>
  readonly said: ReadonlyMap<string, readonly Comment[]>
  readonly userNames: Words
}

/**
 * Reads the records of the hops.
 *
 * @param hops of the view
 * @param records visible records of the view, with the fields of these hops
 * @throws GatewayError `QUERY_TOO_LARGE`, or the error of coreBOS
 */
export async function follow(
  hops: Hops,
  records: readonly FoundRecord[],
  view: ModuleView,
  context: ReadContext,
): Promise<Followed> {
  const found = new Map<string, FoundRecord | null>()
  const said = new Map<string, readonly Comment[]>()
  const users = new Set<string>()
  let standing: readonly Standing[] = [{ view, found: records, hops }]
  while (standing.length > 0) {
    for (const id of idsIn(standing, true)) users.add(id)
    const ids = idsIn(standing, false).filter((id) => !found.has(id))
    const [reached] = await Promise.all([recordsById(ids, context), readComments(standing, said, context)])
    for (const id of ids) found.set(id, reached.get(id) ?? null)
    standing = standing.flatMap((each) => next(each, found, context))
  }
  const userNames = users.size === 0 ? new Map<string, string>() : await context.wording.userNames(users)
  return { found, said, userNames }
}

function idsIn(standing: readonly Standing[], ofUsers: boolean): string[] {
  return standing
    .flatMap(({ found, hops }) =>
      fieldsIn(hops.filter(({ isUser }) => isUser === ofUsers)).flatMap((name) =>
        found.map(({ row }) => row[name] ?? ''),
      ),
    )
    .filter((id) => id !== '')
}

/** Adds the comments of the records for which they are requested. */
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

/** The targets of the hops, by module. */
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

/** The expanded records of an answer, each with the fields that are shown of it in some position. */
export function reachedRows(
  records: readonly FoundRecord[],
  hops: Hops,
  { found }: Followed,
  context: ReadContext,
): ReadonlyMap<FoundRecord, DisplayedRow> {
  const shown = new Map<FoundRecord, Set<string>>()
  const visited = new Map<Hop, Set<FoundRecord>>()
  const visit = (those: readonly FoundRecord[], further: Hops): void => {
    for (const hop of further) {
      if (hop.isUser || hop.name === commentsName) continue
      const seen = visited.get(hop) ?? new Set<FoundRecord>()
      visited.set(hop, seen)
      const reached = new Set(those.map(({ row }) => found.get(row[hop.name] ?? '') ?? null))
      const fresh = [...reached].filter((record) => record !== null && !seen.has(record))
      for (const record of fresh) {
        if (record === null) continue
        seen.add(record)
        const names = shown.get(record) ?? new Set<string>()
        for (const name of Object.keys(picked(record.row, hop.fields))) names.add(name)
        shown.set(record, names)
      }
      visit(
        fresh.filter((record) => record !== null),
        hop.further,
      )
    }
  }
  visit(records, hops)
  return new Map(
    [...shown].map(([record, names]) => [
      record,
      { row: picked(record.row, names), fields: viewOf(record.id.text, context).readable },
    ]),
  )
}

/**
 * The records that have been read, below each of the records.
 *
 * @param displays texts of the expanded records; undefined: not requested
 * @returns in the order of the records
 * @throws GatewayError `QUERY_TOO_LARGE`
 */
export function expanded(
  records: readonly FoundRecord[],
  hops: Hops,
  { found, said, userNames }: Followed,
  displays: ReadonlyMap<FoundRecord, Display> | undefined,
  context: ReadContext,
): readonly Expanded[] {
  let count = 0
  const reach = (record: FoundRecord | null | undefined, { fields, further }: Hop): Reached | null => {
    if (record === null || record === undefined) return null
    if (++count > limits.expanded) {
      throw new GatewayError(
        'QUERY_TOO_LARGE',
        `'expand' returns ${limits.expanded} records at most; request fewer references or a smaller 'limit'`,
      )
    }
    const display = displays && picked(displays.get(record) ?? {}, fields)
    return {
      ...jsonRow(picked(record.row, fields), viewOf(record.id.text, context).readable),
      ...(display !== undefined && { display }),
      ...(further.length > 0 && { expanded: under(record, further) }),
    }
  }
  const at = ({ id, row }: FoundRecord, hop: Hop) => {
    if (hop.name === commentsName) return (said.get(id.text) ?? []).map(jsonComment)
    const value = row[hop.name] ?? ''
    if (!hop.isUser) return reach(found.get(value), hop)
    return value === '' ? null : { id: value, name: userNames.get(value) ?? null }
  }
  const under = (record: FoundRecord, further: Hops): Expanded =>
    Object.fromEntries(further.map((hop) => [hop.name, at(record, hop)]))
  return records.map((record) => under(record, hops))
}

function picked(row: Row, fields: Hop['fields']): Row {
  if (fields === undefined) return row
  return Object.fromEntries(Object.entries(row).filter(([name]) => name === 'id' || fields.has(name)))
}

import type { Contact, Level } from './contact/contact.ts'
import type { BusinessAction } from './corebos/actions.ts'
import { clearId, type ClearedId } from './corebos/cleared-id.ts'
import { parseId } from './corebos/ids.ts'
import type { Attachment } from './corebos/read.ts'
import { GatewayError } from './errors.ts'
import { fewAtOnce } from './few-at-once.ts'
import { isCountedAsMeant } from './query/dialect.ts'
import { limits } from './query/limits.ts'
import { parseQuery } from './query/parse.ts'
import * as tree from './query/tree.ts'
import type { Condition, Lookup, Query, Relation } from './query/tree.ts'
import { allIds, idsOf } from './scope/check.ts'
import { explain as explainStatement, print } from './scope/print.ts'
import {
  ownAnchors,
  rewrite,
  scopeLabel,
  scopeOf,
  settle,
  settleCondition,
  unresolvedIn,
  type Anchors,
  type Column,
  type Dialect,
  type SettledQuery,
} from './scope/rewrite.ts'
import type { SendableQuery } from './scope/sendable.ts'
import { distinct, page, shape, type Referenced } from './scope/shape.ts'
import { verify, type Row, type WithheldRow } from './scope/verify.ts'
import type { Sight, View } from './scope/view.ts'

export type ReadBy = 'contact' | 'service' | 'service-preferred'

/** Asks coreBOS on behalf of one contact, through its own coreBOS session or the service user's. */
export interface Reader {
  /** @param afresh for what must not rest on rows that somebody else has asked for */
  query(
    statement: SendableQuery,
    by: ReadBy,
    afresh?: 'afresh',
  ): Promise<{ readonly rows: readonly Row[]; readonly totalRows: number | undefined }>
  /** The webservice ids of the records of `module` that are related to a record of `parentModule`. */
  relatedIds(parent: ClearedId, parentModule: string, module: string, by: ReadBy): Promise<readonly string[]>
  /**
   * The comments on a record, as coreBOS's related list of them has them; nobody has checked the rows. Undefined where
   * there is nobody to whom coreBOS shows them.
   */
  readonly comments: ((parent: ClearedId, parentModule: string) => Promise<readonly Row[]>) | undefined
  /** The file of a document; undefined where it has none in coreBOS. */
  attachment(document: ClearedId, by: ReadBy): Promise<Attachment | undefined>
  /** A record as PDF; undefined where coreBOS does not print records of its module. */
  printed(id: ClearedId, by: ReadBy): Promise<Buffer | undefined>
  /** What coreBOS shows beside a record of `module`. */
  actions(id: ClearedId, module: string, by: ReadBy): Promise<readonly BusinessAction[]>
}

/** Who is asking, and how coreBOS is asked for them. */
export interface Asker {
  readonly sight: Sight
  readonly reader: Reader
  /** The ids that ties are compared with at a level. */
  anchors(level: Level): Promise<Anchors>
  /** Ids that make up a scope, for as long as they may be used again. */
  remember(key: string, load: () => Promise<readonly string[]>): Promise<readonly string[]>
  /** Reports rows that coreBOS answered and the rule does not let through; in normal operation there are none. */
  withheld(rows: readonly WithheldRow[], rule: string): void
}

/** The same for one request whose scope is looked up anew, since files and writes must not rest on what was so a minute ago. */
export function afresh<T extends Asker>(asker: T): T {
  const found = new Map<string, Promise<readonly string[]>>()
  const remember: Asker['remember'] = (key, load) => {
    const ids = found.get(key) ?? load()
    found.set(key, ids)
    return ids
  }
  return { ...unshared(asker), remember }
}

/** The same without rows that others have asked for. */
function unshared<T extends Asker>(asker: T): T {
  const { reader } = asker
  return { ...asker, reader: { ...reader, query: (statement, by) => reader.query(statement, by, 'afresh') } }
}

export interface Answer {
  readonly records: Row[]
  /** How many rows there are without the limit; absent where it could tell of a row that was withheld. */
  readonly total: number | undefined
}

export interface Explanation {
  readonly rule: string
  readonly level: Level
  readonly dialect: Dialect
  /** The statement with `$scope` in the place of what ties it to the contact. */
  readonly statement: string
  /** What is looked up first, each under its own rule. */
  readonly lookups: { label: string; explanation: Explanation }[]
}

/**
 * The door for reads: scope → resolve → print → send → verify → shape. Whatever reads a contact's records comes
 * through here.
 *
 * @throws GatewayError what the query is refused for, or how coreBOS failed
 */
export async function ask(query: Query, asker: Asker): Promise<Answer> {
  if (query.limit !== undefined && query.limit.count > limits.rows) {
    throw new GatewayError('QUERY_TOO_LARGE', `an answer may have ${limits.rows} rows at most`)
  }
  return run(query, asker)
}

/**
 * The same for a text.
 *
 * @throws GatewayError `QUERY_SYNTAX`, and as {@link ask}
 */
export async function askText(text: string, asker: Asker): Promise<Answer> {
  return ask(parseQuery(text), asker)
}

/** A query as it is sent, and as its rows are looked at when they come. */
interface Prepared {
  readonly settled: SettledQuery
  /** Undefined: nothing can meet it, so that nobody needs to be asked. */
  readonly statement: SendableQuery | undefined
}

async function prepare(query: Query, asker: Asker, dialect: Dialect): Promise<Prepared> {
  const view = asker.sight.require(query.module, query.moduleAt)
  const scoped = rewrite(query, asker.sight, await asker.anchors(view.decision.level), dialect)
  const settled = settle(scoped, await resolve(unresolvedIn(scoped.where), asker))
  return {
    settled,
    statement: isNothing(settled) ? undefined : statementOf(settled, asker.sight, dialect),
  }
}

function isNothing({ where }: SettledQuery): boolean {
  return where.kind === 'constant' && !where.holds
}

function statementOf(settled: SettledQuery, { modules }: Sight, dialect: Dialect): SendableQuery {
  // Ties would change which rows are distinct: all rows come with their ties, and are made distinct when these are gone.
  const asked = settled.distinct ? { ...settled, limit: { offset: 0, count: limits.rows + 1 } } : settled
  return print(asked, modules, dialect)
}

async function run(query: Query, asker: Asker, dialect: Dialect = 'basic'): Promise<Answer> {
  return answer(await prepare(query, asker, dialect), asker)
}

async function answer({ settled, statement }: Prepared, asker: Asker): Promise<Answer> {
  const { columns, limit } = settled
  if (statement === undefined) return columns === undefined ? count(0) : { records: [], total: 0 }
  if (columns === undefined) return counted(await asker.reader.query(statement, readBy(settled.view)))
  const { rows, withheld, total } = await verifiedRows(settled, statement, asker)
  const records = shape(rows, columns, await follow(columns, rows, asker))
  if (!settled.distinct) return { records: cleared(records), total }
  if (Math.max(rows.length + withheld, total ?? 0) > limits.rows) {
    throw new GatewayError('QUERY_TOO_LARGE', `'distinct' looks at ${limits.rows} rows at most`)
  }
  const different = distinct(records)
  return { records: page(different, limit), total: withheld === 0 ? different.length : undefined }
}

const clearedIds = new WeakMap<Row, ClearedId>()

function cleared(records: Row[]): Row[] {
  for (const record of records) {
    const id = parseId(record['id'] ?? '')
    if (id !== undefined) clearedIds.set(record, clearId(id))
  }
  return records
}

/** The id of a record that came through the door, to ask on by. */
export function clearedIdOf(record: Row): ClearedId {
  const id = clearedIds.get(record)
  if (id === undefined) throw new Error('this record did not come through the door')
  return id
}

async function verifiedRows(
  settled: Prepared['settled'],
  statement: SendableQuery,
  asker: Asker,
): Promise<{ rows: Row[]; withheld: number; total: number | undefined }> {
  const { rows, totalRows } = await asker.reader.query(statement, readBy(settled.view))
  const { verified, withheld } = verify(rows, settled)
  if (withheld.length > 0) asker.withheld(withheld, settled.view.decision.rule.name)
  const isTrue = withheld.length === 0 && isCountedAsMeant(statement.text)
  return { rows: verified, withheld: withheld.length, total: isTrue ? totalRows : undefined }
}

/** Whose coreBOS session reaches the records of a view: a contact's own shows nothing above its account. */
export function readBy({ decision: { rule, level } }: View): ReadBy {
  return rule.readBy ?? (level === 'own' || level === 'account' ? 'contact' : 'service')
}

async function resolve(
  unresolved: readonly (Lookup | Relation)[],
  asker: Asker,
): Promise<Map<Lookup | Relation, readonly string[]>> {
  const found = await fewAtOnce(unresolved, async (node) => {
    const load = (by: Asker) =>
      node.kind === 'lookup' ? ids(node.query, by, node.dialect) : relatedTo(node, by)
    if (node.label !== scopeLabel) return [node, await load(asker)] as const
    // What is looked up for the scope is the same for every query, and lives no longer than it is remembered.
    return [node, await asker.remember(keyOf(node), () => load(unshared(asker)))] as const
  })
  return new Map(found)
}

function keyOf(node: Lookup | Relation): string {
  return JSON.stringify(
    node.kind === 'lookup'
      ? ['lookup', node.query.module]
      : ['relation', node.parentModule, node.module, 'length' in node.parents ? node.parents : '*'],
  )
}

async function ids(query: Query, asker: Asker, dialect: Dialect): Promise<readonly string[]> {
  const { records } = await run(query, asker, dialect)
  return bounded(
    records.map(({ id }) => id ?? ''),
    query.module,
  )
}

async function relatedTo(
  { parents, parentModule, module }: Relation,
  asker: Asker,
): Promise<readonly string[]> {
  const parentIds = 'length' in parents ? parents : await ids(parents, asker, 'basic')
  if (parentIds.length > limits.parents) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `the relations of more than ${limits.parents} ${parentModule} are not followed`,
    )
  }
  const by = readBy(asker.sight.require(module))
  const parsed = parentIds.map(parseId).filter((id) => id !== undefined)
  const lists = await fewAtOnce(parsed, (id) =>
    asker.reader.relatedIds(clearId(id), parentModule, module, by),
  )
  return bounded([...new Set(lists.flat())], module)
}

function bounded(found: string[], module: string): string[] {
  if (found.length <= limits.ids) return found
  throw new GatewayError('QUERY_TOO_LARGE', `this takes more than ${limits.ids} records of ${module}`)
}

/** Reads what the hops among the columns lead to, one query per module. */
async function follow(columns: readonly Column[], rows: readonly Row[], asker: Asker): Promise<Referenced> {
  const fields = new Map<string, Set<string>>()
  const wanted = new Map<string, Set<string>>()
  for (const { field, hop } of columns) {
    if (hop === undefined) continue
    const ids = wanted.get(hop.module) ?? new Set<string>()
    const prefix = asker.sight.require(hop.module).module.idPrefix
    for (const row of rows) {
      const id = row[field] ?? ''
      if (id.startsWith(`${prefix}x`)) ids.add(id)
    }
    wanted.set(hop.module, ids)
    fields.set(hop.module, (fields.get(hop.module) ?? new Set<string>()).add(hop.field))
  }
  const referenced = await fewAtOnce(wanted, async ([module, ids]) => {
    if (ids.size === 0) return [module, new Map<string, Row>()] as const
    const named = [...(fields.get(module) ?? [])]
    const { records } = await run(tree.select(module, named, tree.among('id', [...ids]), allIds), asker)
    return [module, new Map(records.map((record) => [record['id'] ?? '', record]))] as const
  })
  return new Map(referenced)
}

function count(total: number): Answer {
  return { records: [{ count: String(total) }], total }
}

function counted({ rows }: { readonly rows: readonly Row[] }): Answer {
  const answer = rows[0]?.['count']
  if (answer === undefined || !/^[0-9]+$/.test(answer))
    throw new GatewayError('COREBOS_FAILED', 'coreBOS gave no count')
  return count(Number(answer))
}

/**
 * One record by its webservice id.
 *
 * @throws GatewayError `NOT_FOUND`, whether it is not there or not the contact's
 */
export async function record(id: string, asker: Asker): Promise<Row> {
  const { records } = await run(wholeRecord(id, viewOf(id, asker)), asker)
  const found = records.find((each) => each['id'] === id)
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

/** The view of the module that an id belongs to. @throws GatewayError `NOT_FOUND` where it is closed */
export function viewOf(id: string, asker: Asker): View {
  const view = openViewOf(id, asker)
  if (view === undefined) throw new GatewayError('NOT_FOUND')
  return view
}

/** The same where that is no reason to refuse. */
export function openViewOf(id: string, { sight }: Pick<Asker, 'sight'>): View | undefined {
  const prefix = parseId(id)?.prefix
  const module = prefix === undefined ? undefined : sight.modules.byIdPrefix(prefix)
  return module && sight.find(module.name)
}

function wholeRecord(id: string, { module }: View): Query {
  return tree.select(module.name, undefined, tree.compare(tree.field('id'), '=', tree.text(id)), allIds)
}

/** The contact's own id: the log-in has shown that it is. */
export function ownId({ sight: { contact } }: Asker): ClearedId {
  const id = parseId(contact.id)
  if (id === undefined) throw new Error('a contact has a webservice id')
  return clearId(id)
}

/** A visible record as a write has to see it: with the fields that only the gateway looks at. */
export interface Found {
  readonly id: ClearedId
  readonly view: View
  /** Every field of the module, hidden ones too. */
  readonly row: Row
}

/** @throws GatewayError `NOT_FOUND`, whether it is not there or not the contact's */
export async function find(id: string, asker: Asker): Promise<Found> {
  const view = viewOf(id, asker)
  const parsed = parseId(id)
  const query = wholeRecord(id, view)
  const scoped = rewrite(query, asker.sight, await asker.anchors(view.decision.level))
  const settled = settle(scoped, await resolve(unresolvedIn(scoped.where), asker))
  if (isNothing(settled)) throw new GatewayError('NOT_FOUND')
  const whole = { ...settled, ask: [...view.module.fields.keys()] }
  const { rows } = await verifiedRows(whole, statementOf(whole, asker.sight, 'basic'), asker)
  const row = rows.find((each) => each['id'] === id)
  if (row === undefined || parsed === undefined) throw new GatewayError('NOT_FOUND')
  return { id: clearId(parsed), view, row }
}

/** What of these records the contact sees; one query for each of their modules. */
export async function visible(ids: Iterable<string>, asker: Asker): Promise<ReadonlySet<string>> {
  const found = await fewAtOnce(byModule(ids, asker), async ([{ module }, some]) => {
    const { records } = await run(idsOf(module.name, tree.among('id', some)), asker)
    return records.map(({ id }) => id ?? '')
  })
  return new Set(found.flat())
}

/** Those of these records that the contact sees, by their ids; one query for each of their modules. */
export async function recordsById(ids: Iterable<string>, asker: Asker): Promise<ReadonlyMap<string, Row>> {
  const found = await fewAtOnce(byModule(ids, asker), async ([view, some]) => {
    const ids = bounded(some, view.module.name)
    const query = tree.select(view.module.name, undefined, tree.among('id', ids), allIds)
    return (await run(query, asker)).records
  })
  return new Map(found.flat().map((record) => [record['id'] ?? '', record]))
}

/** Each id once, under the view of its module; those of closed modules are under none. */
export function byModule(ids: Iterable<string>, asker: Asker): Map<View, string[]> {
  const open = new Map<View, string[]>()
  for (const id of new Set(ids)) {
    const view = openViewOf(id, asker)
    if (view !== undefined) open.set(view, [...(open.get(view) ?? []), id])
  }
  return open
}

/** What coreBOS relates to a visible record; each of these is still to be looked at under its own rule. */
export async function relatedIds(found: Found, view: View, asker: Asker): Promise<readonly string[]> {
  const { name } = view.module
  const ids = await asker.reader.relatedIds(found.id, found.view.module.name, name, readBy(view))
  return bounded([...new Set(ids)], name)
}

/** The condition that a view's records meet, with the ids that its lookups find. */
export async function settledScope(view: View, asker: Asker): Promise<Condition> {
  const scope = scopeOf(view, asker.sight, await asker.anchors(view.decision.level))
  return settleCondition(scope, await resolve(unresolvedIn(scope), asker))
}

/** What {@link ask} would send, without sending anything. @throws GatewayError what the query is refused for */
export async function explain(query: Query, asker: Asker): Promise<Explanation> {
  return explanation(query, asker, 'basic', false)
}

/**
 * The same for operators: with every id that is sent in its place, for which what must be looked up is looked up.
 *
 * @throws GatewayError as {@link ask}
 */
export async function explainInFull(query: Query, asker: Asker): Promise<Explanation> {
  return explanation(query, asker, 'basic', true)
}

async function explanation(
  query: Query,
  asker: Asker,
  dialect: Dialect,
  inFull: boolean,
): Promise<Explanation> {
  const { sight } = asker
  const { decision } = sight.require(query.module, query.moduleAt)
  const anchors = inFull
    ? await asker.anchors(decision.level)
    : (ownAnchors(sight.contact, decision.level) ?? standInAnchors(sight.contact))
  const scoped = rewrite(query, sight, anchors, dialect)
  const unresolved = unresolvedIn(scoped.where)
  const found = inFull
    ? await resolve(unresolved, asker)
    : new Map(unresolved.map((node) => [node, [standInFor(node, asker)]]))
  const settled = settle(scoped, found)
  const nothing = isNothing(settled)
  const sent = inFull
    ? () => print(settled, sight.modules, dialect).text
    : () => explainStatement(settled, sight.modules, dialect)
  const statement = nothing ? '' : sent()
  // Begun only now: a refusal that nobody waits for would end the process.
  const hops = await fewAtOnce(unresolved, async (node) => explainLookup(node, asker, inFull))
  return { rule: decision.rule.name, level: decision.level, dialect, statement, lookups: hops.flat() }
}

async function explainLookup(
  node: Lookup | Relation,
  asker: Asker,
  inFull: boolean,
): Promise<Explanation['lookups']> {
  const { label } = node
  if (node.kind === 'lookup') {
    return [{ label, explanation: await explanation(node.query, asker, node.dialect, inFull) }]
  }
  if ('length' in node.parents) return []
  return [{ label, explanation: await explanation(node.parents, asker, 'basic', inFull) }]
}

/** Stand for a level's anchors, which are not looked up. */
function standInAnchors({ id, accountId }: Contact): Anchors {
  return { contacts: [id], accounts: accountId === undefined ? [] : [accountId] }
}

/** Stands for ids that explain does not look up; of the same module, since the shapes that there are depend on it. */
function standInFor(node: Lookup | Relation, { sight }: Asker): string {
  const { module } = sight.require(node.kind === 'lookup' ? node.query.module : node.module)
  return `${module.idPrefix}x1`
}

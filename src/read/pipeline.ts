import type { ReadContext, ReadBy } from '../access/context.ts'
import type { Contact, Level } from '../model/contact.ts'
import { clearId, type ClearedId } from '../model/cleared-id.ts'
import { parseId } from '../model/webservice-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from './map-limited.ts'
import { isCountedAsMeant } from '../query/dialect.ts'
import { limits } from '../model/limits.ts'
import { parseQuery } from '../query/parse.ts'
import * as tree from '../query/tree.ts'
import type { Condition, Lookup, Query, Relation } from '../query/tree.ts'
import { allIds, idsOf } from '../scope/check.ts'
import { explain as explainStatement, print } from '../scope/print.ts'
import {
  ownerIdsWithoutLookup,
  rewrite,
  rewriteShown,
  ruleLabel,
  scopeLabel,
  scopeOf,
  resolve,
  resolveCondition,
  unresolvedIn,
  type OwnerIds,
  type Column,
  type Dialect,
  type ScopedQuery,
  type ResolvedQuery,
} from '../scope/rewrite.ts'
import { asRuleError, RuleError } from '../scope/rule-error.ts'
import type { SendableQuery } from '../model/sendable-query.ts'
import { distinct, page, shape, type Referenced } from '../scope/shape.ts'
import { verify, type Row } from '../scope/verify.ts'
import type { VisibleModules, ModuleView } from '../scope/view.ts'

/** The same for one request whose scope is looked up anew, since files and writes must not rest on what was so a minute ago. */
export function bypassCache<T extends ReadContext>(context: T): T {
  const found = new Map<string, Promise<readonly string[]>>()
  const remember: ReadContext['remember'] = (key, load) => {
    const ids = found.get(key) ?? load()
    found.set(key, ids)
    return ids
  }
  return { ...bypassSharedReads(context), remember }
}

/** The same without rows that others have asked for. */
function bypassSharedReads<T extends ReadContext>(context: T): T {
  const { reader } = context
  return {
    ...context,
    reader: { ...reader, query: (statement, by) => reader.query(statement, by, 'bypassCache') },
  }
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
  /** The statement; for contacts with `$scope` and `$rule` in the place of ties and of the policy's own conditions. */
  readonly statement: string
  /** Look-ups that run first, each under its own rule. */
  readonly lookups: { label: string; explanation: Explanation }[]
}

/**
 * The pipeline of every read: scope → lookUpIds → print → send → verify → shape. All reads of a contact's records come
 * through here.
 *
 * @throws GatewayError what the query is rejected for, or how coreBOS failed
 */
export async function ask(query: Query, context: ReadContext): Promise<Answer> {
  if (query.limit !== undefined && query.limit.count > limits.rows) {
    throw new GatewayError('QUERY_TOO_LARGE', `an answer may have ${limits.rows} rows at most`)
  }
  return run(query, context)
}

/**
 * The same for a text.
 *
 * @throws GatewayError `QUERY_SYNTAX`, and as {@link ask}
 */
export async function askText(text: string, context: ReadContext): Promise<Answer> {
  return ask(parseQuery(text), context)
}

/** A query as it is sent, and as its rows are looked at when they come. */
interface Prepared {
  readonly resolved: ResolvedQuery
  /** Undefined: no row can meet it, so that no call is needed. */
  readonly statement: SendableQuery | undefined
}

async function prepare(query: Query, context: ReadContext, dialect: Dialect): Promise<Prepared> {
  const view = context.visible.require(query.module, query.moduleAt)
  const scoped = rewrite(query, context.visible, await context.ownerIds(view.decision.level), dialect)
  const resolved = resolve(scoped, await lookUpIds(unresolvedIn(scoped.where), context))
  return {
    resolved,
    statement: isNothing(resolved) ? undefined : statementOf(resolved, context.visible, dialect),
  }
}

function isNothing({ where }: ResolvedQuery): boolean {
  return where.kind === 'constant' && !where.holds
}

function statementOf(resolved: ResolvedQuery, { modules }: VisibleModules, dialect: Dialect): SendableQuery {
  // Ties would change which rows are distinct: all rows come with their ties, and are made distinct when these are gone.
  const asked = resolved.distinct ? { ...resolved, limit: { offset: 0, count: limits.rows + 1 } } : resolved
  return print(asked, modules, dialect)
}

async function run(query: Query, context: ReadContext, dialect: Dialect = 'basic'): Promise<Answer> {
  return answer(await prepare(query, context, dialect), context)
}

async function answer({ resolved, statement }: Prepared, context: ReadContext): Promise<Answer> {
  const { columns, limit } = resolved
  if (statement === undefined) return columns === undefined ? count(0) : { records: [], total: 0 }
  if (columns === undefined) return counted(await context.reader.query(statement, readBy(resolved.view)))
  const { rows, withheld, total } = await verifiedRows(resolved, statement, context)
  const records = shape(rows, columns, await follow(columns, rows, context))
  if (!resolved.distinct) return { records: cleared(records), total }
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
  resolved: Prepared['resolved'],
  statement: SendableQuery,
  context: ReadContext,
): Promise<{ rows: Row[]; withheld: number; total: number | undefined }> {
  const { rows, totalRows } = await context.reader.query(statement, readBy(resolved.view))
  const { verified, withheld } = verify(rows, resolved)
  if (withheld.length > 0) context.withheld(withheld, resolved.view.decision.rule.name)
  const isTrue = withheld.length === 0 && isCountedAsMeant(statement.text)
  return { rows: verified, withheld: withheld.length, total: isTrue ? totalRows : undefined }
}

/** Whose coreBOS session reaches the records of a view: a contact's own shows nothing above its account. */
export function readBy({ decision: { rule, level } }: ModuleView): ReadBy {
  return rule.readBy ?? (level === 'own' || level === 'account' ? 'contact' : 'service')
}

async function lookUpIds(
  unresolved: readonly (Lookup | Relation)[],
  context: ReadContext,
): Promise<Map<Lookup | Relation, readonly string[]>> {
  const found = await mapLimited(unresolved, async (node) => {
    const load = (by: ReadContext) =>
      node.kind === 'lookup' ? ids(node.query, by, node.dialect) : relatedTo(node, by)
    if (node.label === ruleLabel) return [node, await load(context).catch(throwAsRuleError)] as const
    if (node.label !== scopeLabel) return [node, await load(context)] as const
    // What is looked up for the scope is the same for every query, and lives no longer than it is remembered.
    return [node, await context.remember(keyOf(node), () => load(bypassSharedReads(context)))] as const
  })
  return new Map(found)
}

/** The policy's own condition is looked up in a statement of its own. */
function throwAsRuleError(error: unknown): never {
  throw asRuleError(error)
}

function keyOf(node: Lookup | Relation): string {
  return JSON.stringify(
    node.kind === 'lookup'
      ? ['lookup', node.query.module]
      : ['relation', node.parentModule, node.module, 'length' in node.parents ? node.parents : '*'],
  )
}

async function ids(query: Query, context: ReadContext, dialect: Dialect): Promise<readonly string[]> {
  const { records } = await run(query, context, dialect)
  return bounded(
    records.map(({ id }) => id ?? ''),
    query.module,
  )
}

async function relatedTo(
  { parents, parentModule, module }: Relation,
  context: ReadContext,
): Promise<readonly string[]> {
  const parentIds = 'length' in parents ? parents : await ids(parents, context, 'basic')
  if (parentIds.length > limits.parents) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `the relations of more than ${limits.parents} ${parentModule} are not followed`,
    )
  }
  const by = readBy(context.visible.require(module))
  const parsed = parentIds.map(parseId).filter((id) => id !== undefined)
  const lists = await mapLimited(parsed, (id) =>
    context.reader.relatedIds(clearId(id), parentModule, module, by),
  )
  return bounded([...new Set(lists.flat())], module)
}

function bounded(found: string[], module: string): string[] {
  if (found.length <= limits.ids) return found
  throw new GatewayError('QUERY_TOO_LARGE', `this takes more than ${limits.ids} records of ${module}`)
}

/** Reads what the hops among the columns lead to, one query per module. */
async function follow(
  columns: readonly Column[],
  rows: readonly Row[],
  context: ReadContext,
): Promise<Referenced> {
  const fields = new Map<string, Set<string>>()
  const wanted = new Map<string, Set<string>>()
  for (const { field, hop } of columns) {
    if (hop === undefined) continue
    const ids = wanted.get(hop.module) ?? new Set<string>()
    const prefix = context.visible.require(hop.module).module.idPrefix
    for (const row of rows) {
      const id = row[field] ?? ''
      if (id.startsWith(`${prefix}x`)) ids.add(id)
    }
    wanted.set(hop.module, ids)
    fields.set(hop.module, (fields.get(hop.module) ?? new Set<string>()).add(hop.field))
  }
  const referenced = await mapLimited(wanted, async ([module, ids]) => {
    if (ids.size === 0) return [module, new Map<string, Row>()] as const
    const named = [...(fields.get(module) ?? [])]
    const { records } = await run(tree.select(module, named, tree.among('id', [...ids]), allIds), context)
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
export async function record(id: string, context: ReadContext): Promise<Row> {
  const { records } = await run(wholeRecord(id, viewOf(id, context)), context)
  const found = records.find((each) => each['id'] === id)
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

/** The view of the module that an id belongs to. @throws GatewayError `NOT_FOUND` where it is closed */
export function viewOf(id: string, context: ReadContext): ModuleView {
  const view = openViewOf(id, context)
  if (view === undefined) throw new GatewayError('NOT_FOUND')
  return view
}

/** The same where that is no reason to reject. */
export function openViewOf(id: string, { visible }: Pick<ReadContext, 'visible'>): ModuleView | undefined {
  const prefix = parseId(id)?.prefix
  const module = prefix === undefined ? undefined : visible.modules.byIdPrefix(prefix)
  return module && visible.find(module.name)
}

function wholeRecord(id: string, { module }: ModuleView): Query {
  return tree.select(module.name, undefined, tree.compare(tree.field('id'), '=', tree.text(id)), allIds)
}

/** The contact's own id: the log-in has shown that it is. */
export function ownId({ visible: { contact } }: ReadContext): ClearedId {
  const id = parseId(contact.id)
  if (id === undefined) throw new Error('a contact has a webservice id')
  return clearId(id)
}

/** A visible record as a write has to see it: with the fields that only the gateway looks at. */
export interface Found {
  readonly id: ClearedId
  readonly view: ModuleView
  /** Every field of the module, hidden ones too. */
  readonly row: Row
}

/** @throws GatewayError `NOT_FOUND`, whether it is not there or not the contact's */
export async function find(id: string, context: ReadContext): Promise<Found> {
  const view = viewOf(id, context)
  const parsed = parseId(id)
  const query = wholeRecord(id, view)
  const scoped = rewrite(query, context.visible, await context.ownerIds(view.decision.level))
  const resolved = resolve(scoped, await lookUpIds(unresolvedIn(scoped.where), context))
  if (isNothing(resolved)) throw new GatewayError('NOT_FOUND')
  const whole = { ...resolved, ask: [...view.module.fields.keys()] }
  const { rows } = await verifiedRows(whole, statementOf(whole, context.visible, 'basic'), context)
  const row = rows.find((each) => each['id'] === id)
  if (row === undefined || parsed === undefined) throw new GatewayError('NOT_FOUND')
  return { id: clearId(parsed), view, row }
}

/** What of these records the contact sees; one query for each of their modules. */
export async function visible(ids: Iterable<string>, context: ReadContext): Promise<ReadonlySet<string>> {
  const found = await mapLimited(byModule(ids, context), async ([{ module }, some]) => {
    const { records } = await run(idsOf(module.name, tree.among('id', some)), context)
    return records.map(({ id }) => id ?? '')
  })
  return new Set(found.flat())
}

/** Those of these records that the contact sees, by their ids; one query for each of their modules. */
export async function recordsById(
  ids: Iterable<string>,
  context: ReadContext,
): Promise<ReadonlyMap<string, Row>> {
  const found = await mapLimited(byModule(ids, context), async ([view, some]) => {
    const ids = bounded(some, view.module.name)
    const query = tree.select(view.module.name, undefined, tree.among('id', ids), allIds)
    return (await run(query, context)).records
  })
  return new Map(found.flat().map((record) => [record['id'] ?? '', record]))
}

/** Each id once, under the view of its module; those of closed modules are under none. */
export function byModule(ids: Iterable<string>, context: ReadContext): Map<ModuleView, string[]> {
  const open = new Map<ModuleView, string[]>()
  for (const id of new Set(ids)) {
    const view = openViewOf(id, context)
    if (view !== undefined) open.set(view, [...(open.get(view) ?? []), id])
  }
  return open
}

/** What coreBOS relates to a visible record; each of these is still to be looked at under its own rule. */
export async function relatedIds(
  found: Found,
  view: ModuleView,
  context: ReadContext,
): Promise<readonly string[]> {
  const { name } = view.module
  const ids = await context.reader.relatedIds(found.id, found.view.module.name, name, readBy(view))
  return bounded([...new Set(ids)], name)
}

/** The condition that a view's records meet, with the ids that its lookups find. */
export async function resolvedScope(view: ModuleView, context: ReadContext): Promise<Condition> {
  const scope = scopeOf(view, context.visible, await context.ownerIds(view.decision.level))
  return resolveCondition(scope, await lookUpIds(unresolvedIn(scope), context))
}

/** What {@link ask} would send, without sending anything. @throws GatewayError what the query is rejected for */
export async function explain(query: Query, context: ReadContext): Promise<Explanation> {
  return explanation(query, context, 'basic', false)
}

/**
 * The same for operators: with every id that is sent in its place, for which what must be looked up is looked up.
 *
 * @throws GatewayError as {@link ask}
 */
export async function explainInFull(query: Query, context: ReadContext): Promise<Explanation> {
  try {
    return await explanation(query, context, 'basic', true)
  } catch (error) {
    throw error instanceof RuleError ? error.reason : error
  }
}

async function explanation(
  query: Query,
  context: ReadContext,
  dialect: Dialect,
  inFull: boolean,
): Promise<Explanation> {
  const { decision } = context.visible.require(query.module, query.moduleAt)
  const { statement, unresolved } = inFull
    ? await explainedInFull(query, context, dialect)
    : explainedToContact(query, context, dialect)
  // Begun only now: a rejection without a handler would end the process.
  const hops = await mapLimited(unresolved, async (node) => explainLookup(node, context, inFull))
  return { rule: decision.rule.name, level: decision.level, dialect, statement, lookups: hops.flat() }
}

interface Explained {
  /** Empty where nothing would be sent. */
  readonly statement: string
  /** The lookups that are explained beside it. */
  readonly unresolved: readonly (Lookup | Relation)[]
}

async function explainedInFull(query: Query, context: ReadContext, dialect: Dialect): Promise<Explained> {
  const { visible } = context
  const { decision } = visible.require(query.module, query.moduleAt)
  const scoped = rewrite(query, visible, await context.ownerIds(decision.level), dialect)
  const unresolved = unresolvedIn(scoped.where)
  const resolved = resolve(scoped, await lookUpIds(unresolved, context))
  return { statement: isNothing(resolved) ? '' : print(resolved, visible.modules, dialect).text, unresolved }
}

/** Looks nothing up, and shows nothing of the policy's own conditions and their lookups. */
function explainedToContact(query: Query, context: ReadContext, dialect: Dialect): Explained {
  const { visible } = context
  const { decision } = visible.require(query.module, query.moduleAt)
  const ownerIds =
    ownerIdsWithoutLookup(visible.contact, decision.level) ?? placeholderOwnerIds(visible.contact)
  const stoodIn = (scoped: ScopedQuery): ResolvedQuery =>
    resolve(scoped, new Map(unresolvedIn(scoped.where).map((node) => [node, [standInFor(node, context)]])))
  const resolved = stoodIn(rewrite(query, visible, ownerIds, dialect))
  const shown = rewriteShown(query, visible, ownerIds, dialect)
  return {
    statement: isNothing(resolved)
      ? ''
      : explainStatement(resolved, stoodIn(shown), visible.modules, dialect),
    unresolved: unresolvedIn(shown.where),
  }
}

async function explainLookup(
  node: Lookup | Relation,
  context: ReadContext,
  inFull: boolean,
): Promise<Explanation['lookups']> {
  const { label } = node
  if (node.kind === 'lookup') {
    return [{ label, explanation: await explanation(node.query, context, node.dialect, inFull) }]
  }
  if ('length' in node.parents) return []
  return [{ label, explanation: await explanation(node.parents, context, 'basic', inFull) }]
}

/** Stand for a level's owner ids, which are not looked up. */
function placeholderOwnerIds({ id, accountId }: Contact): OwnerIds {
  return { contacts: [id], accounts: accountId === undefined ? [] : [accountId] }
}

/** Stands for ids that explain does not look up; of the same module, since the shapes that there are depend on it. */
function standInFor(node: Lookup | Relation, { visible }: ReadContext): string {
  const { module } = visible.require(node.kind === 'lookup' ? node.query.module : node.module)
  return `${module.idPrefix}x1`
}

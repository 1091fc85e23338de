/** Puts the policy's condition and the caller's into one tree, and the ids that look-ups find in their places. */
import type { Contact, Level } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { requireSize, sizeOf } from '../query/size.ts'
import * as tree from '../query/tree.ts'
import type { Condition, FieldPath, Limit, Lookup, Query, Relation } from '../query/tree.ts'
import { checkRule } from './check-rule.ts'
import { checkCondition, checkPath, idsOf, referenceOf } from './check.ts'
import { absorbed, extendedPart, withoutExtended } from './extended-forms.ts'
import { ofRule } from './rule-error.ts'
import { requireField, unhidden, untied, type VisibleModules, type ModuleView } from './view.ts'

/** The ids that ties are compared with: whose records these are, as wide as the contact's level reaches. */
export interface OwnerIds {
  readonly contacts: readonly string[]
  readonly accounts: readonly string[]
}

/** @returns undefined where the level reaches further than to what is known of the contact */
export function ownerIdsWithoutLookup(contact: Contact, level: Level): OwnerIds | undefined {
  if (level === 'own') return { contacts: [contact.id], accounts: [] }
  if (level !== 'account') return undefined
  return { contacts: [contact.id], accounts: contact.accountId === undefined ? [] : [contact.accountId] }
}

/** What the caller gets to see of a row, under `key`. */
export interface Column {
  readonly key: string
  /** The field of the row itself; for a hop the reference that leads on. */
  readonly field: string
  /** A field of the record that the reference points to, read under that record's own rule. */
  readonly hop: { readonly module: string; readonly field: string } | undefined
}

/** A query that has been held against the policy; it may still hold lookups, so that it cannot be printed yet. */
export interface ScopedQuery {
  readonly view: ModuleView
  /** Undefined: the number of rows is asked for, not the rows. */
  readonly columns: readonly Column[] | undefined
  readonly distinct: boolean
  /** What is asked for: the columns, and the fields that each row is verified by. */
  readonly ask: readonly string[]
  /** What the rows must meet: the rule's condition and the caller's. */
  readonly where: Condition
  /** The rule's condition alone, which every row that arrives is held against. */
  readonly scope: Condition
  readonly orderBy: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[]
  readonly limit: Limit
}

/** The same with every lookup resolved. */
export interface ResolvedQuery extends ScopedQuery {
  readonly resolved: true
}

export type Dialect = Lookup['dialect']

/** What a query is printed for. */
export type Purpose = Pick<Lookup, 'dialect' | 'ofRule'>

const forCaller: Purpose = { dialect: 'basic', ofRule: undefined }

/** What explain shows in the place of the ids that tie a record to the contact. */
export const scopeLabel = '$scope'

/** What explain shows in the place of the policy's own conditions. */
export const ruleLabel = '$rule'

/**
 * Conjoins what the policy asks of every row with what the caller asks, in the tree.
 *
 * @param purpose for the basic dialect, what it lacks becomes a lookup of the ids that it holds for
 * @throws GatewayError where a name, a value or a shape is rejected
 */
export function rewrite(
  query: Query,
  visible: VisibleModules,
  ownerIds: OwnerIds,
  purpose: Purpose = forCaller,
): ScopedQuery {
  const view = viewFor(query, visible, purpose)
  const { dialect } = purpose
  return within(frameOf(view, visible, ownerIds, purpose), query, visible, dialect)
}

function viewFor(query: Query, visible: VisibleModules, { ofRule }: Purpose): ModuleView {
  const view = visible.require(query.module, query.moduleAt)
  if (ofRule === undefined) return view
  return unhidden(ofRule === 'untied' ? untied(view) : view)
}

/**
 * The query with the part of its scope that the contact may know, for explain: {@link ruleLabel} in the place of the
 * policy's own conditions, {@link scopeLabel} in the place of ties by fields that the contact cannot read. It cannot be
 * sent.
 *
 * @throws GatewayError as {@link rewrite}
 */
export function rewriteShown(
  query: Query,
  visible: VisibleModules,
  ownerIds: OwnerIds,
  purpose: Purpose = forCaller,
): ScopedQuery {
  const view = viewFor(query, visible, purpose)
  const { dialect } = purpose
  const scope = shownScopeOf(view, visible, ownerIds)
  return within({ view, ownerIds, scope, tying: fieldsIn(scope) }, query, visible, dialect)
}

function within(frame: Frame, query: Query, visible: VisibleModules, dialect: Dialect): ScopedQuery {
  const { view, scope } = frame
  const checked = query.where && checkCondition(query.where, view, visible)
  const asked = checked && dialect === 'basic' ? withoutExtended(checked, view) : checked
  const where = asked === undefined ? scope : tree.and(absorbed(scope, asked), asked)
  // Before anything is looked up. The extended dialect has parentheses, and a bound of its own.
  if (dialect === 'basic') requireSize(sizeOf(where), sizeOf(asked ?? tree.constant(true)))
  const columns = columnsOf(query, view, visible)
  const nothing = where.kind === 'constant' && !where.holds
  return {
    view,
    columns,
    distinct: query.selection.kind === 'fields' && query.selection.distinct,
    ask: columns === undefined ? [] : askFor(columns, frame),
    where,
    // A condition that no row can meet needs no look-up.
    scope: nothing ? where : scope,
    orderBy: query.orderBy.map(({ path, direction }) => ({ field: checkPath(path, view).name, direction })),
    limit: query.limit ?? { offset: 0, count: limits.defaultRows },
  }
}

/** What all queries of a view have in common, for as long as the contact's reach stays what it is. */
interface Frame {
  readonly view: ModuleView
  readonly ownerIds: OwnerIds
  readonly scope: Condition
  /** The fields that each row is verified by. */
  readonly tying: readonly string[]
}

const frames: Readonly<Record<Dialect, WeakMap<ModuleView, Frame>>> = {
  basic: new WeakMap(),
  extended: new WeakMap(),
}

function frameOf(view: ModuleView, visible: VisibleModules, ownerIds: OwnerIds, purpose: Purpose): Frame {
  const { dialect } = purpose
  const known = frames[dialect].get(view)
  if (known !== undefined && isSame(known.ownerIds, ownerIds)) return known
  const whole = scopeOf(view, visible, ownerIds, purpose)
  const scope =
    dialect === 'basic'
      ? ofRule(view.module.name, () =>
          withoutExtended(whole, view, { label: ruleLabel, ofRule: isWide(ownerIds) ? 'untied' : 'tied' }),
        )
      : whole
  const frame = { view, ownerIds, scope, tying: fieldsIn(scope) }
  frames[dialect].set(view, frame)
  return frame
}

/** The extended dialect takes a condition for each owner id of a tie, and few of them. */
const mostExtendedOwners = 20

function isWide({ contacts, accounts }: OwnerIds): boolean {
  return contacts.length + accounts.length > mostExtendedOwners
}

function isSame(one: OwnerIds, other: OwnerIds): boolean {
  const same = (these: readonly string[], those: readonly string[]): boolean =>
    these === those || (these.length === those.length && these.every((id, i) => id === those[i]))
  return same(one.contacts, other.contacts) && same(one.accounts, other.accounts)
}

/** All fields that can be read, for all views in which these are the same. */
interface Whole {
  readonly fields: readonly string[]
  readonly columns: readonly Column[]
}

const wholes = new WeakMap<ModuleView['readable'], Whole>()

function wholeOf({ readable }: ModuleView): Whole {
  const known = wholes.get(readable)
  if (known !== undefined) return known
  const fields = [...readable.keys()]
  const whole = { fields, columns: fields.map(ownColumn) }
  wholes.set(readable, whole)
  return whole
}

function uniqueFields(columns: readonly Column[]): string[] {
  const fields: string[] = []
  for (const { field } of columns) if (!fields.includes(field)) fields.push(field)
  return fields
}

/** Each field once. */
function askFor(columns: readonly Column[], { view, tying }: Frame): readonly string[] {
  const whole = wholeOf(view)
  const ask = columns === whole.columns ? [...whole.fields] : uniqueFields(columns)
  for (const field of tying) if (!ask.includes(field)) ask.push(field)
  return ask
}

function columnsOf(
  { selection }: Query,
  view: ModuleView,
  visible: VisibleModules,
): readonly Column[] | undefined {
  switch (selection.kind) {
    case 'count':
      return undefined
    case 'all':
      return wholeOf(view).columns
    case 'fields': {
      const columns = new Map<string, Column>()
      for (const path of selection.paths) {
        const each = column(path, view, visible)
        columns.set(each.key, each)
      }
      if (selection.distinct) return [...columns.values()]
      // Every row has its id, at the end.
      columns.delete('id')
      return [...columns.values(), ownColumn('id')]
    }
  }
}

function ownColumn(name: string): Column {
  return { key: name, field: name, hop: undefined }
}

/** A hop's key is the module's name and the field's, as coreBOS writes it. */
function column(path: FieldPath, view: ModuleView, visible: VisibleModules): Column {
  if (path.via === undefined) return ownColumn(requireField(view, path.field, path.at).name)
  const other = visible.require(path.via, path.at)
  if (other === view) return ownColumn(requireField(view, path.field, path.at).name)
  const reference = referenceOf(path, view, other)
  const { name } = requireField(other, path.field, path.at)
  const module = other.module.name
  return { key: `${module.toLowerCase()}${name}`, field: reference.name, hop: { module, field: name } }
}

/**
 * A rule as a condition. A record is visible when one of its ties holds, and the rule's own condition with it:
 *
 * | ties             | the record is visible when                          |
 * |------------------|-----------------------------------------------------|
 * | none (open)      | always                                              |
 * | contact, account | the reference is one of the owner ids                 |
 * | through          | the reference is a record visible by its own rule   |
 * | relation         | it is related to an anchor, or to a visible record  |
 * | no anchor at all | never                                               |
 */
export function scopeOf(
  view: ModuleView,
  visible: VisibleModules,
  ownerIds: OwnerIds,
  purpose: Purpose = forCaller,
): Condition {
  const whole = ownCondition(view, visible)
  const own = purpose.ofRule === undefined ? whole : extendedPart(whole, view, visible.modules)
  const ties = tiesOf(view, visible, ownerIds)
  return ties === undefined ? own : tree.and(tree.anyOf(ties), own)
}

/** The part of a scope that a contact may know. */
function shownScopeOf(view: ModuleView, visible: VisibleModules, ownerIds: OwnerIds): Condition {
  const own = view.decision.where === undefined ? tree.constant(true) : tree.hidden(ruleLabel)
  const hiddenTie = tree.hidden(scopeLabel)
  const shown = tiesOf(view, visible, ownerIds)?.map((each) => (isReadable(each, view) ? each : hiddenTie))
  return shown === undefined ? own : tree.and(tree.anyOf([...new Set(shown)]), own)
}

/** Whether a contact may know of a look-up of its query. */
export function isShown(lookUp: Lookup | Relation, view: ModuleView): boolean {
  return lookUp.label !== ruleLabel && (lookUp.label !== scopeLabel || isReadable(lookUp, view))
}

function isReadable(condition: Condition, view: ModuleView): boolean {
  return fieldsIn(condition).every((field) => view.readable.has(field))
}

/** The condition that the policy sets for every record, beside its ties. @throws RuleError */
function ownCondition(view: ModuleView, visible: VisibleModules): Condition {
  const { where } = view.decision
  if (where === undefined) return tree.constant(true)
  return labelled(ofRule(view.module.name, () => checkRule(where, unhidden(view), visible)))
}

/** The condition with the label of the rule at each of its lookups. */
function labelled(condition: Condition): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return tree.mapTerms(condition, labelled)
    case 'lookup':
      return tree.lookup({ ...condition, label: ruleLabel })
    case 'relation':
      return tree.relation({ ...condition, label: ruleLabel })
    default:
      return condition
  }
}

const ownModules: ReadonlySet<string> = new Set(['Contacts', 'Accounts'])

/** One of these must hold; undefined where the rule has none. */
function tiesOf(view: ModuleView, visible: VisibleModules, ownerIds: OwnerIds): Condition[] | undefined {
  const { rule } = view.decision
  if (rule.ties === undefined) return undefined
  const { contact, account, through, relation } = rule.ties
  const fields = [...new Set([...contact, ...account])]
  const ties = fields.map((field) => {
    const ids = [
      ...(contact.includes(field) ? ownerIds.contacts : []),
      ...(account.includes(field) ? ownerIds.accounts : []),
    ]
    return ids.length === 0 ? tree.constant(false) : tree.tie(field, ids, scopeLabel)
  })
  const hops = through
    .filter(({ module }) => visible.find(module) !== undefined)
    .map(({ field, module }) => tree.lookup({ field, query: idsOf(module, undefined), label: scopeLabel }))
  const relations = relation
    // The contact and its account count by their ids, whether or not they can be read.
    .filter((module) => ownModules.has(module) || visible.find(module) !== undefined)
    .map((module) => related(module, view.module.name, ownerIds))
  return [...ties, ...hops, ...relations]
}

/** A colleague is a visible contact, but what is related to him is not the contact's: for these two, owner ids count. */
function related(parentModule: string, module: string, { contacts, accounts }: OwnerIds): Condition {
  const parents =
    parentModule === 'Contacts'
      ? contacts
      : parentModule === 'Accounts'
        ? accounts
        : idsOf(parentModule, undefined)
  if ('length' in parents && parents.length === 0) return tree.constant(false)
  return tree.relation({ parentModule, parents, module, label: scopeLabel })
}

/** The ids that each look-up has found. */
export type FoundIds = ReadonlyMap<Lookup | Relation, readonly string[]>

/** What must be resolved before a condition can be printed, each once. */
export function unresolvedIn(condition: Condition): (Lookup | Relation)[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...new Set(condition.terms.flatMap(unresolvedIn))]
    case 'lookup':
    case 'relation':
      return [condition]
    default:
      return []
  }
}

/** Puts the ids that each lookup has found in its place. */
export function resolve(scoped: ScopedQuery, found: FoundIds): ResolvedQuery {
  const { view, columns, distinct, ask, where, scope, orderBy, limit } = scoped
  return {
    view,
    columns,
    distinct,
    ask,
    where: resolveCondition(where, found),
    scope: resolveCondition(scope, found),
    orderBy,
    limit,
    resolved: true,
  }
}

export function resolveCondition(condition: Condition, found: FoundIds): Condition {
  if (condition.kind === 'and' || condition.kind === 'or')
    return tree.mapTerms(condition, (term) => resolveCondition(term, found))
  if (condition.kind !== 'lookup' && condition.kind !== 'relation') return condition
  const ids = found.get(condition)
  if (ids === undefined) throw new Error('a lookup was not resolved')
  if (condition.kind === 'lookup' && condition.negated) return noneOf(condition, ids)
  if (ids.length === 0) return tree.constant(false)
  return tree.tie(condition.kind === 'lookup' ? condition.field : 'id', ids, condition.label)
}

/** coreBOS has no list of what a value is not, so that each id is a condition of its own. */
function noneOf({ field, query }: Lookup, ids: readonly string[]): Condition {
  if (ids.length === 0) return tree.isNull(tree.field(field), true)
  if (ids.length > limits.conditions) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `more than ${limits.conditions} records of ${query.module} would have to be left out`,
    )
  }
  return tree.among(field, ids, true)
}

function fieldsIn(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(fieldsIn)
    case 'compare':
    case 'like':
    case 'in':
    case 'null':
      return [condition.path.field]
    case 'tie':
    case 'lookup':
      return [condition.field]
    case 'relation':
      return ['id']
    case 'constant':
    case 'hidden':
      return []
    case 'not':
    case 'related':
      throw new Error(`a '${condition.kind}' does not stand in a checked condition`)
  }
}

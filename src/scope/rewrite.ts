/** Combines the policy's condition and the caller's in one tree. */
import { limits } from '../model/limits.ts'
import { requireSize, sizeOf } from '../query/size.ts'
import * as tree from '../query/tree.ts'
import type { Condition, Limit, Query } from '../query/tree.ts'
import { checkCondition, checkPath } from './check.ts'
import { absorbed, withoutExtended } from './extended-forms.ts'
import type { OwnerIds } from './owner-ids.ts'
import {
  type Dialect,
  type Purpose,
  fieldsIn,
  forCaller,
  ruleLabel,
  scopeOf,
  shownScopeOf,
} from './rule-condition.ts'
import { ofRule } from './rule-error.ts'
import { type Column, idColumn, selectedColumns, uniqueFields, wholeOf } from './selection.ts'
import { type ModuleView, type VisibleModules, unhidden, untied } from './view.ts'

/** A query that has been checked against the policy; it may still contain look-ups, so it cannot be printed yet. */
export interface ScopedQuery {
  readonly view: ModuleView
  /** Undefined: the number of rows is requested, not the rows. */
  readonly columns: readonly Column[] | undefined
  readonly distinct: boolean
  /** The selected fields: the columns of the answer or the id, and the fields by which each row is verified. */
  readonly ask: readonly string[]
  /** The condition of the statement: the rule's condition and the caller's. */
  readonly where: Condition
  /** The rule's condition alone, by which every returned row is verified. */
  readonly scope: Condition
  readonly orderBy: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[]
  readonly limit: Limit
}

/** The query with every look-up resolved. */
export interface ResolvedQuery extends ScopedQuery {
  readonly resolved: true
}

/**
 * Conjoins the policy's condition and the caller's in the tree.
 *
 * @param purpose for the basic dialect, a condition that it lacks becomes a look-up of matching ids
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
 * The query with the part of its scope that the contact may know, for explain: {@link ruleLabel} in place of the
 * policy's own conditions, {@link scopeLabel} in place of ties by fields that the contact cannot read. It cannot be
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
  // Checked before any look-up. The extended dialect has parentheses, and a limit of its own.
  if (dialect === 'basic') requireSize(sizeOf(where), sizeOf(asked ?? tree.constant(true)))
  const columns = selectedColumns(query, view, visible)
  const nothing = where.kind === 'constant' && !where.holds
  return {
    view,
    columns,
    distinct: query.selection.kind === 'fields' && query.selection.distinct,
    ask: askFor(columns ?? [idColumn], frame),
    where,
    // A condition that no row can meet needs no look-up.
    scope: nothing ? where : scope,
    orderBy: query.orderBy.map(({ path, direction }) => ({ field: checkPath(path, view).name, direction })),
    limit: query.limit ?? { offset: 0, count: limits.defaultRows },
  }
}

/** The part that all queries of a view share, as long as the owner ids of the contact do not change. */
interface Frame {
  readonly view: ModuleView
  readonly ownerIds: OwnerIds
  readonly scope: Condition
  /** The fields by which each row is verified. */
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

/** The extended dialect needs a condition for each owner id of a tie, and accepts few of them. */
const mostExtendedOwners = 20

function isWide({ contacts, accounts }: OwnerIds): boolean {
  return contacts.length + accounts.length > mostExtendedOwners
}

function isSame(one: OwnerIds, other: OwnerIds): boolean {
  const same = (these: readonly string[], those: readonly string[]): boolean =>
    these === those || (these.length === those.length && these.every((id, i) => id === those[i]))
  return same(one.contacts, other.contacts) && same(one.accounts, other.accounts)
}

/** Removes duplicate fields. */
function askFor(columns: readonly Column[], { view, tying }: Frame): readonly string[] {
  const whole = wholeOf(view)
  const ask = columns === whole.columns ? [...whole.fields] : uniqueFields(columns)
  for (const field of tying) if (!ask.includes(field)) ask.push(field)
  return ask
}

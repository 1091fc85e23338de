/** Makes the plan of a read: what is looked up, which statement is sent, and how its rows are verified and paged. */
import type { Level } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Modules } from '../model/module.ts'
import type { SendableQuery } from '../model/sendable-query.ts'
import type { Condition, Limit, Lookup, Query, Relation } from '../query/tree.ts'
import { print } from './print.ts'
import { resolve, unresolvedIn, type FoundIds } from './resolve.ts'
import { rewrite, type ResolvedQuery, type ScopedQuery } from './rewrite.ts'
import type { Column } from './selection.ts'
import { ruleLabel, scopeLabel, type Dialect } from './rule-condition.ts'
import type { OwnerIds } from './owner-ids.ts'
import type { ModuleView, VisibleModules } from './view.ts'

/** The origin of a query, which decides how many rows it may request. */
export interface Origin {
  readonly dialect: Dialect
  readonly maxRows: number
  /** See {@link Lookup.ofRule}. */
  readonly ofRule: Lookup['ofRule']
}

/** A query of the caller. */
export const ofCaller: Origin = { dialect: 'basic', maxRows: limits.rows, ofRule: undefined }

/** A query of the gateway itself, for the ids of a tie. It requests one more than is accepted, to notice too many. */
export function ofGateway(dialect: Dialect = 'basic'): Origin {
  return { dialect, maxRows: limits.ids + 1, ofRule: undefined }
}

/** The origin of the query of a look-up. */
export function ofLookUp({ dialect, ofRule }: Lookup): Origin {
  return { ...ofGateway(dialect), ofRule }
}

/** A query that has been checked against the policy, with the look-ups that must precede it. */
export interface Draft {
  readonly scoped: ScopedQuery
  readonly dialect: Dialect
  readonly modules: Modules
  readonly lookUps: readonly (Lookup | Relation)[]
}

export interface Plan {
  readonly view: ModuleView
  /** Undefined: the number of rows is requested, not the rows. */
  readonly columns: readonly Column[] | undefined
  readonly distinct: boolean
  /** The condition that every row is verified against. */
  readonly scope: Condition
  /** The part of the rows that the caller receives. */
  readonly limit: Limit
  readonly dialect: Dialect
  /** Undefined: no row can match, so that coreBOS is not called. */
  readonly statement: SendableQuery | undefined
  /** Whether the statement's answer is a number instead of rows. */
  readonly isCount: boolean
}

/**
 * The level whose owner ids the draft of a query needs.
 *
 * @throws GatewayError `QUERY_TOO_LARGE` for a limit above the bound, `UNKNOWN_MODULE`
 */
export function levelOf(query: Query, visible: VisibleModules, { maxRows }: Origin): Level {
  if (query.limit !== undefined && query.limit.count > maxRows) {
    throw new GatewayError('QUERY_TOO_LARGE', `an answer may have ${maxRows} rows at most`)
  }
  return visible.require(query.module, query.moduleAt).decision.level
}

/**
 * @param ownerIds at the level that {@link levelOf} gives
 * @throws GatewayError where a limit, a name, a value or a shape is rejected; `QUERY_TOO_LARGE` for too many look-ups
 */
export function draft(query: Query, visible: VisibleModules, ownerIds: OwnerIds, origin: Origin): Draft {
  levelOf(query, visible, origin)
  const { dialect } = origin
  const scoped = rewrite(query, visible, ownerIds, origin)
  const lookUps = unresolvedIn(scoped.where)
  requireFewLookUps(lookUps)
  return { scoped, dialect, modules: visible.modules, lookUps }
}

/** Those of the policy are neither counted nor told. */
function requireFewLookUps(lookUps: Draft['lookUps']): void {
  const asked = lookUps.filter(({ label }) => label !== scopeLabel && label !== ruleLabel).length
  if (asked <= limits.lookUps) return
  throw new GatewayError(
    'QUERY_TOO_LARGE',
    `a query may need ${limits.lookUps} look-ups at most, ${asked} are needed; a condition on a related record needs ` +
      'one, and so does a value that coreBOS would misread',
  )
}

/** The draft with every field of the module, those included that only the gateway reads. */
export function withEveryField(draft: Draft): Draft {
  const { scoped } = draft
  return { ...draft, scoped: { ...scoped, ask: [...scoped.view.module.fields.keys()] } }
}

/**
 * @param found the ids that each look-up of the draft has found
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`, `QUERY_TOO_LARGE`
 */
export function plan(draft: Draft, found: FoundIds): Plan {
  const { view, columns, distinct, limit, scope } = draft.scoped
  const sent = sentQuery(draft.scoped, found)
  const { dialect } = draft
  const printed = sent && print(sent, draft.modules, dialect)
  return {
    ...{ view, columns, distinct, limit, scope: sent?.scope ?? scope, dialect },
    statement: printed?.statement,
    isCount: printed?.isCount ?? columns === undefined,
  }
}

/** The query as it is sent. @returns undefined where no row can match */
export function sentQuery(scoped: ScopedQuery, found: FoundIds): ResolvedQuery | undefined {
  const resolved = resolve(scoped, found)
  if (resolved.where.kind === 'constant' && !resolved.where.holds) return undefined
  // The fields that rows are verified by change which rows are distinct: all rows are read, and made distinct without them.
  return resolved.distinct ? { ...resolved, limit: { offset: 0, count: limits.rows + 1 } } : resolved
}

/** @throws GatewayError `QUERY_TOO_LARGE` where distinct rows would have to be made of more rows than the bound */
export function requireDistinctBound(rows: number): void {
  if (rows > limits.rows) {
    throw new GatewayError('QUERY_TOO_LARGE', `'distinct' looks at ${limits.rows} rows at most`)
  }
}

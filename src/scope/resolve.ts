/** Inserts the ids that look-ups have found. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import * as tree from '../query/tree.ts'
import type { Condition, Lookup, Relation } from '../query/tree.ts'
import type { ResolvedQuery, ScopedQuery } from './rewrite.ts'

/** The ids found by each look-up. */
export type FoundIds = ReadonlyMap<Lookup | Relation, readonly string[]>

/** The look-ups of a condition that must be resolved before it can be printed, without duplicates. */
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

/** Replaces each look-up by the ids that it has found. */
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
  if (ids === undefined) throw new Error('a look-up was not resolved')
  if (condition.kind === 'lookup' && condition.negated) return noneOf(condition, ids)
  if (ids.length === 0) return tree.constant(false)
  return tree.tie(condition.kind === 'lookup' ? condition.field : 'id', ids, condition.label)
}

/** coreBOS has no negated list of ids, so each id is a condition of its own. */
function noneOf({ field, query }: Lookup, ids: readonly string[]): Condition {
  if (ids.length === 0) return tree.isNull(tree.field(field), true)
  if (ids.length > limits.conditions) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `more than ${limits.conditions} records of ${query.module} would have to be excluded`,
    )
  }
  return tree.among(field, ids, true)
}

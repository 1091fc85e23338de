/** Rewrites conditions: without `not`, and as an `or` of `and`s. */
import { GatewayError } from '../model/errors.ts'
import { requireSize, sizeOf } from './size.ts'
import * as tree from './tree.ts'
import type { Comparison, Condition } from './tree.ts'

const opposite: Readonly<Record<Comparison, Comparison>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
}

/**
 * The same condition without `not`, which is pushed down to the comparisons by de Morgan's laws. In three-valued logic
 * this changes nothing, because both a comparison with null and its negation are unknown.
 *
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE` if a relation is negated
 */
export function withoutNot(condition: Condition, negate = false): Condition {
  switch (condition.kind) {
    case 'not':
      return withoutNot(condition.term, !negate)
    case 'and':
    case 'or': {
      if (!negate) return tree.mapTerms(condition, (term) => withoutNot(term))
      const terms = condition.terms.map((term) => withoutNot(term, true))
      return condition.kind === 'and' ? tree.anyOf(terms) : tree.allOf(terms)
    }
    case 'compare':
      return negate ? tree.compare(condition.path, opposite[condition.operator], condition.value) : condition
    case 'like':
      return negate ? tree.like(condition.path, condition.pattern, !condition.negated) : condition
    case 'in':
      return negate ? tree.inList(condition.path, condition.values, !condition.negated) : condition
    case 'null':
      return negate ? tree.isNull(condition.path, !condition.negated) : condition
    case 'constant':
      return negate ? tree.constant(!condition.holds) : condition
    case 'related':
    case 'tie':
    case 'lookup':
    case 'relation':
    case 'hidden':
      if (!negate) return condition
      throw new GatewayError('QUERY_NOT_EXPRESSIBLE', "'not' cannot be applied to a relation")
  }
}

/**
 * The terms of an `or` of `and`s: coreBOS's basic dialect has no parentheses, so a condition that is conjoined with an
 * `or` must be repeated in each of its terms.
 *
 * @param condition without `not`
 * @returns each term's conditions; none if the condition cannot hold
 * @throws GatewayError `QUERY_TOO_LARGE` beyond the limits on terms and conditions, before any term is distributed
 */
export function distribute(condition: Condition): Condition[][] {
  requireSize(sizeOf(condition))
  return multiplied(condition)
}

/** Distributes a condition whose size has been checked. */
export function multiplied(condition: Condition): Condition[][] {
  switch (condition.kind) {
    case 'or':
      return concatenated(condition.terms.map(multiplied))
    case 'and': {
      let product: Condition[][] = [[]]
      for (const term of condition.terms) {
        if (term.kind !== 'and' && term.kind !== 'or' && term.kind !== 'constant') {
          for (const left of product) left.push(term)
          continue
        }
        const right = multiplied(term)
        product = concatenated(product.map((left) => right.map((each) => [...left, ...each])))
      }
      return product
    }
    case 'constant':
      return condition.holds ? [[]] : []
    default:
      return [[condition]]
  }
}

/** As `flat()`, which is several times slower; every statement is processed here. */
function concatenated(parts: readonly (readonly Condition[][])[]): Condition[][] {
  const all: Condition[][] = []
  for (const part of parts) for (const term of part) all.push(term)
  return all
}

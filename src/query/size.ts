/** Computes the size of a condition that is distributed into an `or` of `and`s, without distributing it. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Condition } from './tree.ts'

/** The operators that join the conditions of a term, and the terms. */
export const joins = { and: ' and ', or: ' or ' } as const

/** Of one condition, or of all conditions in all terms. */
export interface Size {
  readonly terms: number
  /** As coreBOS evaluates them: a list of excluded values is a condition for each value. */
  readonly conditions: number
  /** Of the printed conditions, each followed by an `and`. */
  readonly characters: number
}

/** @param lengthOf the printed length of a single condition */
export function sizeOf(condition: Condition, lengthOf: (leaf: Condition) => number = () => 0): Size {
  switch (condition.kind) {
    case 'or': {
      let [terms, conditions, characters] = [0, 0, 0]
      for (const term of condition.terms) {
        const size = sizeOf(term, lengthOf)
        terms += size.terms
        conditions += size.conditions
        characters += size.characters
      }
      return { terms, conditions, characters }
    }
    case 'and': {
      let [terms, conditions, characters] = [1, 0, 0]
      for (const term of condition.terms) {
        const size = sizeOf(term, lengthOf)
        conditions = conditions * size.terms + size.conditions * terms
        characters = characters * size.terms + size.characters * terms
        terms *= size.terms
      }
      return { terms, conditions, characters }
    }
    case 'constant':
      return { terms: condition.holds ? 1 : 0, conditions: 0, characters: 0 }
    default: {
      const conditions = condition.kind === 'in' && condition.negated ? condition.values.length : 1
      return { terms: 1, conditions, characters: lengthOf(condition) + joins.and.length }
    }
  }
}

/** The characters of all printed terms, joined by `or`. No term is empty. */
export function printedLength({ terms, characters }: Size): number {
  return characters - joins.and.length * terms + joins.or.length * (terms - 1)
}

function isTooLarge({ terms, conditions }: Size): boolean {
  return terms > limits.terms || conditions > limits.printed
}

/**
 * @param size of the statement for coreBOS
 * @param asked the size of the caller's part, which the error names; the policy's part is not counted
 * @throws GatewayError `QUERY_TOO_LARGE` beyond the limits on terms and conditions
 */
export function requireSize(size: Size, asked?: Size): void {
  if (!isTooLarge(size)) return
  const received =
    asked && `; ${shown(asked.conditions)} conditions in ${shown(asked.terms)} terms were received`
  throw new GatewayError(
    'QUERY_TOO_LARGE',
    `where 'and' over 'or' is multiplied out for coreBOS, at most ${shown(limits.printed)} conditions in ` +
      `${shown(limits.terms)} terms are accepted, those of the policy included${received ?? ''}`,
  )
}

function shown(count: number): string {
  return count > 1e9 ? 'more than 1,000,000,000' : count.toLocaleString('en')
}

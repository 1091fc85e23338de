/** Converts a filter to a condition in which an empty field meets `ne` and `nin`. */
import { escapedPattern } from './pattern.ts'
import * as tree from './tree.ts'
import type { Condition, FieldPath, Value } from './tree.ts'
import type { FilterOperator } from './filters.ts'

/**
 * Which empty values a field may hold: none, values that coreBOS distinguishes from all others, or values that it
 * treats as 0.
 */
export type EmptyValues = 'none' | 'told' | 'as zero'

const comparisons = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** @param values in the format of the column; one, unless the operator takes several; `true` or `false` for `empty` */
export function filterCondition(
  path: FieldPath,
  operator: FilterOperator,
  values: readonly Value[],
  empty: EmptyValues,
): Condition {
  const [value = tree.text('')] = values
  switch (operator) {
    case 'empty':
      return tree.isNull(path, value.text === 'false')
    case 'contains':
      return tree.like(path, `%${escapedPattern(value.text)}%`)
    case 'startsWith':
      return tree.like(path, `${escapedPattern(value.text)}%`)
    case 'in':
      return tree.inList(path, values)
    case 'ne':
      return orEmpty(tree.compare(path, '!=', value), path, values, empty)
    case 'nin':
      return orEmpty(tree.inList(path, values, true), path, values, empty)
    default:
      return tree.compare(path, comparisons[operator], value)
  }
}

function orEmpty(
  condition: Condition,
  path: FieldPath,
  values: readonly Value[],
  empty: EmptyValues,
): Condition {
  if (empty === 'none') return condition
  // Zeros among the empty values make no difference if a zero meets the condition as well.
  const isMetByZero = empty === 'as zero' && values.every(({ text }) => Number(text) !== 0)
  return tree.or(condition, isMetByZero ? tree.isNullOrZero(path) : tree.isNull(path))
}

/** The separator that coreBOS puts between the values of a multi-select field. */
const between = ' |##| '

/** The field holds the value among its choices. */
export function choiceCondition(path: FieldPath, value: Value): Condition {
  const text = escapedPattern(value.text)
  const patterns = [`${text}${between}%`, `%${between}${text}`, `%${between}${text}${between}%`]
  return tree.or(tree.compare(path, '=', value), ...patterns.map((pattern) => tree.like(path, pattern)))
}

/** A filter as a condition, in which an empty field meets `ne` and `nin`. */
import { escapedPattern } from './pattern.ts'
import * as tree from './tree.ts'
import type { Condition, FieldPath, Value } from './tree.ts'
import type { FilterOperator } from './filters.ts'

/** Which empty values a field may hold: none, ones that coreBOS tells from all others, or ones that it takes for 0. */
export type EmptyValues = 'none' | 'told' | 'as zero'

const comparisons = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** @param values as the column holds them; one unless the operator takes several, `true` or `false` for `empty` */
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
  // Zeros among the empty ones change nothing where a zero meets the condition as well.
  const isMetByZero = empty === 'as zero' && values.every(({ text }) => Number(text) !== 0)
  return tree.or(condition, isMetByZero ? tree.isNullOrZero(path) : tree.isNull(path))
}

/** What coreBOS puts between the values of a field with several choices. */
const between = ' |##| '

/** The value is one of the choices that the field holds. */
export function choiceCondition(path: FieldPath, value: Value): Condition {
  const text = escapedPattern(value.text)
  const patterns = [`${text}${between}%`, `%${between}${text}`, `%${between}${text}${between}%`]
  return tree.or(tree.compare(path, '=', value), ...patterns.map((pattern) => tree.like(path, pattern)))
}

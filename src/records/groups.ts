/** Computes sums of rows by group. */
import { decimalSum } from '../model/decimal-sum.ts'
import { exactNumber, plainDecimal } from '../model/decimal.ts'
import type { JsonRow, JsonValue } from '../model/json-value.ts'
import { valueKind, type FieldShape } from '../model/module.ts'
import { compareKeys, sortKey } from '../scope/order.ts'
import type { Row } from '../scope/verify.ts'
import { jsonValue } from './values.ts'

export const measures = ['sum', 'min', 'max', 'avg'] as const
export type Measure = (typeof measures)[number]

export interface Grouping {
  readonly groupBy: readonly FieldShape[]
  readonly count: boolean
  /** The fields of each measure. */
  readonly measured: Readonly<Record<Measure, readonly FieldShape[]>>
}

export interface Group {
  readonly [name: string]: JsonValue | JsonRow
}

/** A group, and the first of its records. */
interface Grouped {
  readonly group: Group
  readonly first: Row
}

/** @returns in the order of the `groupBy` fields; without such fields one group of all rows, even if there are none */
export function groupsOf(rows: readonly Row[], grouping: Grouping): Grouped[] {
  const { groupBy } = grouping
  const groups = new Map<string, Row[]>(groupBy.length === 0 ? [[JSON.stringify([]), []]] : [])
  for (const row of rows) {
    const key = JSON.stringify(keysOf(row, groupBy))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
    .map((group) => ({ group, keys: keysOf(group[0] ?? {}, groupBy) }))
    .toSorted((one, other) => {
      const compared = one.keys.map((key, i) => compareKeys(key, other.keys[i] ?? ''))
      return compared.find((each) => each !== 0) ?? 0
    })
    .map(({ group }) => ({ group: summed(group, grouping), first: group[0] ?? {} }))
}

/** Values that are equal in coreBOS's database are in one group. */
function keysOf(row: Row, fields: readonly FieldShape[]): (number | string)[] {
  return fields.map((field) => {
    const value = row[field.name] ?? ''
    const key = sortKey(value, field)
    // Of ids only the numbers are compared, which are those of all modules; JSON has no infinity.
    return valueKind(field) === 'id' ? key : key === -Infinity ? '' : key
  })
}

function summed(rows: readonly Row[], { groupBy, count, measured }: Grouping): Group {
  const [first = {}] = rows
  const values = groupBy.map((field) => [field.name, jsonValue(first[field.name] ?? '', field)] as const)
  const asked = measures.filter((measure) => measured[measure].length > 0)
  return {
    ...Object.fromEntries(values),
    ...(count && { count: rows.length }),
    ...Object.fromEntries(
      asked.map((measure) => [
        measure,
        Object.fromEntries(measured[measure].map((field) => [field.name, measureOf(measure, rows, field)])),
      ]),
    ),
  }
}

/** A column of text may hold other values, which cannot be added. */
const decimal = /^-?[0-9]+(\.[0-9]+)?$/

/** Of the values that are not empty; null if all are empty. */
function measureOf(measure: Measure, rows: readonly Row[], field: FieldShape): JsonValue {
  const isNumber = valueKind(field) === 'number'
  const isCounted = (value: string): boolean => (isNumber ? decimal.test(value) : value !== '')
  const values = rows.map((row) => row[field.name] ?? '').filter(isCounted)
  const [first] = values
  if (first === undefined) return null
  switch (measure) {
    case 'sum': {
      const sum = decimalSum(values)
      return exactNumber(sum) ?? sum
    }
    case 'avg':
      return Number(decimalSum(values)) / values.length
    case 'min':
    case 'max': {
      const keyOf = (value: string) => (isNumber ? Number(plainDecimal(value)) : value)
      const sign = measure === 'min' ? 1 : -1
      const best = values.reduce((one, other) =>
        sign * compareKeys(keyOf(one), keyOf(other)) <= 0 ? one : other,
      )
      return jsonValue(best, field)
    }
  }
}

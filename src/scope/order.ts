/** Compares values and sorts rows as coreBOS's database does. */
import { isNumberColumn, valueKind, type FieldShape } from '../model/module.ts'
import { parseId } from '../model/webservice-id.ts'
import { collated } from './shape.ts'
import type { Row } from './verify.ts'

export interface RowOrder {
  readonly field: FieldShape
  readonly direction: 'asc' | 'desc'
}

/** The sort key of a value: empty values come first, ids are ordered by number, texts without case and accents. */
export function sortKey(value: string, field: FieldShape): number | string {
  const kind = valueKind(field)
  if (kind === 'id') return Number(parseId(value)?.number ?? 0)
  if (kind === 'number' && isNumberColumn(field)) return value === '' ? -Infinity : Number(value)
  return collated(value)
}

/** @returns below 0 if `a` comes first */
export function compareKeys(one: number | string, other: number | string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** Sorts rows by their fields, and rows with equal fields by id. */
export function sortRows(rows: readonly Row[], orders: readonly RowOrder[]): Row[] {
  const keyed = rows.map((row) => ({
    row,
    keys: orders.map(({ field }) => sortKey(row[field.name] ?? '', field)),
    number: Number(parseId(row['id'] ?? '')?.number ?? 0),
  }))
  keyed.sort((one, other) => {
    for (const [i, { direction }] of orders.entries()) {
      const compared = compareKeys(one.keys[i] ?? '', other.keys[i] ?? '')
      if (compared !== 0) return direction === 'desc' ? -compared : compared
    }
    return one.number - other.number
  })
  return keyed.map(({ row }) => row)
}

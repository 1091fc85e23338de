/** Shapes verified rows: requested columns, distinct rows, pages. */
import { withoutTrailing } from '../model/without-trailing.ts'
import type { Limit } from '../query/tree.ts'
import type { Column } from './selection.ts'
import type { Row } from './verify.ts'

/** The referenced rows by module and id, each read under its own rule. */
export type Referenced = ReadonlyMap<string, ReadonlyMap<string, Row>>

/**
 * Reduces verified rows to the requested columns, in their order. A reference to a record that the contact may not see
 * is as empty as a reference to no record.
 */
export function shape(rows: readonly Row[], columns: readonly Column[], referenced: Referenced): Row[] {
  return rows.map((row) => {
    const shaped: Record<string, string> = {}
    for (const column of columns) shaped[column.key] = cell(row, column, referenced)
    return shaped
  })
}

function cell(row: Row, { field, hop }: Column, referenced: Referenced): string {
  const own = row[field] ?? ''
  return hop === undefined ? own : (referenced.get(hop.module)?.get(own)?.[hop.field] ?? '')
}

/** Removes duplicate rows, compared as SQL's collation does; the first of each is kept. */
export function distinct(rows: readonly Row[]): Row[] {
  const seen = new Set<string>()
  return rows.filter((row) => {
    const key = JSON.stringify(Object.values(row).map(collated))
    return seen.size < seen.add(key).size
  })
}

/** Folds a text as SQL's collation does: without letter case, accents and trailing blanks. */
export function collated(text: string): string {
  return withoutTrailing(text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase(), ' ')
}

export function page<T>(rows: readonly T[], { offset, count }: Limit): T[] {
  return rows.slice(offset, offset + count)
}

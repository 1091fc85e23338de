/** What MariaDB says about columns to `procedure analyse`, which a limit can smuggle in. */
import { order, toNumber } from './sql/values.ts'
import { fold } from '../collation.ts'
import type { ShownColumn } from './plan.ts'
import type { Schema } from './schema.ts'
import type { Row } from './row.ts'
import type { Selection } from './sql/select.ts'

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1)

const deviation = (numbers: readonly number[]): number => {
  const average = mean(numbers)
  return Math.sqrt(mean(numbers.map((number) => (number - average) ** 2)))
}

/** The smallest unsigned integer type. */
const integerType = (highest: number): string => {
  if (highest < 256) return 'TINYINT'
  return highest < 65536 ? 'SMALLINT' : 'MEDIUMINT'
}

const analyseColumn = (schema: Schema, column: ShownColumn, rows: Selection['all']): Row => {
  const texts = rows.map((row) => column.node.text(row)).filter((text) => text !== null)
  const isNumber = column.node.type === 'number'
  const sorted = texts.toSorted((left, right) =>
    isNumber ? order(toNumber(left), toNumber(right)) : order(fold(left), fold(right)),
  )
  const lengths = texts.map((text) => text.length)
  const numbers = isNumber ? texts.map(Number) : []
  const distinct = [...new Set(sorted)].map((text) => `'${text}'`)
  const longest = Math.max(...lengths, 0)
  const type = isNumber
    ? `${integerType(Math.max(...numbers, 0))}(${longest}) UNSIGNED`
    : `ENUM(${distinct.join(',')})`
  return new Map([
    ['field_name', `corebos.${schema.table}.${column.column}`],
    ['min_value', sorted[0] ?? ''],
    ['max_value', sorted.at(-1) ?? ''],
    ['min_length', String(Math.min(...lengths, longest))],
    ['max_length', String(longest)],
    [
      'empties_or_zeros',
      String(texts.filter((text) => (isNumber ? Number(text) === 0 : text === '')).length),
    ],
    ['nulls', String(rows.length - texts.length)],
    ['avg_value_or_avg_length', mean(isNumber ? numbers : lengths).toFixed(4)],
    ['std', isNumber ? deviation(numbers).toFixed(4) : ''],
    ['optimal_fieldtype', `${type}${texts.length === rows.length ? ' NOT NULL' : ''}`],
  ])
}

/** One row for each column; the limit is theirs. */
export const analyse = (schema: Schema, columns: readonly ShownColumn[], selection: Selection): Row[] =>
  columns
    .map((column) => analyseColumn(schema, column, selection.all))
    .slice(selection.offset, selection.offset + selection.count)

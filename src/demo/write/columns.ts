/** What a value given by a caller becomes in its column. */
import type { Database, Value } from '../database.ts'
import { cutToColumn } from '../lengths.ts'
import type { Field, Module } from '../metadata.ts'

/** Numbers that are kept in a column of text, without places of its own. */
const TEXT_NUMBERS = new Set(['Project targetbudget'])

/** The places of a decimal column, as the rows that the data set has show them. */
const decimalsOf = (database: Database, module: string, field: Field): number => {
  for (const { values } of database.records(module)) {
    const decimals = /^-?\d+\.(\d+)$/.exec(values.get(field.name) ?? '')?.[1]
    if (decimals !== undefined) return decimals.length
  }
  return field.type.name === 'integer' ? 0 : 6
}

const asNumber = (text: string): number => {
  const leading = /^\s*-?\d*\.?\d+/.exec(text)?.[0] ?? '0'
  return Number(leading)
}

export const isNumber = (field: Field): boolean => ['integer', 'double', 'currency'].includes(field.type.name)

/** The character set has three bytes: of everything beyond it each of the four bytes becomes a question mark. */
const storable = (text: string): string => text.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '????')

const textOf = (given: unknown): string => {
  if (typeof given === 'string') return given
  return typeof given === 'number' || typeof given === 'boolean' ? String(Number(given)) : ''
}

const truth = (text: string): Value => (['1', 'on', 'true', 'yes'].includes(text.toLowerCase()) ? '1' : '0')

/** A plain value; references are resolved elsewhere. */
export const columnValue = (database: Database, module: Module, field: Field, given: unknown): Value => {
  const text = storable(textOf(given))
  if (field.type.name === 'boolean') return truth(text)
  if (TEXT_NUMBERS.has(`${module.name} ${field.name}`)) return String(asNumber(text))
  if (isNumber(field)) return asNumber(text).toFixed(decimalsOf(database, module.name, field))
  if (field.type.name === 'date' || field.type.name === 'datetime') return text === '' ? null : text
  return cutToColumn(module.name, field, text)
}

/** What the texts of coreBOS are with JSON types, by the fields of the demo coreBOS and independently of the gateway. */
import type { Database } from '../../src/demo/database.ts'

const numbers = new Set(['integer', 'double', 'currency'])

function typed(text: string, type: string | undefined): unknown {
  if (type === 'boolean') return text === '1'
  if (text === '') return null
  if (type !== undefined && numbers.has(type)) return Number(text)
  if (type === 'datetime') return new Date(`${text.replace(' ', 'T')}Z`).toISOString().replace('.000', '')
  return text
}

/** A row of a module as a REST route answers it. Numbers of the demo have few digits. */
export function inJson(
  row: Readonly<Record<string, unknown>>,
  module: string,
  database: Database,
): Readonly<Record<string, unknown>> {
  const types = new Map(database.module(module)?.fields.map(({ name, type }) => [name, type.name]))
  types.set('count', 'integer')
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' ? typed(value, types.get(name)) : value,
    ]),
  )
}

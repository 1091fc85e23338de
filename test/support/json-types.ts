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

const known = new WeakMap<Database, Map<string, ReadonlyMap<string, string>>>()

/** The types of the fields of a module, and of those of the records that it points to: `accountsaccountname`. */
function typesOf(module: string, database: Database): ReadonlyMap<string, string> {
  const ofDatabase = known.get(database) ?? new Map<string, ReadonlyMap<string, string>>()
  known.set(database, ofDatabase)
  const types = ofDatabase.get(module) ?? readTypes(module, database)
  ofDatabase.set(module, types)
  return types
}

function readTypes(module: string, database: Database): ReadonlyMap<string, string> {
  const others = [...database.modules.values()].flatMap((other) =>
    other.fields.map(({ name, type }) => [`${other.name.toLowerCase()}${name}`, type.name] as const),
  )
  const own = database.module(module)?.fields.map(({ name, type }) => [name, type.name] as const) ?? []
  return new Map([...others, ...own, ['count', 'integer']])
}

/** A row of a module as a REST route answers it. Numbers of the demo have few digits. */
export function inJson(
  row: Readonly<Record<string, unknown>>,
  module: string,
  database: Database,
): Readonly<Record<string, unknown>> {
  const types = typesOf(module, database)
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' ? typed(value, types.get(name)) : value,
    ]),
  )
}

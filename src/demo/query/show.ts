/** A column's value as coreBOS answers it. */
import type { CrmRecord, Database } from '../database.ts'
import { isReference } from '../database.ts'
import type { Field, Module } from '../metadata.ts'
import type { ShownColumn } from './plan.ts'
import type { Schema, Schemas } from './schema.ts'
import { node } from './sql/operators.ts'

const reference = (database: Database, field: Field, value: string): string => {
  if (value === '' || value === '0') return ''
  const target = database.target(field, value)
  return target === undefined ? '' : database.webserviceId(target)
}

export const shownValue = (database: Database, field: Field, record: CrmRecord): string => {
  const value = record.values.get(field.name) ?? ''
  return isReference(field) ? reference(database, field, value) : value
}

const nothing = node('text', () => null)

/** A field of the main module, or its id. */
export const mainColumn = (
  database: Database,
  schemas: Schemas,
  schema: Schema,
  name: string,
): ShownColumn | undefined => {
  const column = schema.column(name)
  if (column === undefined) return undefined
  const found = schemas.resolver(schema)(column.name, column.table) ?? nothing
  if (name === 'id') {
    return { key: 'id', column: column.name, node: found, show: (record) => database.webserviceId(record) }
  }
  const field = schema.module.field(name)
  if (field === undefined) return undefined
  return {
    key: name,
    column: column.name,
    node: found,
    show: (record) => shownValue(database, field, record),
  }
}

/** All of `select *`: the fields in the order of describe, the id behind them (before them where it is no entity). */
export const allNames = ({ name, isEntity, fields }: Module): string[] => {
  const names = fields.map((field) => field.name)
  return isEntity || name === 'Users' ? [...names, 'id'] : ['id', ...names]
}

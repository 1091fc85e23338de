/** The tables that coreBOS joins to a module's own: the records its fields refer to. */
import type { CrmRecord, Database } from '../database.ts'
import type { Schema, Schemas } from './schema.ts'
import type { Resolve } from './sql/expression.ts'
import { node } from './sql/operators.ts'
import type { Node } from './sql/values.ts'

/** Stands for the expression that puts a record's display name together. */
export const NAME_COLUMN = 'display name'

/** A module's base table under the name that it is joined by through a field. */
export const aliasOf = (schema: Schema, field: string): string => `${schema.table}${field}`

const joined = (held: Node, target: (record: CrmRecord) => CrmRecord | undefined): Node =>
  node(
    held.type,
    (record) => {
      const found = target(record)
      return found === undefined ? null : held.get(found)
    },
    (record) => {
      const found = target(record)
      return found === undefined ? null : held.text(found)
    },
  )

type Target = (record: CrmRecord) => CrmRecord | undefined

/** The modules that a field of the main module can point to. */
const referencesOf = (schemas: Schemas, schema: Schema): [field: string, module: Schema][] =>
  schema.module.fields.flatMap(({ name, type }) =>
    (type.refersTo ?? [])
      .map((module) => schemas.find(module))
      .filter((module) => module !== undefined)
      .map((module): [string, Schema] => [name, module]),
  )

/** The columns of the main module and of everything that it may be joined with. */
export const joinedResolver = (database: Database, schemas: Schemas, schema: Schema): Resolve => {
  const main = schemas.resolver(schema)
  const columnOf = (module: Schema, column: string, target: Target): Node | undefined => {
    if (column === NAME_COLUMN) {
      return node('text', (record) => {
        const found = target(record)
        return found === undefined ? null : database.displayName(found)
      })
    }
    const held = schemas.resolver(module)(column, undefined)
    return held === undefined ? undefined : joined(held, target)
  }
  const ownerOf =
    (module: string): Target =>
    ({ values }) => {
      const owner = Number(values.get('assigned_user_id') ?? '0')
      return database.row(module, owner)
    }
  return (column, table) => {
    const own = main(column, table)
    if (own !== undefined) return own
    const lower = table?.toLowerCase()
    for (const [name, alias] of [
      ['Users', 'vtiger_users'],
      ['Groups', 'vtiger_groups'],
    ] as const) {
      const module = schemas.find(name)
      if (module === undefined || (lower !== alias && lower !== undefined)) continue
      const found = columnOf(module, column, ownerOf(name))
      if (found !== undefined) return found
    }
    if (lower === undefined) return undefined
    for (const [name, module] of referencesOf(schemas, schema)) {
      if (lower !== aliasOf(module, name)) continue
      const field = schema.module.field(name)
      const target: Target = ({ values }) => {
        const found = field === undefined ? undefined : database.target(field, values.get(name))
        return found?.module === module.module.name ? found : undefined
      }
      const found = columnOf(module, column, target)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The first field that can point to a module. */
export const referenceTo = (schema: Schema, module: string): string | undefined =>
  schema.module.fields.find(
    ({ type }) => type.name === 'reference' && type.refersTo?.includes(module) === true,
  )?.name

/** The select list of the extended and the workflow dialect: what is not known is left out. */
import type { CrmRecord, Database } from '../database.ts'
import type { ShownColumn } from './plan.ts'
import { aliasOf, joinedResolver } from './joins.ts'
import type { Schema, Schemas } from './schema.ts'
import { allNames, mainColumn } from './show.ts'
import type { Node } from './sql/values.ts'

/** Columns of users that no description shows, but a select list reaches. */
const USER_SECRETS = new Set(['accesskey', 'user_hash', 'user_password', 'crypt_type'])

const relatedColumn = (
  database: Database,
  schemas: Schemas,
  schema: Schema,
  module: Schema,
  reference: string,
  name: string,
): ShownColumn | undefined => {
  const isUser = module.module.name === 'Users'
  const column = module.column(name)?.name ?? (isUser && USER_SECRETS.has(name) ? name : undefined)
  if (column === undefined || name === 'id') return undefined
  const found = joinedResolver(
    database,
    schemas,
    schema,
  )(column, isUser ? 'vtiger_users' : aliasOf(module, reference))
  if (found === undefined) return undefined
  const prefix = module.module.name.toLowerCase()
  const alias = name === 'assigned_user_id' ? `smowner${prefix}` : `${prefix}${column}`
  const key = isUser ? name : alias
  return { key, column: key, node: found, show: shown(found) }
}

const shown =
  (found: Node) =>
  (record: CrmRecord): string =>
    found.text(record) ?? ''

/** The first field, and the first module of it, that has a field of this name. */
const reach = (
  schemas: Schemas,
  schema: Schema,
  moduleName: string | undefined,
  name: string,
): [module: Schema, reference: string] | undefined => {
  for (const field of schema.module.fields) {
    if (field.type.name !== 'reference') continue
    for (const candidate of field.type.refersTo ?? []) {
      if (moduleName !== undefined && candidate !== moduleName) continue
      const module = schemas.find(candidate)
      if (module === undefined) continue
      const known = module.column(name) !== undefined || (candidate === 'Users' && USER_SECRETS.has(name))
      if (known) return [module, field.name]
    }
  }
  return undefined
}

export const selectedColumns = (
  database: Database,
  schemas: Schemas,
  schema: Schema,
  names: readonly string[],
): ShownColumn[] => {
  const wanted = names.includes('*') ? [...allNames(schema.module), ...names] : names
  const columns = new Map<string, ShownColumn>()
  for (const name of wanted) {
    const [moduleName = '', field = ''] = name.split('.')
    const own = mainColumn(database, schemas, schema, name)
    const target = name.includes('.')
      ? reach(schemas, schema, moduleName, field)
      : reach(schemas, schema, undefined, name)
    const column =
      own ??
      (target === undefined
        ? undefined
        : relatedColumn(database, schemas, schema, ...target, name.includes('.') ? field : name))
    if (column !== undefined && !columns.has(column.key)) columns.set(column.key, column)
  }
  return [...columns.values()]
}

/**
 * The tables of MariaDB behind the modules: statements name fields, but what coreBOS makes of them, and what a
 * statement smuggles in, names tables and columns.
 */
import { columnOf, keyColumnOf } from '../columns.ts'
import type { CrmRecord, Database } from '../database.ts'
import { isReference } from '../database.ts'
import type { Field, Module } from '../metadata.ts'
import { node } from './sql/operators.ts'
import type { Resolve } from './sql/expression.ts'
import type { Table, Tables } from './sql/select.ts'
import type { Node, SqlType } from './sql/values.ts'

/** Base tables that are not called `vtiger_module`. */
const TABLES: Readonly<Record<string, string>> = {
  Contacts: 'vtiger_contactdetails',
  Accounts: 'vtiger_account',
  HelpDesk: 'vtiger_troubletickets',
  Potentials: 'vtiger_potential',
  Services: 'vtiger_service',
  Documents: 'vtiger_notes',
  Leads: 'vtiger_leaddetails',
  Vendors: 'vtiger_vendor',
  Currency: 'vtiger_currency_info',
}

/** Keys and columns of modules that have no related lists. */
const KEYS: Readonly<Record<string, string>> = { Users: 'id', Groups: 'groupid', Currency: 'id' }
const COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Accounts: { accounttype: 'account_type', annual_revenue: 'annualrevenue' },
  Faq: { faqstatus: 'status', faqcategories: 'category', faq_answer: 'answer' },
}

/** Columns of vtiger_crmentity by the fields that lie there. */
const ENTITY_FIELDS: Readonly<Record<string, string>> = {
  assigned_user_id: 'smownerid',
  created_user_id: 'smcreatorid',
  createdtime: 'createdtime',
  modifiedtime: 'modifiedtime',
  modifiedby: 'modifiedby',
  description: 'description',
}

/** Columns of vtiger_crmentity that no field shows. */
const ENTITY_COLUMNS: Readonly<Record<string, (record: CrmRecord) => string | number | null>> = {
  crmid: ({ number }) => number,
  setype: ({ module }) => module,
  deleted: ({ deleted }) => (deleted ? 1 : 0),
  cbuuid: ({ cbuuid }) => cbuuid,
  status: () => null,
  version: () => 0,
  viewedtime: () => null,
}

/** Fields of a number type whose column is text. */
const TEXT_COLUMNS = new Set(['HelpDesk.days', 'InventoryDetails.description'])

const columnType = (module: string, field: Field): SqlType => {
  if (TEXT_COLUMNS.has(`${module}.${field.name}`)) return 'text'
  const { name } = field.type
  if (isReference(field)) return field.typeofdata.startsWith('V') && name === 'reference' ? 'text' : 'number'
  if (name === 'date' || name === 'datetime') return 'date'
  return name === 'double' || name === 'currency' || name === 'integer' ? 'number' : 'text'
}

export interface Column {
  readonly field: string
  readonly table: string
  readonly name: string
}

/** A module as a set of tables. */
export class Schema {
  readonly module: Module
  readonly table: string
  readonly key: string
  readonly columns: readonly Column[]
  readonly #byField = new Map<string, Column>()

  constructor(module: Module) {
    this.module = module
    const lower = module.name.toLowerCase()
    const table = TABLES[module.name] ?? `vtiger_${lower}`
    this.table = table
    this.key = KEYS[module.name] ?? keyColumnOf(module.name)
    const names = COLUMNS[module.name] ?? {}
    this.columns = module.fields.map(({ name }) => {
      const shared = module.isEntity && module.name !== 'Users' ? ENTITY_FIELDS[name] : undefined
      return {
        field: name,
        table: shared === undefined ? table : 'vtiger_crmentity',
        name: shared ?? names[name] ?? columnOf(module.name, name),
      }
    })
    for (const column of this.columns) this.#byField.set(column.field, column)
    this.#byField.set('id', { field: 'id', table, name: this.key })
  }

  /** The column of a field, or of `id`. */
  column(field: string): Column | undefined {
    return this.#byField.get(field)
  }

  /** `table.column` of a field, or of `id`. */
  qualified(field: string): string | undefined {
    const column = this.column(field)
    return column === undefined ? undefined : `${column.table}.${column.name}`
  }
}

const fieldNode = (module: Module, name: string): Node => {
  const field = module.field(name)
  const type = field === undefined ? 'text' : columnType(module.name, field)
  const read = ({ values }: CrmRecord): string | null => values.get(name) ?? null
  if (type !== 'number') return node(type, read)
  const number = (row: CrmRecord): number | null => {
    const value = read(row)
    return value === null ? null : Number(value)
  }
  return node('number', number, read)
}

const keyNode: Node = node('number', ({ number }) => number)

/** The columns of one module's tables by `column` and `table.column`, lower case. */
const nodesOf = (schema: Schema): Map<string, Node[]> => {
  const nodes = new Map<string, Node[]>()
  const add = (table: string, column: string, held: Node): void => {
    for (const name of [column, `${table}.${column}`]) {
      const key = name.toLowerCase()
      nodes.set(key, [...(nodes.get(key) ?? []), held])
    }
  }
  add(schema.table, schema.key, keyNode)
  for (const { field, table, name } of schema.columns) add(table, name, fieldNode(schema.module, field))
  if (schema.module.name === 'Users') {
    for (const name of ['accesskey', 'user_hash', 'user_password', 'crypt_type']) {
      if (schema.column(name) === undefined) add(schema.table, name, fieldNode(schema.module, name))
    }
  } else if (schema.module.isEntity) {
    for (const [name, read] of Object.entries(ENTITY_COLUMNS)) {
      add('vtiger_crmentity', name, node(typeof read(SAMPLE) === 'number' ? 'number' : 'text', read))
    }
  }
  return nodes
}

const SAMPLE: CrmRecord = { number: 0, module: '', values: new Map(), cbuuid: '', deleted: false }

/** The modules of one database as tables; made once and kept beside it. */
export class Schemas {
  readonly #database: Database
  readonly #schemas = new Map<string, Schema>()
  readonly #nodes = new Map<string, Map<string, Node[]>>()

  constructor(database: Database) {
    this.#database = database
  }

  /** A module by its name in any letter case. */
  find(name: string): Schema | undefined {
    const lower = name.toLowerCase()
    const held = this.#schemas.get(lower)
    if (held !== undefined) return held
    for (const module of this.#database.modules.values()) {
      if (module.name.toLowerCase() !== lower) continue
      const schema = new Schema(module)
      this.#schemas.set(lower, schema)
      return schema
    }
    return undefined
  }

  nodes(schema: Schema): Map<string, Node[]> {
    const { name } = schema.module
    const held = this.#nodes.get(name) ?? nodesOf(schema)
    this.#nodes.set(name, held)
    return held
  }

  /** The columns of a module alone. */
  resolver(schema: Schema): Resolve {
    const nodes = this.nodes(schema)
    return (column, table) => {
      const found = nodes.get((table === undefined ? column : `${table}.${column}`).toLowerCase())
      // Two of the name are ambiguous to MariaDB.
      return found?.length === 1 ? found[0] : undefined
    }
  }

  /** Every module's base table, for sub-selects. */
  readonly tables: Tables = (name): Table | undefined => {
    for (const module of this.#database.modules.values()) {
      const schema = this.find(module.name)
      if (schema?.table !== name) continue
      return { rows: this.#database.allRecords(module.name), resolve: this.resolver(schema) }
    }
    return undefined
  }
}

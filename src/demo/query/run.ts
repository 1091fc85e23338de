/** Runs a plan: coreBOS's own conditions are added, the rows checked one by one and shown. */
import type { Caller, CrmRecord, Database } from '../database.ts'
import { blanksTogether } from '../php-text.ts'
import { inSqlRestriction, isRestricted, isRestrictedInSql, mayAccess } from '../restriction.ts'
import { filePath } from '../storage.ts'
import { analyse } from './analyse.ts'
import type { Plan } from './plan.ts'
import type { Row } from './row.ts'
import type { Schema, Schemas } from './schema.ts'
import { node } from './sql/operators.ts'
import { runSelect } from './sql/select.ts'
import type { Selection } from './sql/select.ts'
import type { Resolve } from './sql/expression.ts'
import { comparable, databaseError, order } from './sql/values.ts'
import type { SqlValue } from './sql/values.ts'

export interface QueryResult {
  /** Keys in coreBOS's order. */
  readonly rows: Row[]
  /** What the SQL finds without its limit; rows that are withheld afterwards are counted. */
  readonly totalrows: string | number
}

/** Hides a column of this name from statements by a blank in it. */
const RESTRICTION = 'native restriction'

/** The condition that applies in every session. */
const notDeleted = ({ module }: Schema, caller: Caller): string => {
  if (module.name === 'Users') {
    return caller.isAdmin ? '1' : `vtiger_users.id=${caller.user.number} AND vtiger_users.status='Active'`
  }
  return module.isEntity ? 'vtiger_crmentity.deleted=0' : '1'
}

/** `WHERE …` in coreBOS's order: a caller that breaks out of its own conditions reaches what stands around them. */
const printWhere = (plan: Plan, caller: Caller): string => {
  if (plan.deleted === 'joined') return `WHERE ${plan.where}`
  const restriction = isRestricted(caller) && plan.schema.module.isEntity ? `\`${RESTRICTION}\`` : '1'
  const deleted = notDeleted(plan.schema, caller)
  const own = plan.where === '' ? '' : ` AND ${plan.where}`
  return plan.deleted === 'before'
    ? `WHERE ${restriction} AND ${deleted}${own}`
    : `WHERE ${restriction}${own} AND ${deleted}`
}

const rowsOf = (database: Database, caller: Caller, plan: Plan): CrmRecord[] => {
  const { name } = plan.schema.module
  if (plan.deleted === 'before') return database.allRecords(name).filter(plan.joined)
  if (plan.deleted === 'behind') return byIndex(database.allRecords(name), plan)
  return database.records(name).filter((record) => inSqlRestriction(database, caller, record))
}

const withRestriction = (database: Database, caller: Caller, resolve: Resolve): Resolve => {
  const restriction = node('number', (record) => (inSqlRestriction(database, caller, record) ? 1 : 0))
  return (column, table) => (column === RESTRICTION ? restriction : resolve(column, table))
}

/** Fields that MariaDB has an index on, by module. */
const INDEXED: Readonly<Record<string, string>> = { HelpDesk: 'parent_id', Products: 'productname' }

/** Where a statement concerns nothing but the id and an indexed field, MariaDB reads the index, in its order. */
const byIndex = (records: CrmRecord[], { schema, columns, where, resolve }: Plan): CrmRecord[] => {
  const index = INDEXED[schema.module.name] ?? ''
  const column = schema.column(index)
  const covered = columns.length > 0 && columns.every(({ key }) => key === 'id' || key === index)
  const others =
    where.match(/\.\w+/g)?.filter((name) => name !== `.${schema.key}` && name !== `.${index}`) ?? []
  const found = column === undefined ? undefined : resolve(column.name, column.table)
  if (found === undefined || !covered || others.length > 0) return records
  const value = (record: CrmRecord): SqlValue => comparable(found.get(record), found.type)
  return [...records].sort((left, right) => order(value(left), value(right)) || left.number - right.number)
}

/** Keys of the database's row that no field has, but that begin like a selected module. */
const leftOver = (plan: Plan): { key: string; column: Plan['columns'][number] }[] =>
  plan.relatedModules.flatMap((module) =>
    plan.columns
      .filter(({ key, column }) => key !== column && column.startsWith(module.toLowerCase()))
      .filter(({ key }) => plan.schema.module.field(key) !== undefined || key === 'id')
      .map((column) => ({ key: column.column, column })),
  )

const files = (database: Database, schema: Schema, url: string, record: CrmRecord): [string, string][] => {
  const { name } = schema.module
  if (name === 'Documents') {
    const attached = database.attachments.get(record.number) ?? []
    const [file] = attached
    if (file === undefined || attached.length !== 1) return []
    return [
      ['_downloadurl', `${url}/${filePath(file)}`],
      ['filename', file.name],
    ]
  }
  return schema.module.fields
    .filter(({ uitype }) => uitype === '69')
    .map(({ name: field }) => {
      const image = record.values.get(field) ?? ''
      const file = database.attachments
        .get(record.number)
        ?.find((held) => image !== '' && (held.name === image || held.name === image.replaceAll(' ', '_')))
      return [`${field}fullpath`, file === undefined ? '' : `${url}/${filePath(file)}`]
    })
}

/** The row of a statement that puts its rows together; MariaDB takes the other columns from any of them. */
const oneRow = (columns: Plan['columns'], { all, matching }: Selection): Row => {
  const [any] = all
  return new Map(
    columns
      .filter(({ key }) => key !== '')
      .map(({ key, show, together }) => [key, together?.(matching) ?? (any === undefined ? '' : show(any))]),
  )
}

export const runPlan = (
  database: Database,
  schemas: Schemas,
  caller: Caller,
  url: string,
  plan: Plan,
): QueryResult => {
  const { schema, columns } = plan
  const { module } = schema
  // coreBOS adds a condition on a table that FAQ queries do not join.
  if (module.name === 'Faq' && isRestricted(caller)) throw databaseError()
  const sql = printWhere(plan, caller) + plan.tail
  const selection = runSelect(
    {
      rows: rowsOf(database, caller, plan),
      resolve: withRestriction(database, caller, plan.resolve),
    },
    schemas.tables,
    columns.map((column) => column.node),
    // It adds its condition to a text in which it has put runs of blanks together, inside values too.
    isRestrictedInSql(caller, module) ? blanksTogether(sql) : sql,
    plan,
  )
  const total = plan.total ?? selection.total ?? 0
  const isNumber =
    plan.total !== undefined || selection.total === undefined || !(module.isEntity || module.name === 'Users')
  const totalrows = isNumber ? total : String(total)
  if (selection.analyse) return { rows: analyse(schema, columns, selection), totalrows }
  if (plan.count) {
    const shown = selection.offset === 0 && selection.count > 0
    return { rows: shown ? [new Map([['count', String(selection.matching)]])] : [], totalrows }
  }
  if (columns.some(({ together }) => together !== undefined)) {
    return { rows: [oneRow(columns, selection)], totalrows }
  }
  const extra = leftOver(plan)
  const rows: Row[] = []
  for (const record of selection.rows) {
    if (plan.holdsId && module.isEntity && module.name !== 'Users' && !mayAccess(database, caller, record))
      continue
    const row: Row = new Map(columns.map((column) => [column.key, column.show(record)]))
    for (const { key, column } of extra) row.set(key, column.node.text(record) ?? '')
    if (plan.holdsId) for (const [key, value] of files(database, schema, url, record)) row.set(key, value)
    rows.push(row)
  }
  return { rows, totalrows }
}

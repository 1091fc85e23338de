/**
 * Rows as PHP's database layer gives them: every value under the number of its column and under the name of
 * its column. A name that comes twice keeps its first place and its last value.
 */
import { columnOf, keyColumnOf } from './columns.ts'
import type { CrmRecord, Database, Value } from './database.ts'
import type { Field } from './metadata.ts'
import { shownValue } from './rows.ts'

interface Column {
  readonly name: string
  readonly raw: Value
  /** Under the name, where it is not the raw value. */
  readonly shown?: string
}

export const doubled = (columns: readonly Column[]): Map<string, unknown> => {
  const row = new Map<string, unknown>()
  for (const [index, { name, raw, shown }] of columns.entries()) {
    row.set(String(index), raw ?? '')
    row.set(name, shown ?? raw ?? '')
  }
  return row
}

/** The names beside owner and creator alike are the owner's: both are read from the same joined user. */
const personColumns = (
  database: Database,
  record: CrmRecord,
  number: string,
  prefix: 'owner' | 'creator',
): Column[] => {
  const owner = database.row('Users', Number(record.values.get('assigned_user_id') ?? '0'))
  return [
    { name: prefix === 'owner' ? 'smownerid' : 'smcreatorid', raw: number },
    { name: `${prefix}_firstname`, raw: owner?.values.get('first_name') ?? '' },
    { name: `${prefix}_lastname`, raw: owner?.values.get('last_name') ?? '' },
  ]
}

const fieldColumns = (database: Database, record: CrmRecord, field: Field): Column[] => {
  const raw = record.values.get(field.name) ?? null
  const name = columnOf(record.module, field.name)
  // Only columns that are called like their field are understood as references.
  const known = name === field.name
  const shown = known ? { shown: shownValue(database, field, raw) } : {}
  const column: Column = { name, raw, ...shown }
  if (field.name === 'assigned_user_id')
    return [column, ...personColumns(database, record, raw ?? '', 'owner')]
  if (name === 'creator') return [column, ...personColumns(database, record, raw ?? '', 'creator')]
  return [column]
}

/** A row of `getRelatedRecords`; `names` chooses fields, all of them where it is undefined. */
export const relatedRow = (
  database: Database,
  record: CrmRecord,
  names: readonly string[] | undefined,
): Map<string, unknown> => {
  const fields = database.module(record.module)?.fields ?? []
  const wanted = fields.filter(({ name }) => names === undefined || names.includes(name))
  const columns = wanted.flatMap((field) => fieldColumns(database, record, field))
  const withId = names === undefined || names.includes('id')
  if (withId) columns.push({ name: keyColumnOf(record.module), raw: String(record.number) })
  columns.push({ name: 'cbuuid', raw: record.cbuuid })
  const row = doubled(columns)
  if (withId) row.set('id', database.webserviceId(record))
  return row
}

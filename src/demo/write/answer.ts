/** What a write answers. */
import type { UserCall } from '../call.ts'
import type { CrmRecord, Value } from '../database.ts'
import type { Module } from '../metadata.ts'
import { mayAccess } from '../restriction.ts'
import { downloadUrl, fieldValues, referenceTo, retrievedRecord, shownValue } from '../rows.ts'
import { takesFile } from './documents.ts'
import type { Element } from './checks.ts'

/** The new record as a retrieve would show it, without the names of references. */
const shown = (call: UserCall, record: CrmRecord): Record<string, unknown> => {
  const row = fieldValues(call.database, record)
  if (record.module === 'Documents') row['_downloadurl'] = downloadUrl(call.database, call.url(), record)
  return row
}

/** Columns that coreBOS sets in memory while it creates a record. */
const inMemory = (record: CrmRecord, element: Element): string[] => {
  const { module } = record
  if (module === 'HelpDesk') return ['createdtime', 'commentadded']
  if (module === 'ModComments') return ['createdtime', 'relatedassignedemail']
  if (module !== 'Documents') return ['createdtime']
  const file = takesFile(element) ? ['filedownloadcount'] : []
  return ['createdtime', 'filename', 'filesize', 'filetype', ...file]
}

/** What is told of a new record that the caller may not read: what was given, and little else. */
const echo = (
  call: UserCall,
  module: Module,
  record: CrmRecord,
  element: Element,
  given: ReadonlyMap<string, Value>,
): Record<string, unknown> => {
  const set = new Set(inMemory(record, element))
  const row: Record<string, unknown> = {}
  for (const field of module.fields) {
    const known = given.has(field.name) || set.has(field.name) || field.default !== ''
    row[field.name] = known ? shownValue(call.database, field, record.values.get(field.name)) : ''
  }
  row['id'] = call.database.webserviceId(record)
  row['cbuuid'] = record.cbuuid
  if (record.module === 'Documents') row['_downloadurl'] = downloadUrl(call.database, call.url(), record)
  return row
}

export const createdAnswer = (
  call: UserCall,
  module: Module,
  record: CrmRecord,
  element: Element,
  given: ReadonlyMap<string, Value>,
): Record<string, unknown> =>
  mayAccess(call.database, call.caller, record)
    ? shown(call, record)
    : echo(call, module, record, element, given)

const MINUTES = 16

/**
 * A changed record that the caller may not read any longer is told as it was before, with the values given;
 * its times lose their seconds.
 */
const lostRecord = (
  call: UserCall,
  record: CrmRecord,
  before: ReadonlyMap<string, Value>,
  given: ReadonlyMap<string, Value>,
): Record<string, unknown> => {
  const { database } = call
  const row: Record<string, unknown> = {}
  const fields = database.module(record.module)?.fields ?? []
  for (const field of fields) {
    const value =
      given.get(field.name) ?? (field.name === 'modifiedby' ? record.values : before).get(field.name)
    const text = shownValue(database, field, value)
    row[field.name] = field.type.name === 'datetime' ? text.slice(0, MINUTES) : text
  }
  row['id'] = database.webserviceId(record)
  row['cbuuid'] = record.cbuuid
  const references = fields.filter(({ type }) => type.name === 'reference')
  const owners = fields.filter(({ name }) => name === 'assigned_user_id')
  for (const field of [...references, ...owners]) {
    const target = database.target(field, record.values.get(field.name))
    if (target === undefined) continue
    const readable = database.entity(target.number) !== target || mayAccess(database, call.caller, target)
    if (readable) row[`${field.name}ename`] = referenceTo(database, target)
  }
  return row
}

export const changedAnswer = (
  call: UserCall,
  record: CrmRecord,
  before: ReadonlyMap<string, Value>,
  given: ReadonlyMap<string, Value>,
): Record<string, unknown> => {
  if (!mayAccess(call.database, call.caller, record)) return lostRecord(call, record, before, given)
  const row = retrievedRecord(call.database, call.caller, call.url(), record)
  delete row['pdoInformation']
  return row
}

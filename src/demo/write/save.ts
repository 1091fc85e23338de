/** Creating and changing records. */
import type { UserCall } from '../call.ts'
import { emptyValue } from '../database.ts'
import type { CrmRecord, Value } from '../database.ts'
import type { Field, Module } from '../metadata.ts'
import { dateTime, day } from '../times.ts'
import { columnValue, isNumber } from './columns.ts'
import { resolvedReferences } from './checks.ts'
import type { Element } from './checks.ts'
import { afterSave, numbersBefore } from './effects.ts'
import type { Manner } from './saved.ts'
import { cbuuidOf } from './identity.ts'
import { touch } from './touch.ts'

/** Fields of tickets that callers cannot set: coreBOS works them out. */
const isOwn = (module: Module, field: Field): boolean =>
  !field.editable ||
  String(field.displaytype) === '4' ||
  (module.name === 'HelpDesk' && String(field.displaytype) === '3')

/**
 * The default that describe names; dates default to the day (or moment) of the call. Employees are numbered;
 * the other modules have no numbering set up.
 */
const defaultValue = (call: UserCall, module: Module, field: Field): Value => {
  if (field.name === 'cbemployeeno')
    return `${module.name}-${String(call.database.count(field.name)).padStart(7, '0')}`
  if (field.default === '' && isNumber(field)) return columnValue(call.database, module, field, '0')
  if (field.default === '') return emptyValue(module.name, field)
  if (field.type.name === 'date') return day(call.today())
  if (field.type.name === 'datetime') return dateTime(call.now())
  return field.default
}

/** The column values of what an element gives, by field name. */
export const givenValues = (call: UserCall, module: Module, element: Element): Map<string, Value> => {
  const references = resolvedReferences(call, module, element)
  const values = new Map<string, Value>()
  for (const field of module.fields) {
    if (!(field.name in element) || isOwn(module, field)) continue
    if (module.name === 'SalesOrder' && field.name === 'invoicestatus') continue // coreBOS loses it
    const isReference = field.type.name === 'reference' || field.type.name === 'owner'
    if (isReference) values.set(field.name, references.get(field.name) ?? emptyValue(module.name, field))
    else values.set(field.name, columnValue(call.database, module, field, element[field.name]))
  }
  return values
}

/** Writes a new record; the element has been checked. */
export const insertRecord = (
  call: UserCall,
  module: Module,
  element: Element,
  given: ReadonlyMap<string, Value>,
): CrmRecord => {
  const { database, caller } = call
  numbersBefore(call, module, element)
  const number = database.nextNumber()
  const user = String(caller.user.number)
  const now = dateTime(call.now())
  const own = new Map<string, Value>([
    ['createdtime', now],
    ['modifiedtime', now],
    ['modifiedby', user],
    ['created_user_id', user],
    ['creator', user],
  ])
  const values = new Map<string, Value>()
  for (const field of module.fields) {
    const value = given.get(field.name) ?? own.get(field.name)
    values.set(field.name, value ?? defaultValue(call, module, field))
  }
  const record: CrmRecord = {
    number,
    module: module.name,
    values,
    cbuuid: cbuuidOf(number, module.name),
    deleted: false,
  }
  database.insert(record)
  afterSave(call, { manner: 'create', record, element, before: undefined })
  return record
}

/** Changes a record; the element has been checked. */
export const changeRecord = (
  call: UserCall,
  record: CrmRecord,
  element: Element,
  given: ReadonlyMap<string, Value>,
  manner: Manner,
): void => {
  const before = new Map(record.values)
  for (const [name, value] of given) record.values.set(name, value)
  touch(call, record)
  call.database.savedTimes.delete(record.number)
  afterSave(call, { manner, record, element, before })
}

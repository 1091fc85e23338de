/** What coreBOS checks before it writes. It looks at neither scope nor values beyond this. */
import type { UserCall } from '../call.ts'
import type { CrmRecord, Value } from '../database.ts'
import { CorebosError, denied, invalidId } from '../errors.ts'
import { resolveId } from '../ids.ts'
import type { Field, Module } from '../metadata.ts'
import { mayAccess } from '../restriction.ts'
import { isListed, rightsOf } from '../rights.ts'
import type { Rights } from '../rights.ts'

export type Element = Record<string, unknown>

/** The module of a write; `where` follows the message in mass writes. */
export const writableModule = (call: UserCall, name: string, right: keyof Rights, where = ''): Module => {
  const module = call.database.module(name)
  if (module === undefined || !isListed(call.database, name)) {
    throw denied(`Permission to perform the operation is denied${where === '' ? '' : `${where}${name}`}`)
  }
  if (!rightsOf(call.database, call.caller, module)[right]) {
    throw denied(`Permission to write is denied${where === '' ? '' : ` on module ${name}`}`)
  }
  return module
}

/** The record that the caller may write by this id. */
export const writableRecord = (
  call: UserCall,
  id: string,
  right: keyof Rights,
  message = 'Permission to read given object is denied',
): CrmRecord => {
  const { module, any } = resolveId(call.database, id)
  if (any === undefined || !isListed(call.database, any.module)) throw denied()
  if (!rightsOf(call.database, call.caller, module)[right]) throw denied('Permission to write is denied')
  if (any.module !== module.name) throw invalidId()
  if (!mayAccess(call.database, call.caller, any)) throw denied(message)
  return any
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

export const requireMandatory = (module: Module, has: (field: Field) => boolean): void => {
  const missing = module.fields.find((field) => field.mandatory && field.editable && !has(field))
  if (missing === undefined) return
  throw new CorebosError(
    'MANDATORY_FIELDS_MISSING',
    `${missing.label} (${missing.name}) does not have a value`,
  )
}

export const hasValue =
  (element: Element) =>
  (field: Field): boolean =>
    isGiven(element[field.name])

const idText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/**
 * The number that a reference given as web service id (or bare number) stands for; the prefix is not compared
 * with the record, an unknown record leaves the reference empty.
 */
const referenceNumber = (call: UserCall, field: Field, given: unknown): Value => {
  const { module, any, number } = resolveId(call.database, idText(given))
  const target = ['Users', 'Groups', 'Currency'].includes(module.name) ? module : undefined
  const name = target?.name ?? any?.module ?? module.name
  if (field.type.refersTo?.includes(name) !== true) {
    throw new CorebosError('REFERENCE_INVALID', `Invalid reference specified for ${field.name}`)
  }
  if (target !== undefined) return call.database.row(target.name, number) === undefined ? '0' : String(number)
  return any === undefined ? '0' : String(number)
}

const ownerNumber = (call: UserCall, given: unknown): Value => {
  const { module, number } = resolveId(call.database, idText(given))
  const owner =
    module.name === 'Users' || module.name === 'Groups' ? call.database.row(module.name, number) : undefined
  if (owner === undefined) throw denied('Cannot assign record to the given user')
  return String(number)
}

/** The numbers behind the references and owners of an element. */
export const resolvedReferences = (call: UserCall, module: Module, element: Element): Map<string, Value> => {
  const numbers = new Map<string, Value>()
  const given = module.fields.filter(({ name }) => isGiven(element[name]))
  for (const field of given) {
    if (field.type.name === 'reference')
      numbers.set(field.name, referenceNumber(call, field, element[field.name]))
  }
  for (const field of given) {
    if (field.type.name === 'owner') numbers.set(field.name, ownerNumber(call, element[field.name]))
  }
  return numbers
}

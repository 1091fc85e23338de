/** Writing single records. */
import { Answer } from '../call.ts'
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { sameText } from '../collation.ts'
import type { CrmRecord } from '../database.ts'
import { CorebosError, Crash, invalidId } from '../errors.ts'
import type { Module } from '../metadata.ts'
import { changedAnswer, createdAnswer } from '../write/answer.ts'
import {
  hasValue,
  requireMandatory,
  resolvedReferences,
  writableModule,
  writableRecord,
} from '../write/checks.ts'
import type { Element } from '../write/checks.ts'
import { relateDocument } from '../write/documents.ts'
import type { Manner } from '../write/saved.ts'
import { touch } from '../write/touch.ts'
import { changeRecord, givenValues, insertRecord } from '../write/save.ts'

export const elementOf = (value: unknown): Element => (isObject(value) ? value : {})

export const createIn = (call: UserCall, module: Module, element: Element): Record<string, unknown> => {
  resolvedReferences(call, module, element)
  requireMandatory(module, hasValue(element))
  const given = givenValues(call, module, element)
  const record = insertRecord(call, module, element, given)
  // It crashes after the row was written.
  if (module.name === 'GlobalVariable') throw new Crash()
  const answer = createdAnswer(call, module, record, element, given)
  // Relations come after the answer was made: it cannot see them.
  if (module.name === 'Documents') relateDocument(call, record.number, element)
  return answer
}

export const create: Handler = (call) => {
  const module = writableModule(call, textParameter(call, 'elementType'), 'create')
  return createIn(call, module, elementOf(jsonParameter(call, 'element')))
}

const idOf = (element: Element): string => {
  const id = element['id']
  if (typeof id !== 'string' || id === '') throw invalidId()
  return id
}

const changeBy = (
  call: UserCall,
  record: CrmRecord,
  element: Element,
  manner: Manner,
): Record<string, unknown> => {
  const module = writableModule(call, record.module, 'update')
  resolvedReferences(call, module, element)
  requireMandatory(module, (field) => !(field.name in element) || hasValue(element)(field))
  const given = givenValues(call, module, element)
  const before = new Map(record.values)
  changeRecord(call, record, element, given, manner)
  return changedAnswer(call, record, before, given)
}

/** Changes the fields given and leaves the others. */
export const reviseElement = (call: UserCall, element: Element): Record<string, unknown> =>
  changeBy(call, writableRecord(call, idOf(element), 'update'), element, 'revise')

export const revise: Handler = (call) => reviseElement(call, elementOf(jsonParameter(call, 'element')))

/** As revise, but every mandatory field must be given. */
export const updateElement = (call: UserCall, element: Element): Record<string, unknown> => {
  const record = writableRecord(call, idOf(element), 'update')
  const module = writableModule(call, record.module, 'update')
  requireMandatory(module, hasValue(element))
  return changeBy(call, record, element, 'update')
}

export const update: Handler = (call) => updateElement(call, elementOf(jsonParameter(call, 'element')))

/** The record to delete; what depends on it stays. */
export const deleteById = (call: UserCall, id: string): void => {
  const record = writableRecord(call, id === '' ? 'x' : id, 'delete')
  touch(call, record)
  record.deleted = true
}

export const remove: Handler = (call) => {
  deleteById(call, textParameter(call, 'id'))
  return { status: 'successful' }
}

/**
 * The first record whose fields hold what the element gives. The search is not restricted to what the caller
 * may read, and a reference is compared with a name: an id never finds it.
 */
export const findBy = (
  call: UserCall,
  module: Module,
  element: Element,
  names: readonly string[],
): CrmRecord | undefined =>
  call.database.records(module.name).find(({ values }) =>
    names.every((name) => {
      const given = element[name]
      const type = module.field(name)?.type.name
      if (type === 'reference' || type === 'owner' || typeof given !== 'string') return false
      return sameText(values.get(name) ?? '', given)
    }),
  )

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

export const upsert: Handler = (call) => {
  const module = writableModule(call, textParameter(call, 'elementType'), 'create')
  const element = elementOf(jsonParameter(call, 'element'))
  const searched = listOf(textParameter(call, 'searchOn'))
  for (const name of searched) {
    const given = element[name]
    if (given !== undefined && given !== '') continue
    throw new CorebosError('SEARCH_VALUE_NOT_PROVIDED', `No value is provided for the search field: ${name}`)
  }
  const found = findBy(call, module, element, searched)
  if (found === undefined) return createIn(call, module, element)
  const updated = listOf(textParameter(call, 'updatedfields'))
  const chosen = Object.entries(element).filter(([name]) => updated.includes(name))
  return reviseElement(call, { ...Object.fromEntries(chosen), id: call.database.webserviceId(found) })
}

export const failed = (result: unknown): Answer => new Answer(result, null, false)

/** Writes that look at the values first and answer what is wrong with them, as coreBOS's own forms do. */
import { jsonParameter, textParameter } from '../parameters.ts'
import type { Handler } from '../call.ts'
import { CorebosError } from '../errors.ts'
import { uitypes } from '../metadata.ts'
import type { Field, Module } from '../metadata.ts'
import { writableModule, writableRecord } from '../write/checks.ts'
import type { Element } from '../write/checks.ts'
import { createIn, elementOf, failed, reviseElement, updateElement } from './write.ts'

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

const problem = (field: Field, element: Element): string | undefined => {
  const value = text(element[field.name])
  if (value === '') return field.mandatory && field.editable ? `${field.label} is required` : undefined
  const isWhole = /^-?\d+$/.test(value)
  if (field.type.name === 'reference' && field.uitype === '10' && !isWhole)
    return `${field.label} must be an integer`
  if (field.type.name === 'integer' && !isWhole) return `${field.label} must be an integer`
  if (field.type.name !== 'double' && field.type.name !== 'currency') return undefined
  return Number(value) >= 0 ? undefined : `${field.label} must be at least 0`
}

/** Problems by field, in the order in which the fields were made. */
export const problemsOf = (module: Module, element: Element): Record<string, string[]> => {
  const order = Object.keys(uitypes[module.name] ?? {})
  const place = ({ name }: Field): number => {
    const found = order.indexOf(name)
    return found < 0 ? order.length : found
  }
  const fields = module.fields.toSorted((left, right) => place(left) - place(right))
  const found = fields.map((field): [string, string | undefined] => [field.name, problem(field, element)])
  return Object.fromEntries(
    found.flatMap(([name, message]) => (message === undefined ? [] : [[name, [message]]])),
  )
}

const refused = (module: Module, element: Element): Record<string, string[]> | undefined => {
  const problems = problemsOf(module, element)
  return Object.keys(problems).length === 0 ? undefined : problems
}

export const createWithValidation: Handler = (call) => {
  const module = writableModule(call, textParameter(call, 'elementType'), 'create')
  const element = elementOf(jsonParameter(call, 'element'))
  const problems = refused(module, element)
  return problems === undefined ? createIn(call, module, element) : failed(problems)
}

const changing =
  (change: typeof reviseElement): Handler =>
  (call) => {
    const element = elementOf(jsonParameter(call, 'element'))
    const id = text(element['id'])
    if (id === '') throw new CorebosError('INVALID_PARAMETER', 'Invalid parameter')
    const record = writableRecord(call, id, 'update')
    const problems = refused(writableModule(call, record.module, 'update'), element)
    return problems === undefined ? change(call, element) : failed(problems)
  }

export const reviseWithValidation = changing(reviseElement)
export const updateWithValidation = changing(updateElement)

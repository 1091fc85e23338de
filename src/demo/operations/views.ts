/** Saved views, business actions, translations and the check of a form. */
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler } from '../call.ts'
import { CorebosError, denied } from '../errors.ts'
import { readData } from '../metadata.ts'
import { readableRecord } from './read.ts'
import { moduleNamed } from './describe.ts'
import { problemsOf } from './validate.ts'
import { failed } from './write.ts'

interface View {
  readonly name: string
  readonly default: boolean
}

interface ViewsFile {
  filters: Record<string, Record<string, View>>
  saved: Record<string, Record<string, View>>
  actions: Record<string, unknown>
  translations: Record<string, Record<string, string>>
}

const file = readData('views.json') as ViewsFile // our own data file, made by data/generate.ts

const linkFields = (description: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> => {
  const filter = description?.['filterFields']
  return isObject(filter) ? filter : {}
}

export const getfilterfields: Handler = (call) =>
  moduleNamed(call, textParameter(call, 'module')).description?.['filterFields'] ?? []

export const getfiltersbymodule: Handler = (call) => {
  const module = moduleNamed(call, textParameter(call, 'module'))
  const views = Object.entries(file.filters[module.name] ?? {}).sort(([, left], [, right]) =>
    left.name < right.name ? -1 : 1,
  )
  const html = views.map(([id, view]) => {
    const owner = view.default ? '' : ' [ Administrator] '
    return `<option value='${id}'>${view.name}${owner}</option>`
  })
  const { linkfields, pagesize } = linkFields(module.description)
  return { html: html.join(''), filters: new Map(views), linkfields, pagesize }
}

export const getViewsByModule: Handler = (call) => {
  const module = moduleNamed(call, textParameter(call, 'module'))
  const { linkfields, pagesize } = linkFields(module.description)
  return { filters: file.saved[module.name] ?? [], linkfields, pagesize }
}

export const getBusinessActions: Handler = (call) => {
  const module = moduleNamed(call, textParameter(call, 'module'))
  const linktype = textParameter(call, 'linktype')
  const id = textParameter(call, 'id')
  if (id === '') return { [linktype]: [] }
  const record = readableRecord(call, id)
  const text = JSON.stringify(file.actions[`${module.name} ${linktype}`] ?? [])
  return { [linktype]: JSON.parse(text.replaceAll('$RECORD', String(record.number))) as unknown }
}

/** By the text, else by its key; what has no translation comes back as it is. */
export const gettranslation: Handler = (call) => {
  const given = jsonParameter(call, 'totranslate')
  const words = file.translations[`${textParameter(call, 'language')} ${textParameter(call, 'module')}`] ?? {}
  const translate = (text: unknown, key = ''): unknown =>
    typeof text === 'string' ? (words[text] ?? words[key] ?? text) : text
  if (Array.isArray(given)) return given.map((text) => translate(text))
  if (!isObject(given)) return []
  return Object.fromEntries(Object.entries(given).map(([key, text]) => [key, translate(text, key)]))
}

export const validateInformation: Handler = (call) => {
  const context = jsonParameter(call, 'context')
  if (!isObject(context)) throw new CorebosError('INVALID_PARAMETER', 'Invalid parameter')
  const id = context['record']
  const record = typeof id === 'string' && id !== '' ? readableRecord(call, id) : undefined
  const name = typeof context['module'] === 'string' ? context['module'] : (record?.module ?? '')
  const module = call.database.module(name)
  if (module === undefined) throw denied()
  const problems = problemsOf(module, context)
  return Object.keys(problems).length === 0 ? true : failed(problems)
}

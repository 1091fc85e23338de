/** Writing many records in one call. */
import { Answer } from '../call.ts'
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { CorebosError, Crash } from '../errors.ts'
import { writableModule } from '../write/checks.ts'
import type { Element } from '../write/checks.ts'
import { createIn, deleteById, elementOf, findBy, reviseElement } from './write.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The names of other elements (`@{name}`) that an element waits for. */
const waitsFor = (element: Element): string[] =>
  Object.values(element).flatMap((value) => /^@\{(.+)\}$/.exec(text(value))?.[1] ?? [])

/** Elements that others refer to come before these. */
const inOrder = (elements: readonly Element[]): Element[] => {
  const done: Element[] = []
  let waiting = [...elements]
  while (waiting.length > 0) {
    const open = new Set(waiting.map((entry) => text(entry['referenceId'])))
    const ready = waiting.filter((entry) =>
      waitsFor(elementOf(entry['element'])).every((name) => !open.has(name)),
    )
    const next = ready.length > 0 ? ready : waiting
    done.push(...next)
    waiting = waiting.filter((entry) => !next.includes(entry))
  }
  return done
}

const withIds = (element: Element, ids: ReadonlyMap<string, string>): Element =>
  Object.fromEntries(
    Object.entries(element).map(([name, value]) => {
      const reference = /^@\{(.+)\}$/.exec(text(value))?.[1]
      return [name, reference === undefined ? value : (ids.get(reference) ?? '')]
    }),
  )

const createOne = (call: UserCall, entry: Element, element: Element): Record<string, unknown> => {
  const module = writableModule(call, text(entry['elementType']), 'create', ' on module')
  const searched = text(entry['searchon'])
    .split(',')
    .filter((name) => name !== '')
  const found = searched.length === 0 ? undefined : findBy(call, module, element, searched)
  if (found === undefined) return createIn(call, module, element)
  return reviseElement(call, { ...element, id: call.database.webserviceId(found) })
}

/** Some may fail and others be written; the modules are looked at before anything is. */
export const massCreate: Handler = (call) => {
  const given = jsonParameter(call, 'elements')
  if (!Array.isArray(given)) throw new Crash()
  const entries = given.filter(isObject)
  for (const entry of entries) writableModule(call, text(entry['elementType']), 'create', ' on module')
  const ids = new Map<string, string>()
  const created: unknown[] = []
  const failures: unknown[] = []
  for (const entry of inOrder(entries)) {
    try {
      const record = createOne(call, entry, withIds(elementOf(entry['element']), ids))
      ids.set(text(entry['referenceId']), text(record['id']))
      created.push(record)
    } catch (error) {
      if (!(error instanceof CorebosError)) throw error
      failures.push({ record: entry, code: error.code, message: error.message })
    }
  }
  return new Answer({ success_creates: created, failed_creates: failures }, null, failures.length === 0)
}

export const massUpdate: Handler = (call) => {
  const given = jsonParameter(call, 'elements')
  if (!Array.isArray(given)) throw new Crash()
  const updated: unknown[] = []
  const failures: unknown[] = []
  for (const element of given.filter(isObject)) {
    try {
      updated.push(reviseElement(call, element))
    } catch (error) {
      if (!(error instanceof CorebosError)) throw error
      failures.push({ id: text(element['id']), code: error.code, message: error.message })
    }
  }
  return { success_updates: updated, failed_updates: failures }
}

export const massDelete: Handler = (call) => {
  const deleted: string[] = []
  const failures: unknown[] = []
  for (const id of textParameter(call, 'ids').split(',')) {
    try {
      deleteById(call, id)
      deleted.push(id)
    } catch (error) {
      if (!(error instanceof CorebosError)) throw error
      failures.push({ id, code: error.code, message: error.message })
    }
  }
  return { success_deletes: deleted, failed_deletes: failures }
}

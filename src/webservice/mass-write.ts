/** Mass writes: every element is rehearsed before the first one is written. */
import type { WriteOperation } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import type { Input, WebserviceWriteContext } from './call.ts'
import { idOf, mostElements, type Fields } from './element.ts'
import { failed, failure, result, toRejection, WebserviceRejection, type Result } from './envelope.ts'
import { namesIn, namesOf, requireLength } from './lists.ts'
import { isObject, type Parameter } from './php.ts'
import { rehearse } from './rehearsal.ts'
import {
  type Row,
  type Change,
  creation,
  revisionBy,
  carryOut,
  complete,
  findBy,
  remove,
  auditRejection,
} from './write.ts'

interface MassEntry {
  /** The subject of a failure. */
  readonly about: { readonly id: string } | { readonly record: Parameter }
  readonly prepare: () => Promise<Change>
}

interface MassOutcome {
  readonly done: Row[]
  readonly failures: Row[]
}

/**
 * Writes all elements or, if one is rejected, none. coreBOS has no such operation, so every element is rehearsed before
 * the first one is written; if coreBOS fails in between, nothing more is written.
 */
async function mass(
  operation: WriteOperation,
  entries: readonly MassEntry[],
  client: WebserviceWriteContext,
): Promise<MassOutcome> {
  const { context } = client
  const changes: Change[] = []
  const rejected = new Map<MassEntry, unknown>()
  for (const entry of entries) {
    try {
      const change = await entry.prepare().catch((error: unknown) => {
        auditRejection(operation, 'id' in entry.about ? [entry.about.id] : [], error, client)
        throw error
      })
      await rehearse(change.write, context, complete(client))
      changes.push(change)
    } catch (error) {
      if (!isRejection(error)) throw error
      rejected.set(entry, error)
    }
  }
  const done: Row[] = []
  for (const [index, entry] of entries.entries()) {
    const change = changes[index]
    if (rejected.size > 0 || change === undefined) break
    try {
      done.push(await carryOut(change, client))
    } catch (error) {
      rejected.set(entry, error)
    }
  }
  const left = rejected.size === 0 ? [] : entries.slice(done.length)
  return { done, failures: left.map((entry) => ({ ...entry.about, ...reason(rejected.get(entry)) })) }
}

/** Something that is said of one element, and not of the session or of coreBOS. */
function isRejection(error: unknown): boolean {
  if (error instanceof WebserviceRejection) return true
  return error instanceof GatewayError && [400, 403, 404, 422].includes(error.status)
}

function reason(error: unknown): Pick<Row, 'code' | 'message'> {
  if (error === undefined)
    return { code: 'ACCESS_DENIED', message: 'Not written, since another one was rejected' }
  const { code, message } = failure(toRejection(error))
  return { code, message }
}

function list(input: Input, name: string): Fields[] {
  const given = input.json(name)
  const elements: readonly Parameter[] = Array.isArray(given) ? given : []
  requireLength(name, elements.length, mostElements, 'records')
  if (!Array.isArray(given) || !elements.every(isObject)) {
    throw new GatewayError('BAD_REQUEST', `'${name}' is a list of objects`)
  }
  return elements.filter(isObject)
}

/** A write that is prepared when it is carried out, so that it finds records created by earlier elements. */
function late(choose: () => Promise<Change>): Change {
  let chosen: Promise<Change> | undefined
  return {
    write: async (author) => (await (chosen = choose())).write(author),
    show: async (written) => (await (chosen ?? choose())).show(written),
  }
}

export async function massCreate(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const sought = new Set<string>()
  const entries = list(input, 'elements').map((entry): MassEntry => {
    const [module, element, searchon] = [entry['elementType'], entry['element'], entry['searchon']]
    return {
      about: { record: entry },
      prepare: async () => {
        const name = typeof module === 'string' ? module : ''
        const fields = isObject(element) ? element : {}
        const searched = typeof searchon === 'string' ? namesIn('searchon', searchon) : []
        if (searched.length === 0) return creation(name, fields, client)
        const choose = async () => {
          const found = await findBy(name, fields, searched, client)
          return found === undefined ? creation(name, fields, client) : revisionBy(found, fields, client)
        }
        const place = JSON.stringify([name.toLowerCase(), searched.map((each) => [each, fields[each]])])
        const isFirst = !sought.has(place)
        sought.add(place)
        return isFirst ? choose() : late(choose)
      },
    }
  })
  const { done, failures } = await mass('create', entries, client)
  const answer = { success_creates: done, failed_creates: failures }
  return failures.length === 0 ? result(answer) : failed(answer)
}

export async function massUpdate(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const entries = list(input, 'elements').map((element): MassEntry => {
    const id = idOf(element)
    return { about: { id }, prepare: async () => revisionBy(id, element, client) }
  })
  const { done, failures } = await mass('update', entries, client)
  return result({ success_updates: done, failed_updates: failures })
}

export async function massDelete(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const ids = namesOf(input, 'ids')
  requireLength('ids', ids.length, mostElements, 'records')
  const entries = ids.map((id): MassEntry => ({
    about: { id },
    prepare: async () => ({ write: (author) => remove(id, author), show: async () => ({ id }) }),
  }))
  const { done, failures } = await mass('delete', entries, client)
  return result({ success_deletes: done.map(({ id = '' }) => id), failed_deletes: failures })
}

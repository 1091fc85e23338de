/** Which modules a request needs to be described: those that it names, and those that their rules lead to. */
import { NotDescribed } from '../model/not-described.ts'
import type { Contact } from '../model/contact.ts'
import type { Policy } from '../policy/policy.ts'

/** Modules that work on a request has asked for so far. */
export type Needed = ReadonlySet<string> | 'all'

/** What a request names its modules in. */
export interface Naming {
  readonly url: string
  readonly body?: unknown
}

/** Every word of the request that could be a module. Words that are none cost nothing. */
export function wordsOf({ url, body }: Naming): string[] {
  const text = typeof body === 'object' && body !== null ? Object.values(body).join(' ') : ''
  return `${url} ${text}`.match(/[A-Za-z][A-Za-z0-9_]*/g) ?? []
}

/** The modules that the rules on these lead to, these included. */
export function withTies(names: Iterable<string>, policy: Policy, contact: Contact): Set<string> {
  const found = new Set(names)
  for (const name of found) {
    const ties = policy.decide(contact, name)?.rule.ties
    for (const { module } of ties?.through ?? []) found.add(module)
    for (const module of ties?.relation ?? []) found.add(module)
  }
  return found
}

/**
 * What a request needs after its work has failed for want of a description.
 *
 * @throws the error where it is another one, or where the work had what it asks for
 */
export function neededAfter(error: unknown, before: Needed = new Set()): Needed {
  if (!(error instanceof NotDescribed) || before === 'all') throw error
  if (error.modules === 'all') return 'all'
  if (error.modules.every((name) => before.has(name))) throw error
  return new Set([...before, ...error.modules])
}

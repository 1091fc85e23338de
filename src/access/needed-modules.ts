/** The modules whose descriptions a request needs: those that it names, and those that their rules refer to. */
import { NotDescribed } from '../model/not-described.ts'
import type { Contact } from '../model/contact.ts'
import type { Policy } from '../policy/policy.ts'

/** The modules that the work of a request has needed so far. */
export type Needed = ReadonlySet<string> | 'all'

/** The parts of a request that name modules. */
export interface Naming {
  readonly url: string
  readonly body?: unknown
}

/** Every word of the request that could be a module. Other words have no effect. */
export function wordsOf({ url, body }: Naming): string[] {
  const text = typeof body === 'object' && body !== null ? Object.values(body).join(' ') : ''
  return `${url} ${text}`.match(/[A-Za-z][A-Za-z0-9_]*/g) ?? []
}

/** These modules, and those that their rules refer to. */
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
 * The modules that a request needs after its work failed for lack of a description.
 *
 * @throws the error if it is another one, or if the description was available
 */
export function neededAfter(error: unknown, before: Needed = new Set()): Needed {
  if (!(error instanceof NotDescribed) || before === 'all') throw error
  if (error.modules === 'all') return 'all'
  if (error.modules.every((name) => before.has(name))) throw error
  return new Set([...before, ...error.modules])
}

/** Whether the names of records that its records refer to are wanted as well (`display=true`). */
export function wantsNames({ url }: Naming): boolean {
  return /[?&]display=true(?:&|$)/.test(url)
}

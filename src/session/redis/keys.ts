/** What things are called in Redis: names that say nothing, and that are found again. */
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { slotTag, type KeyRing, type SealKey } from './encryption.ts'

/** The Redis keys of a session. They are derived from its id, which holds a ring key id, a hash tag and a contact name. */
export interface SessionKeys {
  readonly key: SealKey
  /** Identifies the owner to holders of the key. */
  readonly contact: string
  readonly session: string
  readonly index: string
}

/** Session keys that ran out are looked for here. */
export const queue = 'gw:queue'
/**
 * In one slot, so that one command reads them: a text that changes with every change of records, one that changes when
 * everything is outdated, what is known of changes in coreBOS, and a hash of module names (`''`: all modules), which
 * identify no person.
 */
export const generations = {
  records: 'gw:{all}r',
  everything: 'gw:{all}e',
  watched: 'gw:{all}w',
  modules: 'gw:{all}m',
} as const

/** The number of cached names of counters, and of cached keys of sessions. */
const mostNames = 5000

export class RedisKeys {
  readonly #ring: KeyRing
  /** Each name takes two hashes, and a request has the same names as the one before. */
  readonly #names = new LRUCache<string, [string, ...string[]]>({ max: mostNames })
  readonly #sessions = new LRUCache<string, SessionKeys>({ max: mostNames })

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  /** The keys and the id of a new session. */
  create(contactId: string): SessionKeys & { readonly id: string } {
    const key = this.#ring.first
    const id = `${key.id}${slotTag(contactId)}${contactName(key, contactId)}${randomBytes(16).toString('base64url')}`
    const keys = this.of(id)
    if (keys === undefined) throw new Error('a session id that was just made cannot be read')
    return { ...keys, id }
  }

  /** @returns `undefined` for what is no session id of ours, or of a key that we do not have */
  of(sessionId: string): SessionKeys | undefined {
    const known = this.#sessions.get(sessionId) ?? this.#keysOf(sessionId)
    if (known !== undefined) this.#sessions.set(sessionId, known)
    return known
  }

  #keysOf(sessionId: string): SessionKeys | undefined {
    const [, keyId = '', tag = '', contact = ''] =
      /^([\w-]{6})([\da-f]{2})([\w-]{11})[\w-]{22}$/.exec(sessionId) ?? []
    const key = this.#ring.byId(keyId)
    if (key === undefined) return undefined
    const session = `gw:{${tag}}s:${key.name('session', sessionId)}`
    return { key, contact, session, index: `gw:{${tag}}i:${contact}` }
  }

  isOf(keys: SessionKeys, contactId: string): boolean {
    return keys.contact === contactName(keys.key, contactId)
  }

  /** The indexes of a contact's sessions, one per key of the ring. */
  indexes(contactId: string): [string, ...string[]] {
    return this.#each((key) => `gw:{${slotTag(contactId)}}i:${contactName(key, contactId)}`)
  }

  /** The names of a counter, one per key of the ring; kept under the first. */
  counter(text: string): [string, ...string[]] {
    const names = this.#names.get(text) ?? this.#named(text, 'c', 'counter')
    this.#names.set(text, names)
    return names
  }

  /** The names of a value, one per key of the ring; kept under the first. */
  value(text: string): [string, ...string[]] {
    return this.#named(text, 'v', 'value')
  }

  /** The names of a group of slots, one per key of the ring; kept under the first. */
  slots(text: string): [string, ...string[]] {
    return this.#named(text, 'p', 'tickets')
  }

  #named(text: string, letter: string, kind: string): [string, ...string[]] {
    const tag = slotTag(text)
    return this.#each((key) => `gw:{${tag}}${letter}:${key.name(kind, text)}`)
  }

  #each(name: (key: SealKey) => string): [string, ...string[]] {
    return [name(this.#ring.first), ...this.#ring.all.slice(1).map(name)]
  }
}

function contactName(key: SealKey, contactId: string): string {
  return key.name('contact', contactId, 11)
}

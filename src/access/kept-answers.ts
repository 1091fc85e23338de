/** Answers as bytes, verified for one contact and sent again for the same question, while all that they rest on stays as it was. */
import { LRUCache } from 'lru-cache'
import type { VisibleModules } from '../scope/view.ts'
import type { Fresh } from './freshness.ts'
import type { Provenance } from './provenance.ts'

/** The body of an answer with its entity tags. */
export interface KeptAnswer {
  readonly body: Buffer
  /** Empty where the route says none. */
  readonly tags: readonly string[]
}

interface Entry extends KeptAnswer {
  /** Another object after a change of the contact's scope, of the policy in force, or of the modules' descriptions. */
  readonly visible: VisibleModules
  readonly modules: readonly string[]
  readonly generation: string
  readonly readAt: number
  readonly until: number
}

/** For whom, and under what, an answer is kept and looked for. */
export interface Asked {
  /** The id of the session that asks; no session is given the answer of another one. */
  readonly session: string
  readonly visible: VisibleModules
  readonly fresh: (modules: readonly string[]) => Fresh
}

export interface KeptAnswersOptions {
  /** How long an answer may be used again at most (`READ_CACHE_TTL`). Milliseconds; 0: nothing is kept. */
  readonly ttlMs: number
  readonly now: () => number
  /** Told of each answer that is used again, or made. */
  readonly observe: (how: 'kept' | 'read') => void
}

/** Bytes of all bodies, each of which may stand here compressed as well. */
const mostKept = 64 * 2 ** 20

export class KeptAnswers {
  readonly #options: KeptAnswersOptions
  readonly #entries: LRUCache<string, Entry>

  constructor(options: KeptAnswersOptions) {
    this.#options = options
    this.#entries = new LRUCache({
      maxSize: mostKept,
      sizeCalculation: ({ body }, key) => 2 * body.length + key.length + 1000,
    })
  }

  get isOn(): boolean {
    return this.#options.ttlMs > 0
  }

  /** @param question all that the answer depends on besides what the contact may see. @returns undefined: not kept, or out of date */
  find({ session, visible, fresh }: Asked, question: string): KeptAnswer | undefined {
    const key = `${session}\n${question}`
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const { generation, maxAge } = fresh(entry.modules)
    const now = this.#options.now()
    const isCurrent =
      entry.visible === visible &&
      entry.generation === generation &&
      now < entry.until &&
      now - entry.readAt <= maxAge
    if (!isCurrent) {
      this.#entries.delete(key)
      return undefined
    }
    this.#options.observe('kept')
    return entry
  }

  /** Keeps an answer that was made after {@link find} had found none, where all is known that it rests on. */
  add({ session, visible, fresh }: Asked, question: string, answer: KeptAnswer, { known }: Provenance): void {
    this.#options.observe('read')
    if (known === undefined) return
    const { modules } = known
    const now = this.#options.now()
    const readAt = Math.min(known.readAt, now)
    const until = Math.min(known.until, readAt + this.#options.ttlMs)
    const entry = { ...answer, visible, modules, generation: fresh(modules).generation, readAt, until }
    this.#entries.set(`${session}\n${question}`, entry)
  }
}

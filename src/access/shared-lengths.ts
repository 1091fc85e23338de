/** Field lengths that one instance has learnt, in the store for all of them. A store that fails is one without lengths. */
import { FieldLengths } from '../model/lengths.ts'
import type { Store } from '../session/contract.ts'

const key = 'field lengths'

/** How long a length is believed: a column may become longer. Milliseconds. */
const life = 7 * 86_400_000

/** How often an instance looks at what the others have learnt, where it writes. Milliseconds. */
const every = 60_000

export interface SharedLengthsOptions {
  /** Undefined where there is one instance alone. */
  readonly store: Pick<Store, 'get' | 'put'> | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class SharedLengths {
  readonly lengths: FieldLengths
  readonly #options: SharedLengthsOptions
  #lookedAt = -Infinity

  constructor(options: SharedLengthsOptions) {
    this.#options = options
    this.lengths = new FieldLengths((learnt) => void this.#put(Object.fromEntries(learnt)))
  }

  /** Takes over what the other instances know, where it is time to. */
  async refresh(): Promise<void> {
    const { store, now } = this.#options
    if (store === undefined || now() < this.#lookedAt + every) return
    this.#lookedAt = now()
    const kept = await store.get(key).catch(() => undefined)
    if (kept !== undefined) this.lengths.replace(Object.entries(JSON.parse(kept) as Record<string, number>)) // as `#put` wrote it
  }

  /** Forgets what was learnt, on every instance. */
  async forget(): Promise<void> {
    this.lengths.replace([])
    await this.#put({})
  }

  async #put(lengths: Readonly<Record<string, number>>): Promise<void> {
    await this.#options.store?.put(key, JSON.stringify(lengths), life).catch(() => undefined)
  }
}

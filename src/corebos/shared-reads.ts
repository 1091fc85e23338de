/** Rows that several requests share: those that are on their way, and those that came a moment ago. */
import { LRUCache } from 'lru-cache'
import type { Rows } from './read.ts'

export interface SharedReadsOptions {
  /** How long rows may be used again (`READ_CACHE_TTL`); 0: only while they are on their way. Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
  /** Told of whoever did not have to ask coreBOS. */
  readonly observe: (how: 'kept' | 'awaited') => void
}

/** Characters of all rows that are kept, with what they were asked by. */
const mostKept = 64 * 2 ** 20

export class SharedReads {
  readonly #options: SharedReadsOptions
  readonly #kept: LRUCache<string, Rows> | undefined
  readonly #underWay = new Map<string, Promise<Rows>>()

  constructor(options: SharedReadsOptions) {
    const { ttlMs, now } = options
    this.#options = options
    this.#kept =
      ttlMs === 0
        ? undefined
        : new LRUCache({
            ttl: ttlMs,
            ttlResolution: 0,
            perf: { now },
            maxSize: mostKept,
            sizeCalculation: (rows, key) => key.length + sizeOf(rows),
          })
  }

  /**
   * @param key says all that the rows depend on but the time
   * @throws what `ask` throws, to everybody who waits for it; nothing of that is kept
   */
  async read(key: string, ask: () => Promise<Rows>): Promise<Rows> {
    const { now, observe } = this.#options
    const kept = this.#kept?.get(key)
    if (kept !== undefined) {
      observe('kept')
      return kept
    }
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) {
      observe('awaited')
      return underWay
    }
    const began = now()
    const asked = ask()
      .then((rows) => {
        // As old as the question: coreBOS may have changed while it answered.
        this.#kept?.set(key, rows, { start: began })
        return rows
      })
      .finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, asked)
    return asked
  }
}

function sizeOf({ rows }: Rows): number {
  let size = 1
  for (const row of rows) for (const value of Object.values(row)) size += value.length + 8
  return size
}

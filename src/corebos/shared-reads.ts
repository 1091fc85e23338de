/** Rows that several requests share: reads in progress, and recent answers. */
import type { Rows } from './read.ts'
import { SharedCache, type CacheUse } from './shared-cache.ts'

export interface SharedReadsOptions {
  /** The lifetime of rows (`READ_CACHE_TTL`); 0: only while they are read. Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
  /** Receives each request. */
  readonly observe: (how: CacheUse) => void
}

/** Bytes of all cached rows, with their keys; twice as many where texts are not in Latin letters. */
const mostKept = 64 * 2 ** 20

export class SharedReads {
  readonly #cache: SharedCache<Rows>

  constructor(options: SharedReadsOptions) {
    const bound = { maxSize: mostKept, sizeOf: (rows: Rows, key: string) => key.length + sizeOf(rows) }
    this.#cache = new SharedCache({ ...options, bound })
  }

  get reading(): number {
    return this.#cache.reading
  }

  /**
   * @param key says all that the rows depend on but the time
   * @param maxAge milliseconds; rows that were read earlier are read again
   * @param used told when the rows were read
   * @throws what `ask` throws, to every request that waits for it; nothing of that is kept
   */
  async read(
    key: string,
    ask: () => Promise<Rows>,
    maxAge?: number,
    used?: (readAt: number) => void,
  ): Promise<Rows> {
    return this.#cache.get(key, ask, maxAge, used)
  }
}

/** Bytes of a value besides its characters, in the memory of Node. */
const ofValue = 40

function sizeOf({ rows }: Rows): number {
  let size = 1
  for (const row of rows) for (const value of Object.values(row)) size += value.length + ofValue
  return size
}

/** A cache that also shares reads in progress among all requests that need them. */
import { LRUCache } from 'lru-cache'
import { atMost } from '../model/cache-bound.ts'
import type { CallKind } from './queue-limit.ts'
import { SharedWork } from './shared-work.ts'

export interface SharedCacheOptions<T> {
  /** The lifetime of a value; 0: not cached. Milliseconds. */
  readonly ttlMs: number
  /** Number of values, or their total size. */
  readonly bound:
    | { readonly max: number }
    | { readonly maxSize: number; readonly sizeOf: (value: T, key: string) => number }
  readonly now: () => number
  /** The account of reads; default: that of the first request. */
  readonly kind?: CallKind
  /** The latest time at which a value that is read is certainly true; default: the time at which its read began. */
  readonly readAt?: (value: T) => number
  /** Receives each request. */
  readonly observe?: (how: CacheUse) => void
}

/** The source of a request's value: `kept` from before, `awaited` with another request, or `read` from coreBOS. */
export type CacheUse = 'kept' | 'awaited' | 'read'

/** A value and the moment at which it was true at the latest. */
interface Dated<T> {
  readonly value: T
  readonly readAt: number
}

export class SharedCache<T extends object> {
  readonly #options: SharedCacheOptions<T>
  readonly #kept: LRUCache<string, T> | undefined
  readonly #reading: SharedWork<Dated<T>>
  #generation = 0

  constructor(options: SharedCacheOptions<T>) {
    const { ttlMs, bound, now, kind } = options
    const time = { ttl: ttlMs, ttlResolution: 0, perf: { now } }
    this.#options = options
    this.#reading = new SharedWork(kind)
    if (ttlMs > 0) {
      this.#kept =
        'max' in bound
          ? new LRUCache({ ...time, ...atMost(bound.max) })
          : new LRUCache({ ...time, maxSize: bound.maxSize, sizeCalculation: bound.sizeOf })
    }
  }

  /** Reads in progress. */
  get reading(): number {
    return this.#reading.count
  }

  /**
   * @param key says all that the value depends on but the time
   * @param maxAge milliseconds; what was read earlier is read again
   * @param used told when the value may have been true at the latest
   * @throws what `read` throws, to every request that waits for it; nothing of that is kept
   */
  async get(
    key: string,
    read: () => Promise<T>,
    maxAge = Infinity,
    used: (readAt: number) => void = () => undefined,
  ): Promise<T> {
    const { observe = () => undefined, ttlMs, now } = this.#options
    const kept = this.#kept?.get(key)
    const age = ttlMs - (this.#kept?.getRemainingTTL(key) ?? 0)
    if (kept !== undefined && age <= maxAge) {
      observe('kept')
      used(now() - age)
      return kept
    }
    const { value, readAt } = await this.#reading.run(
      key,
      () => {
        observe('read')
        return this.#read(key, read)
      },
      () => observe('awaited'),
    )
    used(readAt)
    return value
  }

  clear(): void {
    this.#generation += 1
    this.#kept?.clear()
    this.#reading.clear()
  }

  async #read(key: string, read: () => Promise<T>): Promise<Dated<T>> {
    const began = this.#options.now()
    const generation = this.#generation
    const value = await read()
    // As old as the question: coreBOS may have changed while it answered.
    const readAt = this.#options.readAt?.(value) ?? began
    if (generation === this.#generation) this.#kept?.set(key, value, { start: readAt })
    return { value, readAt }
  }
}

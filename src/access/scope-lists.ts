/**
 * Id lists that make up a scope: looked up once for all instances, and again after a change of a module that they
 * depend on.
 */
import { SharedCache, type CacheUse } from '../corebos/shared-cache.ts'

export interface ScopeListsOptions {
  /** The lifetime of a list. Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
  /** Receives each request. */
  readonly observe: (how: CacheUse) => void
  /** The store of all instances; absent if there is only one. If it fails, the list counts as missing. */
  readonly store:
    | {
        get(key: string): Promise<string | undefined>
        put(key: string, value: string, ttl: number): Promise<void>
      }
    | undefined
}

interface Dated {
  readonly ids: readonly string[]
  readonly readAt: number
}

export class ScopeLists {
  readonly #options: ScopeListsOptions
  readonly #cache: SharedCache<Dated>

  constructor(options: ScopeListsOptions) {
    const { ttlMs, now, observe } = options
    const bound = { max: 10_000 }
    this.#options = options
    this.#cache = new SharedCache({ ttlMs, now, observe, bound, readAt: ({ readAt }) => readAt })
  }

  /** Lists that are being read. */
  get reading(): number {
    return this.#cache.reading
  }

  /**
   * @param key says all that the list depends on but the time
   * @param maxAge milliseconds; a list that was read earlier is read again
   * @param used told when the list was read
   * @throws what `load` throws
   */
  async get(
    key: string,
    load: () => Promise<readonly string[]>,
    maxAge: number,
    used: (readAt: number) => void,
  ): Promise<readonly string[]> {
    return (await this.#cache.get(key, async () => this.#shared(key, load, maxAge), maxAge, used)).ids
  }

  clear(): void {
    this.#cache.clear()
  }

  async #shared(key: string, load: () => Promise<readonly string[]>, maxAge: number): Promise<Dated> {
    const { store, now, ttlMs } = this.#options
    const place = `scope list ${key}`
    const text = await store?.get(place).catch(() => undefined)
    // Written below, and encrypted by the store.
    const kept = text === undefined ? undefined : (JSON.parse(text) as Dated)
    if (kept !== undefined && now() - kept.readAt <= Math.min(maxAge, ttlMs)) return kept
    const readAt = now()
    const found = { ids: await load(), readAt }
    await store?.put(place, JSON.stringify(found), ttlMs).catch(() => undefined)
    return found
  }
}

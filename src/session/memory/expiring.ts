/** A map whose entries run out: bounded, by the caller's clock, without a timer. */

interface Entry<V> {
  readonly value: V
  readonly endsAt: number
}

/**
 * Entries of about the same life share one insertion-ordered map, whose front is therefore what runs out next. What has
 * run out is dropped when something is added; where there is no room left, the oldest of that life makes it, so that a
 * flood of short-lived entries does not push out the long-lived ones.
 */
export class ExpiringMap<V> {
  readonly #capacity: number
  readonly #byLife = new Map<number, Map<string, Entry<V>>>()

  /** @param capacity entries per order of magnitude (a power of two) of their life */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string, now: number): Entry<V> | undefined {
    for (const entries of this.#byLife.values()) {
      const entry = entries.get(key)
      if (entry !== undefined) return now < entry.endsAt ? entry : undefined
    }
    return undefined
  }

  /** Sets a value that runs out at `endsAt`. */
  set(key: string, value: V, endsAt: number, now: number): void {
    this.delete(key)
    const life = Math.ceil(Math.log2(Math.max(1, endsAt - now)))
    const entries = this.#byLife.get(life) ?? new Map<string, Entry<V>>()
    this.#byLife.set(life, entries)
    this.#sweep(now)
    const [oldest] = entries.keys()
    if (oldest !== undefined && entries.size >= this.#capacity) entries.delete(oldest)
    entries.set(key, { value, endsAt })
  }

  /** Changes a value in place, keeping its end. */
  replace(key: string, value: V): void {
    for (const entries of this.#byLife.values()) {
      const entry = entries.get(key)
      if (entry !== undefined) entries.set(key, { value, endsAt: entry.endsAt })
    }
  }

  delete(key: string): void {
    for (const entries of this.#byLife.values()) if (entries.delete(key)) return
  }

  get size(): number {
    let size = 0
    for (const entries of this.#byLife.values()) size += entries.size
    return size
  }

  #sweep(now: number): void {
    for (const entries of this.#byLife.values()) {
      for (const [key, entry] of entries) {
        if (now < entry.endsAt) break
        entries.delete(key)
      }
    }
  }
}

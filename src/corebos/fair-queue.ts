/**
 * A queue that serves its keys round robin, and the entries of one key first in, first out. It has no clock and does
 * not wait.
 */
export class FairQueue<K, T> {
  /** Keys with waiting entries, in the order in which they are served next. */
  readonly #waiting = new Map<K, Set<T>>()

  add(key: K, entry: T): void {
    const entries = this.#waiting.get(key)
    if (entries === undefined) this.#waiting.set(key, new Set([entry]))
    else entries.add(entry)
  }

  /** Removes an entry from any position; an entry that is not waiting is ignored. */
  remove(key: K, entry: T): void {
    const entries = this.#waiting.get(key)
    if (entries?.delete(entry) === true && entries.size === 0) this.#waiting.delete(key)
  }

  /** Removes the next admitted entry; its key is then served last. @returns undefined if no entry is admitted */
  next(admits: (entry: T, key: K) => boolean): T | undefined {
    for (const [key, entries] of this.#waiting) {
      for (const entry of entries) {
        if (!admits(entry, key)) continue
        entries.delete(entry)
        this.#waiting.delete(key)
        if (entries.size > 0) this.#waiting.set(key, entries)
        return entry
      }
    }
    return undefined
  }
}

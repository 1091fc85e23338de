/** What an answer rests on: of which modules, and how old it is, so that the answer is used no longer than its parts. */

export class Provenance {
  readonly #modules = new Set<string>()
  #readAt = Infinity
  #until = Infinity
  #isKnown = true

  /** @param ttl how long the part may be used. Both in milliseconds, `readAt` since 1970 */
  restsOn(modules: readonly string[], readAt: number, ttl: number): void {
    for (const module of modules) this.#modules.add(module)
    this.#readAt = Math.min(this.#readAt, readAt)
    this.#until = Math.min(this.#until, readAt + ttl)
  }

  /** Something was read of which nothing tells when it changes. */
  isUnknown(): void {
    this.#isKnown = false
  }

  /** @returns undefined where the answer must not be used again */
  get known():
    { readonly modules: readonly string[]; readonly readAt: number; readonly until: number } | undefined {
    if (!this.#isKnown) return undefined
    return { modules: [...this.#modules].sort(), readAt: this.#readAt, until: this.#until }
  }
}

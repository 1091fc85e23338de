/** What is in use at this moment, by kind: for `/metrics`, and for tests that find everything released. */
export class InUse {
  readonly #counts = new Map<string, () => number>()

  /** @param counts by kind; each is read on demand @throws Error if a kind is counted already */
  watch(counts: Readonly<Record<string, () => number>>): void {
    for (const [kind, count] of Object.entries(counts)) {
      if (this.#counts.has(kind)) throw new Error(`'${kind}' is counted already`)
      this.#counts.set(kind, count)
    }
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([kind, count]) => [kind, count()]))
  }
}

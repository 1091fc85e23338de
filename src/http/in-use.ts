/** What is in use at this moment, by kind: for `/metrics`, and for tests that find everything released. */
export class InUse {
  readonly #counts = new Map<string, () => number>()

  /** @throws Error where the kind is counted already */
  watch(kind: string, count: () => number): void {
    if (this.#counts.has(kind)) throw new Error(`'${kind}' is counted already`)
    this.#counts.set(kind, count)
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([kind, count]) => [kind, count()]))
  }
}

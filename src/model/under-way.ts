/** Counts work in progress, until it succeeds or fails. */
export class UnderWay {
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @throws what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
    }
  }
}

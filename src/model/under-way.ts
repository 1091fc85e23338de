/** Counts work that has begun and not ended, however it ends. */
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

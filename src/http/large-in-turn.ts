/** Lets the work for large bodies begin one after the other, so that requests of others are answered in between. */
import { setImmediate } from 'node:timers/promises'

/** Bytes of a body whose parsing and planning take long. */
const large = 16 * 1024

export class LargeInTurn {
  #last = Promise.resolve()

  /** Resolves at once for a small body, and for one large body in each turn of the event loop. */
  async turn(bytes: number): Promise<void> {
    if (bytes < large) return
    this.#last = this.#last.then(async () => setImmediate())
    await this.#last
  }
}

/** How many calls may be under way: so many in all, and one in each lane. The others wait in line, so many and no more. */
import { GatewayError } from '../errors.ts'

/** Seconds after which somebody who found the line full, or waited in vain, may try again. */
const retryAfterRush = 1

export function busy(): GatewayError {
  return new GatewayError('COREBOS_BUSY', undefined, { retryAfter: retryAfterRush })
}

interface Waiting {
  readonly lane: string | undefined
  readonly start: () => void
}

/** How many may wait at one gate or at several. */
export class Patience {
  readonly limit: number
  waiting = 0

  constructor(limit: number) {
    this.limit = limit
  }
}

export class Gate {
  readonly #concurrency: number
  readonly #patience: Patience
  readonly #taken = new Set<string>()
  readonly #line = new Set<Waiting>()
  #underWay = 0

  constructor(concurrency: number, patience: Patience) {
    this.#concurrency = concurrency
    this.#patience = patience
  }

  /**
   * Waits for a place; first come, first served, but for those whose lane is taken.
   *
   * @returns what gives the place back; it must be called once
   * @throws GatewayError `COREBOS_BUSY` where the line is full; the reason of `signal` where that ends the waiting
   */
  async enter(lane: string | undefined, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (!this.#admits(lane)) {
      if (this.#patience.waiting >= this.#patience.limit) throw busy()
      this.#patience.waiting += 1
      await this.#turn(lane, signal).finally(() => (this.#patience.waiting -= 1))
    } else this.#take(lane)
    return () => {
      this.#underWay -= 1
      if (lane !== undefined) this.#taken.delete(lane)
      this.#advance()
    }
  }

  #admits(lane: string | undefined): boolean {
    return this.#underWay < this.#concurrency && (lane === undefined || !this.#taken.has(lane))
  }

  #take(lane: string | undefined): void {
    this.#underWay += 1
    if (lane !== undefined) this.#taken.add(lane)
  }

  #turn(lane: string | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#line.delete(waiting)
        reject(
          signal.reason instanceof Error ? signal.reason : new Error('given up', { cause: signal.reason }),
        )
      }
      const waiting: Waiting = {
        lane,
        start: () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#line.add(waiting)
    })
  }

  #advance(): void {
    for (const waiting of this.#line) {
      if (this.#underWay >= this.#concurrency) return
      if (!this.#admits(waiting.lane)) continue
      this.#line.delete(waiting)
      this.#take(waiting.lane)
      waiting.start()
    }
  }
}

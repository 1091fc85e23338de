/** When coreBOS stamps a new challenge token within the call that asks for it, learned from real tokens for made-up ones. */

/** Calls of each kind that are remembered. */
const kept = 64

/** When a call was sent and answered, in milliseconds on one clock of the gateway. */
export interface CallTimes {
  readonly asked: number
  readonly answered: number
}

/** Of the real calls that took about as long, one of so many is chosen. */
const alike = 5

interface RealCall {
  /** Milliseconds from the call to the cache generation in its token, and to its answer. */
  readonly stamped: number
  readonly total: number
}

/**
 * A token tells when it was made, so a made-up one is stamped as late in its call as a real one was in a call that took
 * about as long. Calls for names without access do less work; the quickest calls of both kinds show how much less.
 */
export class StampTimes {
  readonly #random: () => number
  readonly #real: RealCall[] = []
  readonly #others: number[] = []

  /** @param random from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Remembers a call that brought a new token. @param stamped on coreBOS's clock, which may differ */
  learn({ asked, answered }: CallTimes, stamped: number): void {
    push(this.#real, { stamped: stamped - asked, total: answered - asked })
  }

  /**
   * When coreBOS would have stamped a token for a name without access.
   *
   * @returns milliseconds on coreBOS's clock; undefined until a new token of a name with access has been seen
   */
  stampOf({ asked, answered }: CallTimes): number | undefined {
    const took = answered - asked
    push(this.#others, took)
    const quickest = Math.min(...this.#real.map(({ total }) => total))
    const total = took + quickest - Math.min(...this.#others)
    const nearest = this.#real.toSorted((a, b) => Math.abs(a.total - total) - Math.abs(b.total - total))
    const real = this.#pick(nearest.slice(0, alike))
    if (real === undefined) return undefined
    // A call that took far longer than all remembered ones has waited before its cache generation.
    const waited = total - real.total
    return asked + real.stamped + (waited > real.total / 2 + 5 ? waited : 0)
  }

  /** The same for a name that coreBOS is not asked about. */
  stampWithoutCall(asked: number): number | undefined {
    const real = this.#pick(this.#real)
    return real && asked + real.stamped
  }

  #pick(calls: readonly RealCall[]): RealCall | undefined {
    return calls[Math.floor(this.#random() * calls.length)]
  }
}

function push<T>(list: T[], value: T): void {
  list.push(value)
  if (list.length > kept) list.shift()
}

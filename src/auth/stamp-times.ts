/**
 * The time stamp of a new challenge token within the call that requests it, learned from real tokens for decoy tokens.
 */

/** The number of calls of each kind that are remembered. */
const kept = 64

/** When a call was sent and answered, in milliseconds on one clock of the gateway. */
export interface CallTimes {
  readonly asked: number
  readonly answered: number
}

/** The number of similar real calls of which one is chosen. */
const alike = 5

interface RealCall {
  /** Milliseconds from the call to the time stamp in its token, and to its answer. */
  readonly stamped: number
  readonly total: number
}

/**
 * A token reveals when it was made, so a decoy token gets the delay of a real one in a call of similar duration. Calls
 * for names without access do less work; the fastest calls of both kinds show how much less.
 */
export class StampTimes {
  readonly #random: () => number
  readonly #real: RealCall[] = []
  readonly #others: number[] = []

  /** @param random from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Records a call that returned a new token. @param stamped on coreBOS's clock, which may differ */
  learn({ asked, answered }: CallTimes, stamped: number): void {
    push(this.#real, { stamped: stamped - asked, total: answered - asked })
  }

  /**
   * The time stamp that coreBOS would give to a token for a name without access.
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
    // A call that took far longer than all remembered ones has waited before its time stamp was made.
    const waited = total - real.total
    return asked + real.stamped + (waited > real.total / 2 + 5 ? waited : 0)
  }

  /** The time stamp for a name that is not sent to coreBOS. */
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

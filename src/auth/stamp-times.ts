/** When coreBOS stamps a new challenge token within the call that asks for it, learned from real tokens for made-up ones. */

/** Calls of each kind that are remembered. */
const kept = 64

/** When a call was sent and answered, in milliseconds on one clock of the gateway. */
export interface CallTimes {
  readonly asked: number
  readonly answered: number
}

/**
 * A token tells when it was made. coreBOS makes it near the end of a call, after all waiting, so a made-up token is
 * stamped as long before the answer of its own call as a real one was before the answer of its call. Calls for names
 * without access do less work after that moment; the quickest calls of both kinds show how much less.
 */
export class StampTimes {
  readonly #random: () => number
  readonly #real: { readonly stamped: number; readonly total: number; readonly rest: number }[] = []
  readonly #others: number[] = []

  /** @param random from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Remembers a call that brought a new token. @param stamped on coreBOS's clock, which may differ */
  learn({ asked, answered }: CallTimes, stamped: number): void {
    push(this.#real, { stamped: stamped - asked, total: answered - asked, rest: answered - stamped })
  }

  /**
   * When coreBOS would have stamped a token for a name without access.
   *
   * @returns milliseconds on coreBOS's clock; undefined until a new token of a name with access has been seen
   */
  stampOf({ asked, answered }: CallTimes): number | undefined {
    push(this.#others, answered - asked)
    const real = this.#pick()
    if (real === undefined) return undefined
    const quickest = Math.min(...this.#real.map(({ total }) => total))
    return answered - real.rest + quickest - Math.min(...this.#others)
  }

  /** The same for a name that coreBOS is not asked about. */
  stampWithoutCall(asked: number): number | undefined {
    const real = this.#pick()
    return real && asked + real.stamped
  }

  #pick() {
    return this.#real[Math.floor(this.#random() * this.#real.length)]
  }
}

function push<T>(list: T[], value: T): void {
  list.push(value)
  if (list.length > kept) list.shift()
}

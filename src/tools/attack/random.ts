/** A small generator of its own (mulberry32), so that a seed and a number give the same request on every machine. */
export class Random {
  #state: number

  /** @param number the how-manieth request of the seed: each can be made again without those before it */
  constructor(seed: number, number: number) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) >>> 0
    // Neighbouring numbers begin with neighbouring states; the first values would show it.
    this.next()
    this.next()
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)]
    if (chosen === undefined) throw new Error('there is nothing to pick from')
    return chosen
  }

  /** `low` to `high` picks, repetitions included. */
  some<T>(choices: readonly T[], low: number, high: number): T[] {
    return Array.from({ length: low + this.below(high - low + 1) }, () => this.pick(choices))
  }

  /** One of several makers, as likely as its weight. */
  weighted<T>(choices: readonly (readonly [weight: number, make: T])[]): T {
    let at = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, make] of choices) {
      at -= weight
      if (at < 0) return make
    }
    return this.pick(choices)[1]
  }
}

/** When a refused log-in is answered: at a time that does not tell why it was refused. */

export interface PaceOptions {
  /** Calls to coreBOS that the longest refusal waits for one after the other. */
  readonly rounds: number
  /** Milliseconds on a clock that never runs backwards. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** The shortest period (150 per round unless said otherwise) and the longest, in milliseconds. */
  readonly floor?: number
  readonly ceiling?: number
  /** How long the period stays up once it has risen, in milliseconds. */
  readonly memory?: number
}

const samplesKept = 64
const margin = 1.25

/**
 * Every refusal is answered one period after its log-in began. The kinds of refusal end their work after one to four
 * calls; the period is longer than the longest of them, so the answer's time says nothing about which it was. Work that
 * takes longer than the period is answered at the next multiple of it.
 *
 * The period follows coreBOS: it is the time of the longest refusal at the latency that nine of ten recent calls kept
 * to, waiting in the queue included, and a quarter more. It moves on a coarse scale (each step twice the last), at once
 * upwards and only after `memory` down again, and the calls of all log-ins move it alike. So it stands still while
 * somebody measures, and does not depend on whose names he tries.
 */
export class RefusalPace {
  readonly #options: Required<PaceOptions>
  readonly #samples: number[] = []
  #next = 0
  #period: number
  #keepUntil = -Infinity
  /** The highest period called for since the present one was last confirmed. */
  #called: number

  constructor(options: PaceOptions) {
    this.#options = { floor: options.rounds * 150, ceiling: 8000, memory: 15 * 60_000, ...options }
    this.#period = this.#options.floor
    this.#called = this.#options.floor
  }

  /** Milliseconds from the beginning of a log-in to its refusal. */
  get period(): number {
    return this.#period
  }

  /** Passes on what `call` gives and notes how long it took. */
  async time<T>(call: () => Promise<T>): Promise<T> {
    const began = this.#options.now()
    try {
      return await call()
    } finally {
      this.#observe(this.#options.now() - began)
    }
  }

  /** Resolves when the refusal of a log-in that began at `began` may be answered. */
  async hold(began: number): Promise<void> {
    const { now, wait } = this.#options
    const worked = now() - began
    if (worked > this.#period) this.#call(this.#period * 2)
    // The period is read again after each wait: a step up that happens meanwhile must move every refusal under way.
    for (;;) {
      const left = began + Math.max(1, Math.ceil(worked / this.#period)) * this.#period - now()
      if (left <= 0) return
      await wait(left)
    }
  }

  #observe(ms: number): void {
    this.#samples[this.#next] = ms
    this.#next = (this.#next + 1) % samplesKept
    if (this.#samples.length < samplesKept) return
    const sorted = this.#samples.toSorted((a, b) => a - b)
    const usual = sorted[Math.floor(sorted.length * 0.9)] ?? ms
    this.#call(usual * this.#options.rounds * margin)
  }

  #call(needed: number): void {
    const { now, floor, ceiling, memory } = this.#options
    const steps = Math.max(0, Math.ceil(Math.log2(needed / floor)))
    const called = Math.min(floor * 2 ** steps, ceiling)
    this.#called = Math.max(this.#called, called)
    if (called > this.#period) this.#period = called
    else if (now() < this.#keepUntil) return
    else this.#period = this.#called
    this.#called = called
    this.#keepUntil = now() + memory
  }
}

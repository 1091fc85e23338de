/** Times the answer of a rejected log-in, so that it does not reveal the reason. */

/** The kind of calls: those of the service user also wait for one of its sessions, the others for coreBOS alone. */
export type CallKind = 'service' | 'direct'

export interface PaceOptions {
  /** Sequential calls of the slowest rejection. */
  readonly rounds: Readonly<Record<CallKind, number>>
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** The time for which a raised period is kept, in milliseconds (default 15 minutes). */
  readonly memory?: number
}

const samplesKept = 64
const margin = 1.25
/** Milliseconds. Sufficient for a healthy coreBOS while twenty people log in at once. */
const leastPeriod = 800
const longestPeriod = 12_800

/**
 * Every rejection is answered one period after its log-in began. The kinds of rejection end their work after none to six
 * calls; the period is longer than the longest of them, so the answer's time says nothing about which it was. Work that
 * takes longer than the period is answered at the next multiple of it.
 *
 * The period follows coreBOS: it is the time of the longest rejection at the latency that nine of ten recent calls kept
 * to, waiting in the queue included, and a quarter more. It moves on a coarse scale (each step twice the last), at once
 * upwards and only after `memory` down again, and the calls of all log-ins move it alike. So it stands still while
 * an attacker measures, and does not depend on the names that are tried.
 */
export class ResponsePacer {
  readonly #options: Required<PaceOptions>
  readonly #recent = { service: new Recent(), direct: new Recent() }
  #period = leastPeriod
  #keepUntil = -Infinity
  /** The highest period called for since the current one was last confirmed. */
  #called = leastPeriod

  constructor(options: PaceOptions) {
    this.#options = { memory: 15 * 60_000, ...options }
  }

  /** Milliseconds from the beginning of a log-in to its rejection. */
  get period(): number {
    return this.#period
  }

  /** Returns the result of `call` and records its duration. */
  async time<T>(kind: CallKind, call: () => Promise<T>): Promise<T> {
    const { now, rounds } = this.#options
    const began = now()
    try {
      return await call()
    } finally {
      const { service, direct } = this.#recent
      this.#recent[kind].add(now() - began)
      this.#call((service.usual() * rounds.service + direct.usual() * rounds.direct) * margin)
    }
  }

  /** Resolves when the rejection of a log-in that began at `began` may be answered. */
  async hold(began: number): Promise<void> {
    const { now, wait } = this.#options
    const worked = now() - began
    if (worked > this.#period) this.#call(worked)
    // The period is read again after each wait: an increase meanwhile must delay every rejection in progress.
    for (;;) {
      const left = began + Math.max(1, Math.ceil(worked / this.#period)) * this.#period - now()
      if (left <= 0) return
      await wait(left)
    }
  }

  #call(needed: number): void {
    const { now, memory } = this.#options
    const steps = Math.max(0, Math.ceil(Math.log2(needed / leastPeriod)))
    const called = Math.min(leastPeriod * 2 ** steps, longestPeriod)
    this.#called = Math.max(this.#called, called)
    if (called > this.#period) this.#period = called
    else if (now() < this.#keepUntil) return
    else this.#period = this.#called
    this.#called = called
    this.#keepUntil = now() + memory
  }
}

/** The durations of the last calls. */
class Recent {
  readonly #samples: number[] = []
  #next = 0

  add(ms: number): void {
    this.#samples[this.#next] = ms
    this.#next = (this.#next + 1) % samplesKept
  }

  /** The duration that nine of ten of them did not exceed; undefined for too few. */
  usual(): number {
    if (this.#samples.length < samplesKept) return 0
    const sorted = this.#samples.toSorted((a, b) => a - b)
    return sorted[Math.floor(samplesKept * 0.9)] ?? 0
  }
}

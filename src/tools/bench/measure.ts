/** How long something takes, again and again. */

export interface Times {
  /** Microseconds. */
  readonly median: number
  /** Microseconds. */
  readonly p99: number
  readonly samples: number
}

/** @param durations milliseconds */
export function times(durations: readonly number[]): Times {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    1000 * (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return { median: at(0.5), p99: at(0.99), samples: sorted.length }
}

/**
 * Takes the time of each run by itself, less what looking at the clock takes.
 *
 * @param prepare what the run works on, made before the clock starts
 * @returns milliseconds
 */
export function measure<T>(count: number, prepare: (n: number) => T, run: (input: T) => unknown): number[] {
  const clock = quickest(clocked(1_000, (n) => n, (n) => n))
  return clocked(count, prepare, run).map((duration) => Math.max(0, duration - clock))
}

function quickest(durations: readonly number[]): number {
  return durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 4)] ?? 0
}

function clocked<T>(count: number, prepare: (n: number) => T, run: (input: T) => unknown): number[] {
  const durations: number[] = []
  for (let n = 0; n < count; n++) {
    const input = prepare(n)
    const began = performance.now()
    run(input)
    durations.push(performance.now() - began)
  }
  return durations
}

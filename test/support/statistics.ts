/** Whether two samples may come from one distribution. */

/** The greatest distance between the two empirical distribution functions (Kolmogorov–Smirnov). */
export function distance(one: readonly number[], other: readonly number[]): number {
  const share = (sample: readonly number[], bound: number) =>
    sample.filter((value) => value <= bound).length / sample.length
  return Math.max(...[...one, ...other].map((bound) => Math.abs(share(one, bound) - share(other, bound))))
}

/** The distance that two samples of one distribution exceed once in a million times. */
export function chance(one: readonly number[], other: readonly number[]): number {
  const size = (one.length * other.length) / (one.length + other.length)
  return Math.sqrt(Math.log(2e6) / 2 / size)
}

/** Numbers from 0 to below 1, the same ones for each seed. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

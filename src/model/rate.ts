/** A rate limit. */

export interface Rate {
  readonly max: number
  readonly seconds: number
}

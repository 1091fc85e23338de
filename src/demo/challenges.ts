/** Challenge tokens of log-ins: one per user or contact, handed out again until it expires after two hours. */

export interface Challenge {
  readonly token: string
  /** Unix seconds. */
  readonly expireTime: number
  readonly isNew: boolean
}

const LIFE_SECONDS = 7200

export class Challenges {
  readonly #held = new Map<string, { token: string; expireTime: number }>()
  readonly #now: () => number
  #made = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** The token still valid for this user (`user:5`) or contact (`contact:8549`). */
  active(owner: string): string | undefined {
    const held = this.#held.get(owner)
    return held !== undefined && held.expireTime >= this.#now() / 1000 ? held.token : undefined
  }

  give(owner: string): Challenge {
    const held = this.#held.get(owner)
    if (held !== undefined && this.active(owner) !== undefined) return { ...held, isNew: false }
    // PHP's uniqid: the time in hexadecimal, microseconds last; the count keeps two of one moment apart.
    this.#made += 1
    const milliseconds = this.#now()
    const seconds = Math.floor(milliseconds / 1000)
    const micros = (milliseconds % 1000) * 1000 + (this.#made % 1000)
    const token = seconds.toString(16) + Math.floor(micros).toString(16).padStart(5, '0')
    const challenge = { token, expireTime: seconds + LIFE_SECONDS }
    this.#held.set(owner, challenge)
    return { ...challenge, isNew: true }
  }
}

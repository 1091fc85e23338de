/** Challenges that do not tell who is a customer: names without access get one that looks and lives like a real one. */
import { createHmac } from 'node:crypto'
import { foldName } from '../contact/names.ts'
import type { Challenge } from '../corebos/challenge.ts'
import type { SharedState } from '../session/contract.ts'

/** A token is handed out again for as long. Seconds. */
const life = 7200
const microseconds = 1_000_000

export interface ChallengesOptions {
  /** What coreBOS says; undefined where it lets in nobody by that name. */
  readonly request: (username: string) => Promise<Challenge | undefined>
  readonly state: Pick<SharedState, 'claim' | 'get'>
  /** Makes up what real tokens get from the clock. */
  readonly key: Buffer
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * The one spelling of a log-in name that is put to coreBOS, which compares by collation: all that it could take for one
 * name has one challenge here as well, whether or not there is somebody of that name.
 */
export function sentName(username: string): string {
  return foldName(username) ?? username.normalize('NFC').trim().toLowerCase()
}

export class Challenges {
  readonly #options: ChallengesOptions
  /** How far coreBOS's clock is ahead, in seconds, as the last real challenge told. */
  #ahead = 0

  constructor(options: ChallengesOptions) {
    this.#options = options
  }

  /** @param name as {@link sentName} gives it */
  async give(name: string): Promise<Challenge> {
    const { request, now } = this.#options
    // Both at once, so that the time does not tell which of the two is answered.
    const [real, madeUp] = await Promise.all([request(name), this.#makeUp(name)])
    if (real === undefined) return madeUp
    this.#ahead = real.serverTime - seconds(now())
    return real
  }

  /** The token that was made up for a name and is still in force. */
  async madeUp(name: string): Promise<string | undefined> {
    return this.#options.state.get(keyOf(name))
  }

  async #makeUp(name: string): Promise<Challenge> {
    const { state, key, now } = this.#options
    const serverTime = seconds(now()) + this.#ahead
    const fresh = token(key, name, serverTime)
    const held = await state.claim(keyOf(name), fresh, life * 1000)
    if (held === undefined) return { token: fresh, serverTime, expireTime: serverTime + life }
    return { token: held, serverTime, expireTime: String(Number.parseInt(held.slice(0, 8), 16) + life) }
  }
}

function keyOf(name: string): string {
  return `challenge:${name}`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function token(key: Buffer, name: string, at: number): string {
  const digest = createHmac('sha256', key).update(`${at}:${name}`).digest()
  const micros = digest.readUIntBE(0, 6) % microseconds
  return at.toString(16).padStart(8, '0') + micros.toString(16).padStart(5, '0')
}

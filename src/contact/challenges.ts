/** Challenges that do not tell who is a customer: names without access get one that looks and lives like a real one. */
import { createHmac, hkdfSync, randomInt } from 'node:crypto'
import type { Challenge } from '../corebos/challenge.ts'
import type { SharedState } from '../session/contract.ts'
import { collatedName, looseName } from './names.ts'

/** A token is handed out again for as long. Milliseconds. */
const life = 7_200_000

export interface ChallengesOptions {
  readonly state: Pick<SharedState, 'claim' | 'get' | 'pull'>
  /** The same on every instance. */
  readonly secret: Buffer
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What coreBOS says; undefined where it lets in nobody by that name. */
export type AskCorebos = (username: string) => Promise<Challenge | undefined>

/**
 * What a token tells is when it was first asked for, by whoever it was. So it is not enough that all names get one:
 * log-ins leave one for every name, as they do in coreBOS, and of the names without access every other one looks as if
 * it were in use, so that a token that was there before proves no more than one that was not.
 */
export class Challenges {
  readonly #options: ChallengesOptions
  readonly #key: Buffer
  /** How far coreBOS's clock is ahead at least and at most, in milliseconds, as its new tokens tell. */
  #ahead: readonly [least: number, most: number] = [-Infinity, Infinity]

  constructor(options: ChallengesOptions) {
    this.#options = options
    this.#key = Buffer.from(hkdfSync('sha256', options.secret, '', 'corebos-portal-gateway challenges', 32))
  }

  /** For whoever hashes the password himself. All that coreBOS could take for one name has one challenge. */
  async give(username: string, ask: AskCorebos): Promise<Challenge> {
    const name = collatedName(username)
    // Both at once, so that the time does not tell which of the two is answered.
    const [real, madeUp] = await Promise.all([
      name === undefined ? undefined : this.#ask(name, ask),
      this.#makeUp(name ?? looseName(username)),
    ])
    const { token, expireTime } = real ?? madeUp
    const serverTime = typeof expireTime === 'number' ? expireTime - seconds(life) : seconds(this.#time())
    return { token, serverTime, expireTime }
  }

  /** For a log-in, as `username` was typed. @returns undefined where coreBOS lets in nobody by that name */
  async tokenFor(username: string, ask: AskCorebos): Promise<string | undefined> {
    const name = collatedName(username)
    if (name === undefined) return undefined
    const real = await this.#ask(username, ask)
    if (real === undefined) await this.#makeUp(name)
    return real?.token
  }

  /** The token that was made up for a name and is still in force. */
  async madeUp(username: string): Promise<string | undefined> {
    const held = await this.#options.state.get(keyOf(collatedName(username) ?? looseName(username)))
    return held !== undefined && this.#isInForce(held) ? held : undefined
  }

  #time(): number {
    const [least, most] = this.#ahead
    return this.#options.now() + (least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2))
  }

  async #ask(username: string, ask: AskCorebos): Promise<Challenge | undefined> {
    const { now } = this.#options
    const asked = now()
    const real = await ask(username)
    const begun = typeof real?.expireTime === 'number' ? begin(real.token) : NaN
    if (Number.isNaN(begun)) return real
    const ahead = [begun - now(), begun - asked] as const
    const [least, most] = [Math.max(this.#ahead[0], ahead[0]), Math.min(this.#ahead[1], ahead[1])]
    // Where they contradict each other one of the clocks has been set.
    this.#ahead = least <= most ? [least, most] : ahead
    return real
  }

  async #makeUp(name: string): Promise<Pick<Challenge, 'token' | 'expireTime'>> {
    const { state } = this.#options
    const key = keyOf(name)
    const first = await this.#claim(name, this.#time() - life)
    if (this.#isInForce(first.token)) return first
    // It is kept for longer than it is in force, since the next one cannot have begun before it ended.
    await state.pull(key)
    return this.#claim(name, Math.max(begin(first.token), this.#time() - 2 * life) + life)
  }

  /** @param earliest when a token that was there before may have begun */
  async #claim(name: string, earliest: number): Promise<Pick<Challenge, 'token' | 'expireTime'>> {
    const time = this.#time()
    const since = Math.ceil(earliest)
    const begun = this.#looksUsed(name) && since < time ? randomInt(since, Math.ceil(time)) : time
    const token = tokenOf(begun)
    const held = await this.#options.state.claim(keyOf(name), token, Math.ceil(begun + 2 * life - time))
    const expires = seconds(begin(held ?? token) + life)
    return {
      token: held ?? token,
      expireTime: held === undefined && begun === time ? expires : String(expires),
    }
  }

  #isInForce(token: string): boolean {
    return seconds(begin(token) + life) >= seconds(this.#time())
  }

  /** Half of those that look used look so each time. */
  #looksUsed(name: string): boolean {
    const [trait = 0] = createHmac('sha256', this.#key).update(name).digest()
    return trait % 2 === 1 && randomInt(2) === 1
  }
}

function keyOf(name: string): string {
  return `challenge:${name}`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** Milliseconds on coreBOS's clock. */
function begin(token: string): number {
  return Number.parseInt(token.slice(0, 8), 16) * 1000 + Number.parseInt(token.slice(8), 16) / 1000
}

function tokenOf(begun: number): string {
  const micros = Math.floor(begun % 1000) * 1000 + randomInt(1000)
  return seconds(begun).toString(16).padStart(8, '0') + micros.toString(16).padStart(5, '0')
}

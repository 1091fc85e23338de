/**
 * Challenges that do not reveal who is a customer: names without access get one that looks and behaves like a real one.
 */
import { createHmac, hkdfSync, randomInt } from 'node:crypto'
import type { Challenge } from '../corebos/challenge.ts'
import type { SharedState } from '../session/contract.ts'
import { collatedName, looseName } from './names.ts'
import { StampTimes } from './stamp-times.ts'

/** The time for which a token is issued again. Milliseconds. */
const life = 7_200_000

export interface ChallengesOptions {
  readonly state: Pick<SharedState, 'claim' | 'get' | 'pull'>
  /** The same on every instance. */
  readonly secret: Buffer
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The same clock, or one with a constant offset from it, with fractions of a millisecond. */
  readonly precise: () => number
  /** From 0 to below 1 (default `Math.random`). */
  readonly random?: () => number
}

/** The challenge of coreBOS; undefined if the name has no access. */
export type AskCorebos = (username: string) => Promise<Challenge | undefined>

/**
 * A token reveals when it was first requested, by any client. So it is not sufficient that all names get one: log-ins
 * leave a token for every name, as they do in coreBOS, and of the names without access every other one looks as if it
 * were in use, so an older token proves no more than a new one.
 */
export class Challenges {
  readonly #options: ChallengesOptions
  readonly #key: Buffer
  readonly #stamps: StampTimes
  /** The least and the greatest lead of coreBOS's clock, in milliseconds, derived from its new tokens. */
  #ahead: readonly [least: number, most: number] = [-Infinity, Infinity]

  constructor(options: ChallengesOptions) {
    this.#options = options
    this.#stamps = new StampTimes(options.random ?? Math.random)
    this.#key = Buffer.from(hkdfSync('sha256', options.secret, '', 'corebos-portal-gateway challenges', 32))
  }

  /**
   * For clients that hash the password themselves. All spellings that coreBOS accepts for one name have one challenge.
   */
  async give(username: string, ask: AskCorebos): Promise<Challenge> {
    const name = collatedName(username)
    const { real, stamp } =
      name === undefined
        ? {
            real: undefined,
            stamp: this.#stamps.stampWithoutCall(this.#options.precise()),
          }
        : await this.#ask(name, ask)
    // Made for every name, so that the response time does not reveal which of the two is returned.
    const madeUp = await this.#makeUp(name ?? looseName(username), stamp)
    const { token, expireTime } = real ?? madeUp
    const serverTime = typeof expireTime === 'number' ? expireTime - seconds(life) : seconds(this.#time())
    return { token, serverTime, expireTime }
  }

  /** For a log-in, with `username` as typed. @returns undefined if the name has no access */
  async tokenFor(username: string, ask: AskCorebos): Promise<string | undefined> {
    const name = collatedName(username)
    if (name === undefined) return undefined
    const { real, stamp } = await this.#ask(username, ask)
    if (real === undefined) await this.#makeUp(name, stamp)
    return real?.token
  }

  /** The decoy token of a name that is still in force. */
  async madeUp(username: string): Promise<string | undefined> {
    const held = await this.#options.state.get(keyOf(collatedName(username) ?? looseName(username)))
    return held !== undefined && isInForce(held, this.#time()) ? held : undefined
  }

  #time(): number {
    const [least, most] = this.#ahead
    return this.#options.now() + (least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2))
  }

  /** @returns also if the decoy token of this name would be made in this call */
  async #ask(
    username: string,
    ask: AskCorebos,
  ): Promise<{ readonly real: Challenge | undefined; readonly stamp: number | undefined }> {
    const { now, precise } = this.#options
    const asked = now()
    const sent = precise()
    const real = await ask(username)
    const answered = now()
    const times = { asked: sent, answered: precise() }
    if (real === undefined) return { real, stamp: this.#stamps.stampOf(times) }
    const begun = typeof real.expireTime === 'number' ? begin(real.token) : NaN
    if (Number.isNaN(begun)) return { real, stamp: this.#time() }
    this.#stamps.learn(times, begun)
    const ahead = [begun - answered, begun - asked] as const
    const [least, most] = [Math.max(this.#ahead[0], ahead[0]), Math.min(this.#ahead[1], ahead[1])]
    // If they contradict each other, one of the clocks has been set.
    this.#ahead = least <= most ? [least, most] : ahead
    return { real, stamp: begun }
  }

  async #makeUp(name: string, learned: number | undefined): Promise<Pick<Challenge, 'token' | 'expireTime'>> {
    const { state } = this.#options
    const stamp = learned ?? this.#time() + randomInt(1000) / 1000
    const key = keyOf(name)
    const first = await this.#claim(name, { stamp, earliest: stamp - life })
    // Also by the time that is sent with it, so that it is never older than allowed.
    if (isInForce(first.token, Math.max(stamp, this.#time()))) return first
    // It is stored for longer than it is in force, because the next one cannot begin before it ends.
    await state.pull(key)
    return this.#claim(name, {
      stamp,
      earliest: Math.max(begin(first.token), stamp - 2 * life) + life,
    })
  }

  /**
   * @param stamp the time of a token that is made now
   * @param earliest the earliest time at which an older token may begin
   */
  async #claim(
    name: string,
    { stamp, earliest }: { readonly stamp: number; readonly earliest: number },
  ): Promise<Pick<Challenge, 'token' | 'expireTime'>> {
    const since = Math.ceil(earliest)
    const used = this.#looksUsed(name) && since < Math.floor(stamp)
    const begun = used
      ? randomInt(since, Math.floor(stamp)) + randomInt(1000) / 1000
      : Math.max(stamp, earliest)
    const token = tokenOf(begun)
    const held = await this.#options.state.claim(keyOf(name), token, Math.ceil(begun + 2 * life - stamp))
    const expires = seconds(begin(held ?? token) + life)
    return {
      token: held ?? token,
      expireTime: held === undefined && !used ? expires : String(expires),
    }
  }

  /** Half of the names that look used do so each time. */
  #looksUsed(name: string): boolean {
    const [trait = 0] = createHmac('sha256', this.#key).update(name).digest()
    return trait % 2 === 1 && randomInt(2) === 1
  }
}

function keyOf(name: string): string {
  return `challenge:${name}`
}

/** @param time on coreBOS's clock */
function isInForce(token: string, time: number): boolean {
  return seconds(begin(token) + life) >= seconds(time)
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** Milliseconds on coreBOS's clock. */
function begin(token: string): number {
  return Number.parseInt(token.slice(0, 8), 16) * 1000 + Number.parseInt(token.slice(8), 16) / 1000
}

function tokenOf(begun: number): string {
  const micros = Math.floor((begun % 1000) * 1000)
  return seconds(begun).toString(16).padStart(8, '0') + micros.toString(16).padStart(5, '0')
}

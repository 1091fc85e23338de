/** How many wrong passwords may reach coreBOS, whose own counter locks a contact out for good. */
import type { SharedState } from '../session/contract.ts'

/** coreBOS refuses even the right password after more than five failures; one is left to those who log in elsewhere. */
export const failuresAllowed = 4

/**
 * How an attempt ended at coreBOS. `uncounted`: coreBOS certainly did not count it. What throws is held to have been
 * counted, unless `neverSent` says otherwise.
 */
export type Verdict = 'right' | 'wrong' | 'uncounted'

export interface BudgetOptions {
  readonly state: Pick<SharedState, 'claim' | 'put' | 'get' | 'pull'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Text that is never given twice. */
  readonly nonce: () => string
  /** Whether an error proves that nothing was sent. */
  readonly neverSent: (error: unknown) => boolean
}

/** As good as no expiry: the counter of coreBOS has none. */
const forever = 10 * 365 * 86_400_000
/** An attempt of a process that died is held to have failed after this long. */
const flightEnds = 120_000
const patience = 10_000
const pollEvery = 20

/**
 * Four places per contact, shared by all instances. An attempt takes a place before it is sent; a failure keeps it, and
 * a success frees those whose failures were known when it set out. One that was under way beside it may have reached
 * coreBOS after it, so it keeps its place. So at no time have more than four failures reached coreBOS since the
 * contact's last success, whatever runs at once and in whatever order it arrives.
 */
export class FailureBudget {
  readonly #options: BudgetOptions

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  /**
   * Makes an attempt for `who` if a place is free, and waits for one while others are under way.
   *
   * @returns `undefined` when the budget is spent: nothing was sent
   */
  async spend<T>(
    who: string,
    attempt: () => Promise<{ readonly verdict: Verdict; readonly result: T }>,
  ): Promise<T | undefined> {
    const { state } = this.#options
    const place = await this.#take(who)
    if (place === undefined) return undefined
    try {
      const { verdict, result } = await attempt()
      if (verdict === 'wrong') await state.put(place.key, `failed:${place.nonce}`, forever)
      else await state.pull(place.key)
      if (verdict === 'right') await Promise.all(place.failedBefore.map((failed) => this.#free(failed)))
      return result
    } catch (error) {
      if (this.#options.neverSent(error)) await state.pull(place.key)
      else await state.put(place.key, `failed:${place.nonce}`, forever)
      throw error
    }
  }

  /** Gives the whole budget back: for an operator who has reset the counter in coreBOS. */
  async forget(who: string): Promise<void> {
    await Promise.all(keysOf(who).map((key) => this.#options.state.pull(key)))
  }

  async #take(who: string) {
    const { state, now, wait, nonce } = this.#options
    const gaveUp = now() + patience
    for (;;) {
      const places = await Promise.all(keysOf(who).map(async (key) => ({ key, value: await state.get(key) })))
      const failedBefore = places.filter(({ value }) => value !== undefined && !underWay(value, now()))
      const free = places.find(({ value }) => value === undefined)
      if (free !== undefined) {
        const mine = nonce()
        const taken = await state.claim(free.key, `flight:${mine}:${now()}`, forever)
        if (taken === undefined) return { key: free.key, nonce: mine, failedBefore }
      } else if (failedBefore.length === places.length || now() >= gaveUp) {
        return undefined
      } else {
        await wait(pollEvery)
      }
    }
  }

  async #free(failed: { readonly key: string; readonly value: string | undefined }): Promise<void> {
    const { state } = this.#options
    const pulled = await state.pull(failed.key)
    // Another success freed it first and a new attempt has taken the place: that one keeps it.
    if (pulled !== undefined && pulled !== failed.value) await state.claim(failed.key, pulled, forever)
  }
}

function keysOf(who: string): string[] {
  return Array.from({ length: failuresAllowed }, (_, place) => `failures:${who}:${place}`)
}

function underWay(value: string, now: number): boolean {
  const [kind, , since] = value.split(':')
  return kind === 'flight' && now - Number(since) < flightEnds
}

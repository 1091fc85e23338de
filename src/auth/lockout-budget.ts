/** How many wrong passwords may reach coreBOS, whose own counter locks a contact out for good. */
import { UnderWay } from '../model/under-way.ts'
import type { Leaving, SharedState } from '../session/contract.ts'

/** coreBOS rejects even the right password after more failures than this. */
const failuresForgiven = 5

/** As good as no expiry: the counter of coreBOS has none. */
const forever = 10 * 365 * 86_400_000

/**
 * How many failures may stand at coreBOS before one more attempt, by what is known of the attempt. `stranger`: nothing.
 * `known`: the contact has logged in from there before. `sure`: the password was checked where coreBOS counts nothing, or
 * comes from a known device and cannot be checked. So strangers can use up neither the slots of those who have logged in
 * before nor that of the right password.
 */
export const failuresBefore = { stranger: 3, known: 4, sure: failuresForgiven } as const

export type Standing = keyof typeof failuresBefore

/**
 * How an attempt ended at coreBOS. `uncounted`: coreBOS certainly did not count it. What throws is held to have been
 * counted, unless `neverSent` says otherwise.
 */
export type Verdict = 'right' | 'wrong' | 'uncounted'

export interface BudgetOptions {
  readonly state: Pick<SharedState, 'enter' | 'note' | 'leave'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Text that is never given twice. */
  readonly nonce: () => string
  /** Whether an error proves that nothing was sent. */
  readonly neverSent: (error: unknown) => boolean
}

export interface Spent<T> {
  readonly result: T
  /** What a success gives back; released by the caller, in the step that opens a session where one is opened. */
  readonly leaving: Leaving | undefined
}

/** Where an attempt is counted. */
interface Place {
  readonly key: string
  readonly ticket: string
  /** Those whose failures were known when it set out. */
  readonly failedBefore: readonly string[]
}

/** An attempt of a process that died is held to have failed after this long. */
const flightEnds = 120_000
const patience = 10_000
const pollEvery = 20
const failed = 'failed'

/**
 * A few places per contact, shared by all instances. An attempt takes a place before it is sent; a failure keeps it, and
 * a success frees those whose failures were known when it set out. One that was under way beside it may have reached
 * coreBOS after it, so it keeps its place. So at no time have more failures than places reached coreBOS since the
 * contact's last success, in every order of concurrent attempts.
 */
export class FailureBudget {
  readonly #options: BudgetOptions
  readonly #attempts = new UnderWay()

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  /** Attempts of this instance whose outcome is not yet noted. */
  get count(): number {
    return this.#attempts.count
  }

  /**
   * Makes an attempt for `who` if a place is free, and waits for one while others are under way.
   *
   * @returns `undefined` when the budget is spent: nothing was sent
   */
  async spend<T>(
    who: string,
    standing: Standing,
    attempt: () => Promise<{ readonly verdict: Verdict; readonly result: T }>,
  ): Promise<Spent<T> | undefined> {
    const place = await this.#take(keyOf(who), failuresBefore[standing])
    return place && this.#attempts.run(async () => this.#attempt(place, attempt))
  }

  async #attempt<T>(
    { key, ticket, failedBefore }: Place,
    attempt: () => Promise<{ readonly verdict: Verdict; readonly result: T }>,
  ): Promise<Spent<T>> {
    const { state, neverSent } = this.#options
    try {
      const { verdict, result } = await attempt()
      if (verdict === 'right') return { result, leaving: { key, tickets: [ticket, ...failedBefore] } }
      if (verdict === 'wrong') await state.note(key, ticket, failed)
      else await state.leave({ key, tickets: [ticket] })
      return { result, leaving: undefined }
    } catch (error) {
      if (neverSent(error)) await state.leave({ key, tickets: [ticket] })
      else await state.note(key, ticket, failed)
      throw error
    }
  }

  /** For a success that opens no session. */
  async giveBack(leaving: Leaving | undefined): Promise<void> {
    if (leaving !== undefined) await this.#options.state.leave(leaving)
  }

  /** Gives the whole budget back: for an operator who has reset the counter in coreBOS. @returns how many failures it held */
  async forget(who: string): Promise<number> {
    const key = keyOf(who)
    const { held } = await this.#options.state.enter(key, '', '', 0, forever)
    await this.#options.state.leave({ key, tickets: [...held.keys()] })
    return held.size
  }

  async #take(key: string, failures: number): Promise<Place | undefined> {
    const { state, now, wait, nonce } = this.#options
    const gaveUp = now() + patience
    const ticket = nonce()
    for (;;) {
      const { entered, held } = await state.enter(key, ticket, `flight:${now()}`, failures, forever)
      const failedBefore = [...held].flatMap(([each, note]) => (isUnderWay(note, now()) ? [] : [each]))
      if (entered) return { key, ticket, failedBefore }
      if (failedBefore.length === held.size || now() >= gaveUp) return undefined
      await wait(pollEvery)
    }
  }
}

function keyOf(who: string): string {
  return `failures:${who}`
}

function isUnderWay(note: string, now: number): boolean {
  const [kind, since] = note.split(':')
  return kind === 'flight' && now - Number(since) < flightEnds
}

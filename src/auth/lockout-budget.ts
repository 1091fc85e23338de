/** Limits the wrong passwords that reach coreBOS, whose own counter locks a contact out permanently. */
import { UnderWay } from '../model/under-way.ts'
import type { HeldSlots, SharedState } from '../session/contract.ts'

/** coreBOS rejects even the right password after more failures than this. */
const failuresForgiven = 5

/** Practically no expiry: the counter of coreBOS has none. */
const forever = 10 * 365 * 86_400_000

/**
 * The most failures that coreBOS may have counted before one more attempt, by the standing of the attempt. `stranger`:
 * unknown origin. `known`: the contact has logged in from there before. `sure`: the password was checked by a call that
 * coreBOS does not count, or comes from a known device and cannot be checked. So strangers can use up neither the slots
 * of known origins nor that of the right password.
 */
export const failuresBefore = { stranger: 3, known: 4, sure: failuresForgiven } as const

export type Standing = keyof typeof failuresBefore

/**
 * The outcome of an attempt in coreBOS. `uncounted`: coreBOS certainly did not count it. An attempt that throws counts
 * as a failure, unless `neverSent` says otherwise.
 */
export type Verdict = 'right' | 'wrong' | 'uncounted'

export interface BudgetOptions {
  readonly state: Pick<SharedState, 'takeSlot' | 'markSlot' | 'releaseSlots'>
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
  /** The slots that a success frees. The caller releases them, in the step that opens a session where one is opened. */
  readonly releaseOnSuccess: HeldSlots | undefined
}

/** The slot that counts an attempt. */
interface Slot {
  readonly key: string
  readonly id: string
  /** The slots of failures that were known when the attempt began. */
  readonly failedBefore: readonly string[]
}

/** An attempt whose outcome is not known after this time counts as failed: its process has died. */
const flightEnds = 120_000
const waitLimit = 10_000
const pollEvery = 20
const failed = 'failed'

/**
 * A few slots per contact, shared by all instances. An attempt takes a slot before it is sent. A failure keeps its slot,
 * and a success releases the slots of the failures that were known when it began. A concurrent attempt may have reached
 * coreBOS later, so it keeps its slot. Therefore, in every order of concurrent attempts, at most as many failures as
 * there are slots have reached coreBOS since the contact's last success.
 */
export class FailureBudget {
  readonly #options: BudgetOptions
  readonly #attempts = new UnderWay()

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  /** Attempts of this instance whose outcome is not yet recorded. */
  get count(): number {
    return this.#attempts.count
  }

  /**
   * Makes an attempt for `who` if a slot is free, and waits for one while other attempts are under way.
   *
   * @returns `undefined` if the budget is spent: nothing was sent
   */
  async spend<T>(
    who: string,
    standing: Standing,
    attempt: () => Promise<{ readonly verdict: Verdict; readonly result: T }>,
  ): Promise<Spent<T> | undefined> {
    const slot = await this.#take(keyOf(who), failuresBefore[standing])
    return slot && this.#attempts.run(async () => this.#attempt(slot, attempt))
  }

  async #attempt<T>(
    { key, id, failedBefore }: Slot,
    attempt: () => Promise<{ readonly verdict: Verdict; readonly result: T }>,
  ): Promise<Spent<T>> {
    const { state, neverSent } = this.#options
    try {
      const { verdict, result } = await attempt()
      if (verdict === 'right') return { result, releaseOnSuccess: { key, slots: [id, ...failedBefore] } }
      if (verdict === 'wrong') await state.markSlot(key, id, failed)
      else await state.releaseSlots({ key, slots: [id] })
      return { result, releaseOnSuccess: undefined }
    } catch (error) {
      if (neverSent(error)) await state.releaseSlots({ key, slots: [id] })
      else await state.markSlot(key, id, failed)
      throw error
    }
  }

  /** For a success that opens no session. */
  async giveBack(releaseOnSuccess: HeldSlots | undefined): Promise<void> {
    if (releaseOnSuccess !== undefined) await this.#options.state.releaseSlots(releaseOnSuccess)
  }

  /**
   * Releases all slots: for an operator who has reset the counter in coreBOS.
   *
   * @returns the number of failures that were counted
   */
  async forget(who: string): Promise<number> {
    const key = keyOf(who)
    const { others } = await this.#options.state.takeSlot(key, '', '', 0, forever)
    await this.#options.state.releaseSlots({ key, slots: [...others.keys()] })
    return others.size
  }

  async #take(key: string, failures: number): Promise<Slot | undefined> {
    const { state, now, wait, nonce } = this.#options
    const gaveUp = now() + waitLimit
    const id = nonce()
    for (;;) {
      const { granted, others } = await state.takeSlot(key, id, `flight:${now()}`, failures, forever)
      const failedBefore = [...others].flatMap(([each, mark]) => (isUnderWay(mark, now()) ? [] : [each]))
      if (granted) return { key, id, failedBefore }
      if (failedBefore.length === others.size || now() >= gaveUp) return undefined
      await wait(pollEvery)
    }
  }
}

function keyOf(who: string): string {
  return `failures:${who}`
}

function isUnderWay(mark: string, now: number): boolean {
  const [kind, since] = mark.split(':')
  return kind === 'flight' && now - Number(since) < flightEnds
}

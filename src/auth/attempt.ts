/** One attempt with a password at coreBOS, within the lock-out budget of the account. */
import type { LoginServices } from './login-services.ts'
import type { HeldSlots } from '../session/contract.ts'
import type { Standing } from './lockout-budget.ts'
import type { LoginAnswer, Rejection } from './calls.ts'
import { reject, type Admitted, type LoginOutcome, type RejectionReason, type Rejected } from './rejection.ts'

/** A log-in with the right password. */
export interface Passed<T> {
  readonly login: T
  readonly releaseOnSuccess: HeldSlots | undefined
}

const reasons = {
  unknown: 'name',
  wrong: 'password',
  locked: 'locked',
  absent: 'absent',
  other: 'other',
} as const satisfies Record<Rejection, RejectionReason>

/** One attempt within the budget of `who`, which all routes share. */
export async function spend<T>(
  who: string,
  standing: Standing,
  { budget }: Pick<LoginServices, 'budget'>,
  attempt: () => Promise<LoginAnswer<T>>,
): Promise<Passed<T> | Rejected> {
  const spent = await budget.spend<LoginAnswer<T>>(who, standing, async () => {
    const result = await attempt()
    if ('login' in result) return { verdict: 'right', result }
    // Failures for an unknown name are not counted; and once coreBOS has locked the contact, the budget protects
    // nothing, but would outlast the reset of the counter.
    return { verdict: result.rejection === 'wrong' ? 'wrong' : 'uncounted', result }
  })
  if (spent === undefined) return reject('budget')
  return judged(spent.result, spent.releaseOnSuccess)
}

/** Interprets coreBOS's answer, including answers that coreBOS does not count and that need no budget. */
export function judged<T>(answer: LoginAnswer<T>, releaseOnSuccess?: HeldSlots): Passed<T> | Rejected {
  return 'login' in answer ? { login: answer.login, releaseOnSuccess } : reject(reasons[answer.rejection])
}

/** Decides on admission after a right password; if it is denied, the coreBOS session ends at once. */
export async function inSession(
  { login: { session }, releaseOnSuccess }: Passed<{ readonly session: string }>,
  { budget, end }: Pick<LoginServices, 'budget' | 'end'>,
  decide: () => Promise<Pick<Admitted, 'contact'> | Rejected>,
): Promise<LoginOutcome> {
  let admitted = false
  try {
    const outcome = await decide()
    if ('rejected' in outcome) return outcome
    admitted = true
    return { ...outcome, upstream: session, releaseOnSuccess }
  } finally {
    if (!admitted) await Promise.all([end(session), budget.giveBack(releaseOnSuccess)])
  }
}

/** One password put to coreBOS within the budget of whoever it is tried for, and what then stands until its owner is let in. */
import type { Leaving } from '../session/contract.ts'
import { allowances } from './budgets.ts'
import type { LoginAnswer, Refusal } from './calls.ts'
import type { LoginContext } from './login.ts'
import { refuse, type Admitted, type LoginOutcome, type RefusalReason, type Refused } from './refusal.ts'

/** A password that was right. */
export interface Passed<T> {
  readonly login: T
  readonly leaving: Leaving | undefined
}

const reasons = {
  unknown: 'name',
  wrong: 'password',
  locked: 'locked',
  absent: 'absent',
  other: 'other',
} as const satisfies Record<Refusal, RefusalReason>

/** One attempt within the budget of `who`, which is the same at every door. */
export async function spend<T>(
  who: string,
  kind: keyof typeof allowances,
  { budget }: Pick<LoginContext, 'budget'>,
  attempt: () => Promise<LoginAnswer<T>>,
): Promise<Passed<T> | Refused> {
  const spent = await budget.spend<LoginAnswer<T>>(who, allowances[kind], async () => {
    const result = await attempt()
    if ('login' in result) return { verdict: 'right', result }
    // Nothing is counted for somebody unknown; and once coreBOS has locked the contact, the budget protects nothing,
    // but would outlast the reset of the counter.
    return { verdict: result.refusal === 'wrong' ? 'wrong' : 'uncounted', result }
  })
  if (spent === undefined) return refuse('budget')
  const { result, leaving } = spent
  return 'login' in result ? { login: result.login, leaving } : refuse(reasons[result.refusal])
}

/** Decides about whoever a password has let in; the coreBOS session ends at once unless that is an admission. */
export async function inSession(
  { login: { session }, leaving }: Passed<{ readonly session: string }>,
  { budget, end }: Pick<LoginContext, 'budget' | 'end'>,
  decide: () => Promise<Pick<Admitted, 'contact'> | Refused>,
): Promise<LoginOutcome> {
  let admitted = false
  try {
    const outcome = await decide()
    if ('refused' in outcome) return outcome
    admitted = true
    return { ...outcome, upstream: session, leaving }
  } finally {
    if (!admitted) await Promise.all([end(session), budget.giveBack(leaving)])
  }
}

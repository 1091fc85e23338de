/** The desk where contacts log in: limits on guessing, and refusals that all look alike. */
import { GatewayError } from '../errors.ts'
import type { Rate } from '../environment.ts'
import type { SharedState, Take, Taken } from '../session/contract.ts'
import { budgetOf, logIn, userKey, type Credentials, type LoginContext, type LoginMode } from './login.ts'
import { foldName, looseName } from './names.ts'
import type { RefusalPace } from './pace.ts'
import type { Admitted, LoginOutcome, RefusalReason } from './refusal.ts'

/** One attempt as the door sees it where it is made. */
export interface Visit {
  /** When it began, on the clock of the pace. */
  readonly began: number
  /** Looks at a count; where the request itself is still to be counted, in the same step. @throws GatewayError `RATE_LIMITED` */
  look(take: Take): Promise<Taken | undefined>
  /** Told why it was refused, for the log alone. */
  refused(reason: RefusalReason): void
}

export interface Guard {
  readonly pace: Pick<RefusalPace, 'hold'>
  readonly state: Pick<SharedState, 'take'>
  /** Failures that one log-in name may have, across doors, addresses and spellings (`RATE_LIMIT_LOGIN`). */
  readonly failures: Rate
}

/**
 * Makes an attempt unless its name has failed too often. A refusal is counted, and comes at the same time for every
 * reason.
 *
 * @returns undefined for a refusal
 * @throws GatewayError `RATE_LIMITED`, whether or not somebody has that name; `STORE_UNAVAILABLE`; what the attempt throws
 */
export async function guarded(
  { pace, state, failures }: Guard,
  { username, entity }: Named,
  visit: Visit,
  attempt: () => Promise<LoginOutcome>,
): Promise<Admitted | undefined> {
  const take = {
    key: failuresKey({ username, entity }),
    max: failures.max,
    window: failures.seconds * 1000,
    kind: 'budget',
  } as const
  const before = await visit.look({ ...take, cost: 0 })
  if (before?.allowed !== true) {
    const retryAfter = (before?.resetIn ?? take.window) / 1000
    throw new GatewayError(before?.away === true ? 'STORE_UNAVAILABLE' : 'RATE_LIMITED', undefined, {
      retryAfter,
    })
  }
  const outcome = await attempt()
  if (!('refused' in outcome)) return outcome
  await state.take([take])
  visit.refused(outcome.refused)
  await pace.hold(visit.began)
  return undefined
}

export interface DeskOptions extends Guard {
  readonly mode: LoginMode
  readonly context: LoginContext
  readonly state: Pick<SharedState, 'take' | 'reset'>
}

type Named = Pick<Credentials, 'username' | 'entity'>

function failuresKey({ username, entity }: Named): string {
  return `login-failures:${entity}:${looseName(username)}`
}

export class LoginDesk {
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** @throws GatewayError `INVALID_CREDENTIALS`, the same for every reason and at the same time; as {@link attempt} */
  async admit(credentials: Credentials, visit: Visit): Promise<Admitted> {
    const admitted = await this.attempt(credentials, visit)
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  /** The same, with a refusal as an answer. @throws GatewayError as {@link guarded}; how coreBOS failed */
  async attempt(credentials: Credentials, visit: Visit): Promise<Admitted | undefined> {
    const { mode, context } = this.#options
    return guarded(this.#options, credentials, visit, () => logIn(mode, credentials, context))
  }

  /**
   * Forgets the failures of whoever may have a log-in name: for an operator who has reset the counter in coreBOS.
   *
   * @returns how many of them had reached coreBOS
   * @throws GatewayError how coreBOS or the store failed
   */
  async forgive({ username, entity }: Named): Promise<number> {
    const { mode, context, state } = this.#options
    const { budget, service } = context
    const name = foldName(username)
    const found = (await service?.byName(entity, username)) ?? []
    if (found === 'several') throw new GatewayError('QUERY_TOO_LARGE', 'too many have that name')
    const budgets = [
      ...found.map(({ id }) => id),
      budgetOf(username, entity, undefined),
      ...(mode === 'user' && name !== undefined ? [userKey(name)] : []),
    ].filter((key) => key !== undefined)
    await state.reset([failuresKey({ username, entity })])
    const held = await Promise.all(budgets.map(async (key) => budget.forget(key)))
    return held.reduce((sum, each) => sum + each, 0)
  }
}

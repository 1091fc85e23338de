/** The login service where contacts log in: limits on guessing, and rejections that all look alike. */
import type { LoginServices } from './login-services.ts'
import type { Rate } from '../model/rate.ts'
import { GatewayError } from '../model/errors.ts'
import type { SharedState, RateCheck, RateResult } from '../session/contract.ts'
import { budgetOf, logIn, userKey, type Credentials, type LoginMode } from './login.ts'
import { foldName, looseName } from './names.ts'
import type { ResponsePacer } from './response-pacer.ts'
import type { Admitted, LoginOutcome, RejectionReason } from './rejection.ts'

/** One attempt as the door sees it where it is made. */
export interface Visit {
  /** When it began, on the clock of the pacer. */
  readonly began: number
  /** Looks at a count; where the request itself is still to be counted, in the same step. @throws GatewayError `RATE_LIMITED` */
  look(take: RateCheck): Promise<RateResult | undefined>
  /** Told why it was rejected, for the log alone. */
  rejected(reason: RejectionReason): void
}

export interface Guard {
  readonly pacer: Pick<ResponsePacer, 'hold'>
  readonly state: Pick<SharedState, 'take'>
  /** Failures that one log-in name may have, across doors, addresses and spellings (`RATE_LIMIT_LOGIN`). */
  readonly failures: Rate
}

/**
 * Makes an attempt unless its name has failed too often. A rejection is counted, and comes at the same time for every
 * reason.
 *
 * @returns undefined for a rejection
 * @throws GatewayError `RATE_LIMITED`, whether or not the name exists; `STORE_UNAVAILABLE`; what the attempt throws
 */
export async function guarded(
  { pacer, state, failures }: Guard,
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
  if (!('rejected' in outcome)) return outcome
  await state.take([take])
  visit.rejected(outcome.rejected)
  await pacer.hold(visit.began)
  return undefined
}

export interface LoginServiceOptions extends Guard {
  readonly mode: LoginMode
  readonly context: LoginServices
  readonly state: Pick<SharedState, 'take' | 'reset'>
}

type Named = Pick<Credentials, 'username' | 'entity'>

function failuresKey({ username, entity }: Named): string {
  return `login-failures:${entity}:${looseName(username)}`
}

export class LoginService {
  readonly #options: LoginServiceOptions

  constructor(options: LoginServiceOptions) {
    this.#options = options
  }

  /** @throws GatewayError `INVALID_CREDENTIALS`, the same for every reason and at the same time; as {@link attempt} */
  async admit(credentials: Credentials, visit: Visit): Promise<Admitted> {
    const admitted = await this.attempt(credentials, visit)
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  /** The same, with a rejection as an answer. @throws GatewayError as {@link guarded}; how coreBOS failed */
  async attempt(credentials: Credentials, visit: Visit): Promise<Admitted | undefined> {
    const { mode, context } = this.#options
    return guarded(this.#options, credentials, visit, () => logIn(mode, credentials, context))
  }

  /**
   * Forgets the failures of a log-in name: for an operator who has reset the counter in coreBOS.
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

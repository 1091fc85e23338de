/** Log-in of contacts: limits on guessing, known origins, and rejections that are all alike. */
import type { LoginServices } from './login-services.ts'
import { GatewayError } from '../model/errors.ts'
import { neverSent } from './calls.ts'
import type { Known, KnownOrigins, Origin } from './known-origins.ts'
import type { LoginLimits } from './login-limits.ts'
import { budgetOf } from './account-lookup.ts'
import { logIn } from './login.ts'
import type { Credentials, LoginMode } from './modes/mode.ts'
import { looseName } from './names.ts'
import type { ResponsePacer } from './response-pacer.ts'
import type { Admitted, LoginOutcome, RejectionReason } from './rejection.ts'

/** One attempt as the route sees it. */
export interface Visit {
  /** Its beginning, on the clock of the pacer. */
  readonly began: number
  readonly origin: Origin
  /** Counts the request as a log-in, if that has not been done. @throws GatewayError `RATE_LIMITED` */
  count(): Promise<void>
  /** Receives the reason of a rejection, for the log alone. */
  rejected(reason: RejectionReason): void
}

export interface Guard {
  readonly pacer: Pick<ResponsePacer, 'hold'>
  readonly limits: LoginLimits
  readonly origins: Pick<KnownOrigins, 'recognize' | 'remember'>
  readonly context: Pick<LoginServices, 'budget' | 'end' | 'rules'>
}

/** A log-in with the device token. */
export interface Entered extends Admitted {
  /** The rules of the admission. */
  readonly checkedUnder: string
  readonly deviceToken: string
}

/**
 * Makes an attempt unless its name has failed too often. The attempt is counted before it is made, and given back if it
 * succeeds or was never sent. A rejection takes the same time for every reason.
 *
 * @returns undefined for a rejection
 * @throws GatewayError `RATE_LIMITED`, whether or not the name exists; `STORE_UNAVAILABLE`; what the attempt throws
 */
export async function guarded(
  guard: Guard,
  named: Named,
  visit: Visit,
  attempt: (known: Known | undefined) => Promise<LoginOutcome>,
): Promise<Entered | undefined> {
  const { pacer, limits, origins } = guard
  await visit.count()
  const account = accountOf(named)
  const known = await origins.recognize(account, visit.origin)
  const reservation = await limits.reserve(account, known, visit.origin)
  // Read before the attempt: a policy that is loaded meanwhile is not the one of this log-in.
  const checkedUnder = guard.context.rules()
  let outcome: LoginOutcome
  try {
    outcome = await attempt(known)
  } catch (error) {
    if (neverSent(error)) await reservation.giveBack()
    throw error
  }
  if ('rejected' in outcome) {
    visit.rejected(outcome.rejected)
    await pacer.hold(visit.began)
    return undefined
  }
  return enter(guard, { ...outcome, checkedUnder }, async () => {
    const [deviceToken] = await Promise.all([
      origins.remember(account, outcome.contact.id, visit.origin),
      reservation.giveBack(),
    ])
    return deviceToken
  })
}

/** Undoes a log-in that cannot be completed. */
async function enter(
  { context: { budget, end } }: Guard,
  admitted: Omit<Entered, 'deviceToken'>,
  remember: () => Promise<string>,
): Promise<Entered> {
  try {
    return { ...admitted, deviceToken: await remember() }
  } catch (error) {
    await Promise.allSettled([end(admitted.upstream), budget.giveBack(admitted.releaseOnSuccess)])
    throw error
  }
}

export interface LoginServiceOptions extends Guard {
  readonly mode: LoginMode
  readonly context: LoginServices
}

type Named = Pick<Credentials, 'username' | 'entity'>

/** The one spelling under which the failures and the origins of a log-in name are stored. */
export function accountOf({ username, entity }: Named): string {
  return `${entity}:${looseName(username)}`
}

export class LoginService {
  readonly #options: LoginServiceOptions

  constructor(options: LoginServiceOptions) {
    this.#options = options
  }

  /**
   * @throws GatewayError `INVALID_CREDENTIALS`, with the same response and time for every reason; as {@link attempt}
   */
  async admit(credentials: Credentials, visit: Visit): Promise<Entered> {
    const admitted = await this.attempt(credentials, visit)
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  /**
   * Logs in, and returns a rejection instead of throwing it.
   *
   * @throws GatewayError as {@link guarded}; the error of coreBOS
   */
  async attempt(credentials: Credentials, visit: Visit): Promise<Entered | undefined> {
    const { mode, context } = this.#options
    return guarded(this.#options, credentials, visit, (origin) =>
      logIn(mode, { ...credentials, origin }, context),
    )
  }

  /**
   * Forgets the failures of a log-in name: for an operator who has reset the counter in coreBOS.
   *
   * @returns the number of failures that had reached coreBOS
   * @throws GatewayError the error of coreBOS or the store
   */
  async forgive({ username, entity }: Named): Promise<number> {
    const { context, limits } = this.#options
    const { budget, service } = context
    const found = (await service?.byName(entity, username)) ?? []
    if (found === 'several')
      throw new GatewayError('QUERY_TOO_LARGE', 'too many contacts have this name; use the webservice id')
    const budgets = [...found.map(({ id }) => id), budgetOf(username, entity, undefined)].filter(
      (key) => key !== undefined,
    )
    await limits.forget(accountOf({ username, entity }))
    const held = await Promise.all(budgets.map(async (key) => budget.forget(key)))
    return held.reduce((sum, each) => sum + each, 0)
  }
}

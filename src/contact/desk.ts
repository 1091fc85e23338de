/** The desk where contacts log in: limits on guessing, and refusals that all look alike. */
import { GatewayError } from '../errors.ts'
import type { Rate } from '../environment.ts'
import type { SharedState } from '../session/contract.ts'
import { logIn, type Credentials, type LoginContext, type LoginMode } from './login.ts'
import { looseName } from './names.ts'
import type { RefusalPace } from './pace.ts'
import type { Admitted, RefusalReason } from './refusal.ts'

export interface DeskOptions {
  readonly mode: LoginMode
  readonly context: LoginContext
  readonly pace: RefusalPace
  readonly state: Pick<SharedState, 'take'>
  /** Failures that one log-in name may have, across addresses and spellings (`RATE_LIMIT_LOGIN`). */
  readonly failures: Rate
}

export class LoginDesk {
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /**
   * @param began when the log-in began, on the clock of the pace
   * @param onRefused told why, for the log alone
   * @throws GatewayError `INVALID_CREDENTIALS`, the same for every reason and at the same time; as {@link attempt}
   */
  async admit(
    credentials: Credentials,
    began: number,
    onRefused: (reason: RefusalReason) => void,
  ): Promise<Admitted> {
    const admitted = await this.attempt(credentials, began, onRefused)
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  /**
   * The same, with a refusal as an answer; it comes at the same time for every reason.
   * @throws GatewayError `RATE_LIMITED`, whether or not somebody has that name; how coreBOS or the store failed
   */
  async attempt(
    credentials: Credentials,
    began: number,
    onRefused: (reason: RefusalReason) => void,
  ): Promise<Admitted | undefined> {
    const { mode, context, pace, state, failures } = this.#options
    const take = {
      key: `login-failures:${credentials.entity}:${looseName(credentials.username)}`,
      max: failures.max,
      window: failures.seconds * 1000,
      kind: 'budget',
    } as const
    const [before] = await state.take([{ ...take, cost: 0 }])
    if (before?.allowed !== true) {
      throw new GatewayError('RATE_LIMITED', undefined, {
        retryAfter: (before?.resetIn ?? take.window) / 1000,
      })
    }
    const outcome = await logIn(mode, credentials, context)
    if (!('refused' in outcome)) return outcome
    await state.take([take])
    onRefused(outcome.refused)
    await pace.hold(began)
    return undefined
  }
}

/** The parts of the gateway that a log-in uses. */
import type { PasswordType } from '../corebos/login.ts'
import type { Level } from '../model/contact.ts'
import type { FailureBudget } from './lockout-budget.ts'
import type { LoginCalls, ServiceCalls } from './calls.ts'

export interface LoginServices {
  readonly calls: LoginCalls
  readonly service: ServiceCalls | undefined
  readonly budget: FailureBudget
  /** Overrides the type that each contact's record names. */
  readonly passwordType: PasswordType | undefined
  /** In `user` mode: the contact whose `portalloginuser` is the CRM user, or the one with the user's e-mail address. */
  readonly matchUsersBy: () => 'portalloginuser' | 'email'
  /** The policy's level for contacts whose record names none. */
  readonly level: () => Level
  /** A text that differs where a contact's admission or level may differ by the mode or the policy. */
  readonly rules: () => string
  /**
   * Holds the policy against what the CRM user of a contact's session sees, where there is no service user to do so: a
   * field that the policy names and contacts lack would fail the log-in.
   */
  readonly checkPolicy: (session: string, userId: string) => Promise<void>
  /** `YYYY-MM-DD` in UTC. */
  readonly today: () => string
  /** Ends a coreBOS session that is no longer needed; never throws. */
  readonly end: (session: string | undefined) => Promise<void>
}

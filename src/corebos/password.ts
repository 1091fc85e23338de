/**
 * The passwords of contacts, which coreBOS stores in clear text. Neither call checks who makes it: the caller must know
 * whose password it is.
 */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { ask, outcomeOf, type Caller } from './caller.ts'

/**
 * Sets the password of the contact with that log-in name.
 *
 * @returns whether the current password was right, by the database's collation; `false` for an unknown name as well
 */
export async function changePortalUserPassword(
  caller: Caller,
  email: string,
  passwords: { readonly current: string; readonly next: string },
): Promise<boolean> {
  const params = { email, password: passwords.next, current_password: passwords.current }
  const outcome = await outcomeOf(caller, { operation: 'changePortalUserPassword', params })
  if (outcome.kind === 'success') return outcome.result === true
  if (outcome.code === 'INVALID_OLD_PASSWORD') return false
  throw new CorebosRejection('changePortalUserPassword', outcome.code, outcome.message)
}

/** Has coreBOS mail the password in clear text to the contact with that log-in name. */
export async function sendRecoverPassword(caller: Caller, username: string): Promise<void> {
  await ask(caller, { operation: 'sendRecoverPassword', params: { username } })
}

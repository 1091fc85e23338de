/** Log-in with a password in clear text: credentials that no mode accepts are rejected before the mode is called. */
import { isSendable } from '../corebos/form.ts'
import type { LoginServices } from './login-services.ts'
import type { Attempt, LoginMode } from './modes/mode.ts'
import { collatedName, longestName, longestPassword } from './names.ts'
import { reject, type LoginOutcome } from './rejection.ts'

/**
 * Admits a contact or rejects it; the reason is for the log alone.
 *
 * @throws GatewayError if coreBOS or the store failed
 */
export async function logIn(
  mode: Pick<LoginMode, 'entities' | 'logIn'>,
  attempt: Attempt,
  services: LoginServices,
): Promise<LoginOutcome> {
  const { username, password, entity } = attempt
  if (username.length > longestName || password.length > longestPassword) return reject('too-long')
  if (username === '' || password === '') return reject('password')
  if (!isSendable(username) || !isSendable(password)) return reject('password')
  if (collatedName(username) === undefined) return reject('name')
  if (!mode.entities.includes(entity)) return reject('mode')
  return mode.logIn(attempt, services)
}

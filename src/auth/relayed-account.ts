/** The account of a log-in whose secret the client has hashed: its record, and the hash within the budget. */
import type { Identity } from '../corebos/trusted.ts'
import { budgetOf, standingOf } from './account-lookup.ts'
import { decideAdmission } from './admission-decision.ts'
import { spend, type Passed } from './attempt.ts'
import type { PortalLogin } from './calls.ts'
import type { RelayedAttempt, RelayServices } from './modes/mode.ts'
import { reject, type Rejected } from './rejection.ts'

export interface RelayedAccount {
  readonly identity: Identity
  /** Undefined if none is in force. */
  readonly token: string | undefined
}

/**
 * With a service user, the account is looked up first: only the hash of an account with access is relayed.
 *
 * @returns undefined without a service user
 */
export async function lookUpRelayed(
  { username, entity }: RelayedAttempt,
  { service, calls, today, madeUpToken }: RelayServices,
): Promise<RelayedAccount | Rejected | undefined> {
  if (service === undefined) return undefined
  const [found, token] = await Promise.all([
    service.byName(entity, username),
    // For every name, needed or not, because a missing token would reveal which names exist.
    calls.challenge(username),
  ])
  if (found === 'several') return reject('duplicate')
  const open = found.filter(({ portal }) => portal)
  const [record, ...others] = open
  if (record === undefined) return reject('name')
  if (others.length > 0) return reject('duplicate')
  const decision = decideAdmission({ record }, today())
  if ('rejected' in decision) return decision
  // If coreBOS has no Customer Portal Login, all tokens are decoys.
  return { ...decision, token: token ?? (await madeUpToken(username)) }
}

/**
 * Webservice id of the contact whose password was hashed with the token, except for case and accents. Not counted as a
 * failure.
 */
export async function verifyInClear(
  { token }: RelayedAccount,
  { username, secret }: RelayedAttempt,
  { service }: Pick<RelayServices, 'service'>,
): Promise<string | undefined> {
  if (token === undefined || !secret.startsWith(token) || secret === token) return undefined
  return service?.authenticateContact(username, secret.slice(token.length))
}

/** Lets coreBOS compare the relayed secret, if the contact's budget allows. */
export async function relayPassword(
  known: RelayedAccount | undefined,
  attempt: RelayedAttempt,
  services: RelayServices,
): Promise<Passed<PortalLogin> | Rejected> {
  const { username, secret, entity, origin } = attempt
  const who = budgetOf(username, entity, known?.identity)
  if (who === undefined) return reject('name')
  const inClear = known?.identity.passwordType === 'plaintext' && entity === 'Contacts'
  if (inClear && (await verifyInClear(known, attempt, services)) !== known.identity.id)
    return reject('password')
  const standing = standingOf(
    { proven: inClear, origin, identity: known?.identity },
    entity === 'Contacts' && services.service !== undefined,
  )
  // The client has concatenated token and password; the text is sent unchanged.
  return spend(who, standing, services, () =>
    services.calls.loginPortal(username, { token: '', password: secret, type: 'plaintext' }, entity),
  )
}

/** The account behind a log-in: its record and challenge, and its password within the budget. */
import { spend, type Passed } from './attempt.ts'
import type { PortalLogin } from './calls.ts'
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import type { Known as KnownOrigin } from './known-origins.ts'
import type { Standing } from './lockout-budget.ts'
import type { LoginServices } from './login-services.ts'
import type { Attempt, Credentials } from './modes/mode.ts'
import { foldName } from './names.ts'
import { reject, type Rejected } from './rejection.ts'

/** An account whose password may be tried: the token to hash it with, and the record if it could be read. */
export interface Account {
  readonly token: string
  readonly identity: Identity | undefined
  /** Whether coreBOS has found the password right except for case and accents. */
  readonly proven: boolean
}

/**
 * Looks the account up without being counted by coreBOS. With a service user only a caller who knows the password (by
 * collation) passes, so strangers never reach the counter. All kinds of rejection cost the same calls.
 */
export async function lookUp(credentials: Credentials, context: LoginServices): Promise<Account | Rejected> {
  const { calls, service } = context
  const { username, password, entity } = credentials
  if (service === undefined) {
    const token = await calls.challenge(username)
    return token === undefined ? reject('name') : { token, identity: undefined, proven: false }
  }
  const [token, found, verified] = await Promise.all([
    calls.challenge(username),
    service.byName(entity, username),
    // coreBOS has this for contacts alone; an employee's password is counted without it.
    entity === 'Contacts' ? service.authenticateContact(username, password) : undefined,
  ])
  if (token === undefined) return reject('name')
  if (entity === 'Contacts' && verified === undefined) return reject('password')
  const open = found === 'several' ? [] : found.filter(({ portal }) => portal)
  if (found === 'several' || open.length > 1) return reject('duplicate')
  // A name that cannot be looked up safely still identifies the contact that coreBOS names.
  const identity = open[0] ?? (verified === undefined ? undefined : await service.byId(entity, verified))
  if (verified !== undefined && identity !== undefined && verified !== identity.id) return reject('mismatch')
  return { token, identity, proven: verified !== undefined }
}

/** Lets coreBOS compare the exact password, if the contact's budget allows. */
export async function tryPassword(
  { token, identity, proven }: Account,
  { username, password, entity, origin }: Attempt,
  context: LoginServices,
): Promise<Passed<PortalLogin> | Rejected> {
  const type = context.passwordType ?? identity?.passwordType
  if (type === undefined) return reject(identity === undefined ? 'unreadable' : 'password-type')
  const who = budgetOf(username, entity, identity)
  if (who === undefined) return reject('name')
  const standing = standingOf(
    { proven, origin, identity },
    entity === 'Contacts' && context.service !== undefined,
  )
  return spend(who, standing, context, () =>
    context.calls.loginPortal(username, { token, password, type }, entity),
  )
}

/** The key of the budget that a log-in is counted in; by name if the record cannot be read. */
export function budgetOf(
  username: string,
  entity: Entity,
  identity: Pick<Identity, 'id'> | undefined,
): string | undefined {
  if (identity !== undefined) return identity.id
  const name = foldName(username)
  return name === undefined ? undefined : `${entity}:${name}`
}

/**
 * The limit that applies to an attempt.
 *
 * @param checkable whether a right password could be checked without counting, so that its slot is kept for it
 */
export function standingOf(
  {
    proven,
    origin,
    identity,
  }: {
    readonly proven: boolean
    readonly origin: KnownOrigin | undefined
    readonly identity: Pick<Identity, 'id'> | undefined
  },
  checkable: boolean,
): Standing {
  if (proven) return 'sure'
  // The name may belong to another contact by now.
  if (origin === undefined || (identity !== undefined && identity.id !== origin.contactId)) return 'stranger'
  return origin.kind === 'device' && !checkable ? 'sure' : 'known'
}

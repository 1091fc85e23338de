/** Who is this? The three ways to let a customer in, as one table of functions. */
import type { LoginServices } from './login-services.ts'
import { isSendable } from '../corebos/form.ts'
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import { inSession, judged, spend, type Passed } from './attempt.ts'
import type { Standing } from './lockout-budget.ts'
import type { PortalLogin } from './calls.ts'
import { decideAdmission } from './admission-decision.ts'
import { contactOf } from './identity.ts'
import type { Known as KnownOrigin } from './known-origins.ts'
import { collatedName, foldName, longestName, longestPassword } from './names.ts'
import type { CallKind } from './response-pacer.ts'
import { reject, type LoginOutcome, type Rejected } from './rejection.ts'

export const loginModeNames = ['portal', 'service', 'user'] as const
export type LoginMode = (typeof loginModeNames)[number]

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly entity: Entity
}

/** Credentials, and whether the contact has logged in from there before. */
export interface Attempt extends Credentials {
  readonly origin: KnownOrigin | undefined
}

interface Mode {
  /** Calls that the longest rejection of this mode waits for one after the other. */
  readonly rounds: Readonly<Record<CallKind, number>>
  readonly login: (attempt: Attempt, context: LoginServices) => Promise<LoginOutcome>
}

export const loginModes: Readonly<Record<LoginMode, Mode>> = {
  portal: { rounds: { service: 2, direct: 3 }, login: portal },
  service: { rounds: { service: 2, direct: 2 }, login: service },
  user: { rounds: { service: 1, direct: 5 }, login: user },
}

/**
 * Admits a contact or rejects it; why is for the log alone.
 * @throws GatewayError where coreBOS or the store failed
 */
export async function logIn(
  mode: LoginMode,
  attempt: Attempt,
  context: LoginServices,
): Promise<LoginOutcome> {
  const { username, password, entity } = attempt
  if (username.length > longestName || password.length > longestPassword) return reject('too-long')
  if (username === '' || password === '') return reject('password')
  if (!isSendable(username) || !isSendable(password)) return reject('password')
  if (collatedName(username) === undefined) return reject('name')
  if (entity === 'Employee' && mode !== 'portal') return reject('mode')
  return loginModes[mode].login(attempt, context)
}

/** Customer Portal Login: the contact's own coreBOS session, with the rights of the user that it is mapped to. */
async function portal(attempt: Attempt, context: LoginServices): Promise<LoginOutcome> {
  const { calls, today, level } = context
  const known = await lookUp(attempt, context)
  if ('rejected' in known) return known
  const passed = await tryPassword(known, attempt, context)
  if ('rejected' in passed) return passed

  const { login } = passed
  return inSession(passed, context, async () => {
    const [{ administrator }, record] = await Promise.all([
      calls.userInfo(login.session),
      known.identity ?? calls.identitiesIn(login.session).byId(attempt.entity, login.contactId),
    ])
    const decision = decideAdmission({ record, namedId: login.contactId, administrator }, today())
    if ('rejected' in decision) return decision
    return { contact: contactOf(decision.identity, attempt.entity, login.user, level()) }
  })
}

/** Contact Login: the service user serves all contacts, so the gateway checks portal flag, support dates and exact password itself. */
async function service(attempt: Attempt, context: LoginServices): Promise<LoginOutcome> {
  const { service, today, level, budget, end } = context
  if (service === undefined) throw new Error('LOGIN_MODE=service has no service user')
  const known = await lookUp(attempt, context)
  if ('rejected' in known) return known
  // Before the password: an attempt for a contact without access spends nothing of its budget.
  const decision = decideAdmission({ record: known.identity }, today())
  if ('rejected' in decision) return decision
  const { identity } = decision

  const passed = await tryPassword(known, attempt, context)
  if ('rejected' in passed && passed.rejected !== 'absent') return passed
  const { login, leaving } = 'rejected' in passed ? { login: undefined, leaving: undefined } : passed
  // The log-in does not wait for it.
  if (login !== undefined) void end(login.session)
  if (login !== undefined && login.contactId !== identity.id) {
    await budget.giveBack(leaving)
    return reject('mismatch')
  }
  const contact = contactOf(identity, 'Contacts', await service.user(), level())
  return { contact, upstream: undefined, leaving }
}

/** User per Contact: a CRM user's own name and access key or password. */
async function user(attempt: Attempt, context: LoginServices): Promise<LoginOutcome> {
  const { calls } = context
  const { username, password } = attempt
  const name = foldName(username)
  if (name === undefined) return reject('name')
  const token = await calls.challenge(username)
  if (token === undefined) return reject('name')

  // coreBOS counts no failures of its users, so that no budget is spent.
  const byKey = await calls.login(username, { token, password, form: 'key' })
  const passed = judged(
    'login' in byKey || byKey.rejection !== 'wrong'
      ? byKey
      : await calls.login(username, { token, password, form: 'password' }),
  )
  if ('rejected' in passed) return passed
  return admitUser(passed, username.trim(), context)
}

/** Lets in the contact that a CRM user is. @param name as the user has typed it */
export async function admitUser(
  passed: Passed<{ readonly session: string; readonly userId: string }>,
  name: string,
  context: LoginServices,
): Promise<LoginOutcome> {
  const { calls, service, today, level, matchUsersBy } = context
  const { session, userId } = passed.login

  return inSession(passed, context, async () => {
    const reader = service ?? calls.identitiesIn(session)
    const { administrator, email } = await calls.userInfo(session)
    const found =
      matchUsersBy() === 'email' ? await reader.byName('Contacts', email) : await reader.byUser(userId)
    const [first, ...others] = found === 'several' ? [] : found
    const record = first === undefined || others.length > 0 ? 'unmapped' : first
    const decision = decideAdmission({ record, administrator }, today())
    if ('rejected' in decision) return decision
    return { contact: contactOf(decision.identity, 'Contacts', { id: userId, name }, level()) }
  })
}

/** An account whose password may be tried: the token to hash it with, and the record where it could be read. */
interface Known {
  readonly token: string
  readonly identity: Identity | undefined
  /** Whether coreBOS has found the password right but for case and accents. */
  readonly proven: boolean
}

/**
 * Looks the account up without coreBOS counting anything. With a service user only a caller who knows the
 * password (by collation) comes through, so strangers never reach the counter. All kinds of rejection cost the same calls.
 */
async function lookUp(credentials: Credentials, context: LoginServices): Promise<Known | Rejected> {
  const { calls, service } = context
  const { username, password, entity } = credentials
  if (service === undefined) {
    const token = await calls.challenge(username)
    return token === undefined ? reject('name') : { token, identity: undefined, proven: false }
  }
  const [token, found, verified] = await Promise.all([
    calls.challenge(username),
    service.byName(entity, username),
    // coreBOS has this for contacts alone; an employee's password meets the budget without it.
    entity === 'Contacts' ? service.authenticateContact(username, password) : undefined,
  ])
  if (token === undefined) return reject('name')
  if (entity === 'Contacts' && verified === undefined) return reject('password')
  const open = found === 'several' ? [] : found.filter(({ portal }) => portal)
  if (found === 'several' || open.length > 1) return reject('duplicate')
  // A name that cannot be looked up safely still leads to the contact that coreBOS names.
  const identity = open[0] ?? (verified === undefined ? undefined : await service.byId(entity, verified))
  if (verified !== undefined && identity !== undefined && verified !== identity.id) return reject('mismatch')
  return { token, identity, proven: verified !== undefined }
}

/** Lets coreBOS compare the exact password, if the contact's budget allows. */
async function tryPassword(
  { token, identity, proven }: Known,
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

/** Whose budget a log-in is at the expense of; by name where the record cannot be read. */
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
 * What an attempt may spend of a budget.
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
  // The name may have gone to another contact since.
  if (origin === undefined || (identity !== undefined && identity.id !== origin.contactId)) return 'stranger'
  return origin.kind === 'device' && !checkable ? 'sure' : 'known'
}

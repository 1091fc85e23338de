/** The calls of coreBOS around a log-in. Rejections of coreBOS are returned, failures are thrown. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { createHash } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'
import { ask, outcomeOf, type Caller } from './caller.ts'
import type { Rejection } from './envelope.ts'
import { isSendable } from './form.ts'
import type { CorebosSession, Sessions } from './session.ts'
import { object, text } from './shape.ts'

/** The storage of contacts' passwords in coreBOS; a hash of another type counts as a wrong password. */
export type PasswordType = 'md5' | 'sha256' | 'sha512' | 'plaintext'

/** The two kinds of people without a CRM user of their own, in coreBOS's terms. */
export type Entity = 'Contacts' | 'Employee'

/**
 * `unknown`: the name has no access. `wrong`: the password; for contacts, coreBOS has counted the failure. `locked`:
 * too many wrong passwords, every further attempt is rejected. `absent`: this coreBOS does not have this kind of
 * log-in.
 */
export type LoginRejection = 'unknown' | 'wrong' | 'locked' | 'absent'

export interface PortalLogin {
  readonly session: CorebosSession
  /** Webservice id of the contact or employee. */
  readonly contactId: string
  /** The CRM user that they are mapped to. */
  readonly user: { readonly id: string; readonly name: string }
  readonly language: string
}

export interface UserLogin {
  readonly session: CorebosSession
  /** Webservice id of the CRM user. */
  readonly userId: string
}

export interface UserInfo {
  readonly id: string
  readonly administrator: boolean
  readonly email: string
  readonly language: string
}

/** Customer Portal Login of a contact or employee with a challenge's token. */
export async function loginPortal(
  outside: Caller,
  sessions: Sessions,
  username: string,
  secret: { readonly token: string; readonly password: string; readonly type: PasswordType },
  entity: Entity,
): Promise<PortalLogin | LoginRejection> {
  const password = portalPassword(secret.token, secret.password, secret.type)
  const call = { operation: 'loginPortal', params: { username, password, entity } }
  const outcome = await outcomeOf(outside, call)
  if (outcome.kind === 'rejection') return loginRejection('loginPortal', outcome)
  const { sessionName, user } = object(outcome.result, 'log-in')
  const { id, user_name, contactid, language } = object(user, 'log-in')
  return {
    session: sessions.resume(sessionNameOf(sessionName)),
    contactId: text(contactid, 'log-in'),
    user: { id: text(id, 'log-in'), name: text(user_name, 'log-in') },
    language: text(language, 'log-in'),
  }
}

/** Log-in of a CRM user with a challenge's token and either its access key or its own password. */
export async function login(
  outside: Caller,
  sessions: Sessions,
  username: string,
  secret: { readonly token: string; readonly password: string; readonly form: 'key' | 'password' },
): Promise<UserLogin | LoginRejection> {
  const type = secret.form === 'key' ? 'md5' : 'plaintext'
  const accessKey = portalPassword(secret.token, secret.password, type)
  const outcome = await outcomeOf(outside, { operation: 'login', params: { username, accessKey } })
  if (outcome.kind === 'rejection') return loginRejection('login', outcome)
  const { sessionName, userId } = object(outcome.result, 'log-in')
  return { session: sessions.resume(sessionNameOf(sessionName)), userId: text(userId, 'log-in') }
}

/**
 * Contact Login: the webservice id of a contact with that name and password, both compared by the database's collation,
 * or `false`. It neither counts failures nor locks.
 */
export async function authenticateContact(
  service: Caller,
  email: string,
  password: string,
): Promise<string | false> {
  const call = { operation: 'authenticateContact', params: { email, password } }
  const { result } = await ask(service, call)
  return result === false ? false : text(result, 'contact')
}

/**
 * The session's statement about the CRM user that it runs as; only that session can tell whether the user is an
 * administrator.
 */
export async function getPortalUserInfo(session: Caller): Promise<UserInfo> {
  const { result } = await ask(session, { operation: 'getPortalUserInfo' })
  const { id, is_admin, email1, language } = object(result, 'user')
  if (is_admin !== 'on' && is_admin !== 'off') {
    throw new GatewayError('COREBOS_FAILED', 'coreBOS does not say whether a user is an administrator')
  }
  return {
    id: text(id, 'user'),
    administrator: is_admin === 'on',
    email: text(email1, 'user'),
    language: text(language, 'user'),
  }
}

function portalPassword(token: string, password: string, type: PasswordType): string {
  // Hashing would hide that coreBOS received another password.
  if (!isSendable(password))
    throw new GatewayError('INVALID_VALUE', 'the password contains an invalid character')
  const whole = token + password
  return type === 'plaintext' ? whole : createHash(type).update(whole, 'utf8').digest('hex')
}

function loginRejection(operation: string, { code, message }: Rejection): LoginRejection {
  if (message === 'Maximum number of failed attempts reached.') return 'locked'
  if (code === 'AUTHENTICATION_REQUIRED') return 'unknown'
  if (code === 'UNKNOWN_OPERATION' || /^Necessary portal login fields are not created/.test(message))
    return 'absent'
  if (code === 'INVALID_USER_CREDENTIALS') return 'wrong'
  throw new CorebosRejection(operation, code, message)
}

/** PHP's own letters for session ids. */
function sessionNameOf(value: unknown): string {
  const name = text(value, 'session name')
  if (/^[A-Za-z0-9,-]{8,256}$/.test(name)) return name
  throw new GatewayError('COREBOS_FAILED', 'coreBOS returned an invalid session name')
}

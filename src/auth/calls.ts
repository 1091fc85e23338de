/** The calls of coreBOS that a log-in makes, each timed; rejections of coreBOS are returned. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import type { Caller } from '../corebos/caller.ts'
import { requestChallenge } from '../corebos/challenge.ts'
import type { Corebos } from '../corebos/corebos.ts'
import * as corebosLogin from '../corebos/login.ts'
import type { Entity, LoginRejection, PasswordType, UserInfo } from '../corebos/login.ts'
import { Identities, type Identity } from '../corebos/trusted.ts'
import { GatewayError } from '../model/errors.ts'
import type { Challenges } from './decoy-challenges.ts'
import type { Contact } from '../model/contact.ts'
import type { CallKind } from './response-pacer.ts'

export { neverSent } from '../corebos/never-sent.ts'

/** `other`: rejected for a reason unrelated to the password. */
export type Rejection = LoginRejection | 'other'
export type LoginAnswer<T> = { readonly login: T } | { readonly rejection: Rejection }

/** Sessions are identified by name, which a gateway session stores. */
export interface PortalLogin {
  readonly session: string
  readonly contactId: string
  readonly user: Contact['user']
}

export interface IdentityReader {
  byId(entity: Entity, id: string): Promise<Identity | undefined>
  /** Empty for a name that cannot be put into a statement. `several`: more records than the gateway reads. */
  byName(entity: Entity, name: string): Promise<readonly Identity[] | 'several'>
  /** Contacts mapped to a CRM user. */
  byUser(userId: string): Promise<readonly Identity[]>
}

export interface LoginCalls {
  /** The token to hash the password with; `undefined` if the name has no access. */
  challenge(username: string): Promise<string | undefined>
  loginPortal(
    username: string,
    secret: { readonly token: string; readonly password: string; readonly type: PasswordType },
    entity: Entity,
  ): Promise<LoginAnswer<PortalLogin>>
  login(
    username: string,
    secret: { readonly token: string; readonly password: string; readonly form: 'key' | 'password' },
  ): Promise<LoginAnswer<{ readonly session: string; readonly userId: string }>>
  /** The session's statement about the CRM user that it runs as. */
  userInfo(session: string): Promise<UserInfo>
  /** Identity facts as a contact's own session may read them. */
  identitiesIn(session: string): IdentityReader
}

/** The calls of the service user for a log-in. */
export interface ServiceCalls extends IdentityReader {
  user(): Promise<Contact['user']>
  /**
   * Webservice id of a contact with that name and password, both compared by the database's collation. Not counted as a
   * failure.
   */
  authenticateContact(username: string, password: string): Promise<string | undefined>
}

/** Returns the result of a call, and records its duration. */
type Timed = <T>(call: () => Promise<T>) => Promise<T>
export type Timing = <T>(kind: CallKind, call: () => Promise<T>) => Promise<T>

/** @param levelField the field, from the policy in force, that names a contact's level */
export function loginCalls(
  corebos: Corebos,
  challenges: Pick<Challenges, 'tokenFor'>,
  levelField: () => string | undefined,
  timed: Timing,
): LoginCalls {
  const { outside, sessions } = corebos
  const direct: Timed = (call) => timed('direct', call)
  return {
    challenge: (username) =>
      challenges.tokenFor(username, (name) => direct(() => requestChallenge(outside, name))),
    loginPortal: (username, secret, entity) =>
      direct(() =>
        answer(async () => {
          const login = await corebosLogin.loginPortal(outside, sessions, username, secret, entity)
          return typeof login === 'string' ? login : { ...login, session: login.session.name }
        }),
      ),
    login: (username, secret) =>
      direct(() =>
        answer(async () => {
          const login = await corebosLogin.login(outside, sessions, username, secret)
          return typeof login === 'string' ? login : { ...login, session: login.session.name }
        }),
      ),
    userInfo: (session) => direct(() => corebosLogin.getPortalUserInfo(corebos.session(session))),
    identitiesIn: (session) => identityReader(corebos.session(session), levelField, direct),
  }
}

export function serviceCalls(
  { service }: Corebos,
  levelField: () => string | undefined,
  timed: Timing,
): ServiceCalls | undefined {
  if (service === undefined) return undefined
  const forService: Timed = (call) => timed('service', call)
  return {
    ...identityReader(service, levelField, forService),
    user: async () => ({ id: await service.userId(), name: service.name }),
    authenticateContact: async (username, password) => {
      const id = await forService(() => corebosLogin.authenticateContact(service, username, password))
      return id === false ? undefined : id
    },
  }
}

function identityReader(caller: Caller, levelField: () => string | undefined, timed: Timed): IdentityReader {
  const identities = () => new Identities(caller, levelField())
  return {
    byId: (entity, id) => timed(() => identities().byId(entity, id)),
    byUser: (userId) => timed(() => identities().byUser(userId)),
    byName: async (entity, name) => {
      try {
        return await timed(() => identities().byName(entity, name))
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        if (error.code === 'QUERY_NOT_EXPRESSIBLE') return []
        if (error.code === 'QUERY_TOO_LARGE') return 'several'
        throw error
      }
    },
  }
}

async function answer<T extends object>(call: () => Promise<T | LoginRejection>): Promise<LoginAnswer<T>> {
  try {
    const login = await call()
    return typeof login === 'string' ? { rejection: login } : { login }
  } catch (error) {
    // For example a name that a CRM user and a contact share: coreBOS gives the token of one to the other.
    if (error instanceof CorebosRejection) return { rejection: 'other' }
    throw error
  }
}

/** The calls of coreBOS that a log-in makes; what coreBOS refuses comes back as a value, what fails is thrown. */
import type { Entity, IdentityReader, PasswordType } from './identity.ts'

/**
 * `unknown`: nobody by that name may log in. `wrong`: counted by coreBOS. `locked`: refused whatever the password.
 * `absent`: this coreBOS has no such operation.
 */
export type LoginRefusal = 'unknown' | 'wrong' | 'locked' | 'absent'
export type LoginAnswer<T> = { readonly login: T } | { readonly refusal: LoginRefusal }

export interface PortalLogin {
  readonly session: string
  readonly contactId: string
  readonly user: { readonly id: string; readonly name: string }
  readonly language: string
}

export interface LoginCalls {
  /** The token to hash the password with; `undefined` where coreBOS knows nobody by that name. */
  challenge(username: string): Promise<string | undefined>
  loginPortal(
    username: string,
    secret: { readonly token: string; readonly password: string; readonly type: PasswordType },
    entity: Entity,
  ): Promise<LoginAnswer<PortalLogin>>
  /** `form`: whether `secret` is an access key or a password. */
  login(
    username: string,
    secret: { readonly token: string; readonly password: string; readonly form: 'key' | 'password' },
  ): Promise<LoginAnswer<{ readonly session: string; readonly userId: string }>>
  /** What a session says of its own CRM user. */
  userInfo(session: string): Promise<{
    readonly id: string
    readonly administrator: boolean
    readonly email: string
    readonly language: string
  }>
  logout(session: string): Promise<void>
  /** Identity facts as the session itself may read them. */
  identitiesIn(session: string): IdentityReader
}

/** What the service user does for a log-in. */
export interface ServiceCalls extends IdentityReader {
  readonly user: { readonly id: string; readonly name: string }
  /** Webservice id of a contact of that name whose password this is by the database's collation. */
  authenticateContact(username: string, password: string): Promise<string | undefined>
}

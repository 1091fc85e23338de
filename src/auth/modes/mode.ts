/** The contract of a log-in mode: how contacts prove their identity, and the consequences elsewhere. */
import type { Entity, UserInfo } from '../../corebos/login.ts'
import type { Identity } from '../../corebos/trusted.ts'
import type { Contact } from '../../model/contact.ts'
import type { IdentityReader } from '../calls.ts'
import type { Known as KnownOrigin } from '../known-origins.ts'
import type { LoginServices } from '../login-services.ts'
import type { LoginOutcome } from '../rejection.ts'
import type { CallKind } from '../response-pacer.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly entity: Entity
}

/** Credentials, and whether the contact has logged in from this origin before. */
export interface Attempt extends Credentials {
  readonly origin: KnownOrigin | undefined
}

/** Credentials from a client that hashes: `secret` is the hash of token and password, or both of them in clear text. */
export interface RelayedCredentials {
  readonly username: string
  readonly secret: string
  readonly entity: Entity
}

/**
 * Relayed credentials with the one spelling of the name, and whether the contact has logged in from this origin before.
 */
export interface RelayedAttempt extends RelayedCredentials {
  readonly origin: KnownOrigin | undefined
  /** The name as sent by the client. */
  readonly typed: string
}

export interface RelayServices extends LoginServices {
  /** The decoy token of a name, if it is in force. */
  readonly madeUpToken: (name: string) => Promise<string | undefined>
}

/**
 * A log-in of coreBOS's protocol whose secret the gateway relays.
 *
 * @throws GatewayError the error of coreBOS or the store
 */
export type Relay = (attempt: RelayedAttempt, services: RelayServices) => Promise<LoginOutcome>

/** coreBOS's facts about a running session. */
export interface RunningSession {
  readonly contact: Contact
  /** The CRM user of the contact's own coreBOS session, if it has one. */
  readonly info: UserInfo | undefined
  readonly reader: IdentityReader
}

export interface LoginMode {
  /** As in `LOGIN_MODE`. */
  readonly name: string
  /** Sequential calls of the slowest rejection of this mode. */
  readonly rounds: Readonly<Record<CallKind, number>>
  /** The kinds of people that can log in. */
  readonly entities: readonly Entity[]
  /** Whether the password is that of Customer Portal Login, which contacts change and recover themselves. */
  readonly hasPortalPassword: boolean
  /** Whether coreBOS itself restricts the contact's session to records of the contact and its account. */
  readonly hasRestrictedSession: boolean
  /** Admits a contact or rejects it. @throws GatewayError the error of coreBOS or the store */
  readonly logIn: (attempt: Attempt, services: LoginServices) => Promise<LoginOutcome>
  /** The log-ins of coreBOS's protocol that this mode accepts, by operation. */
  readonly relays: Readonly<Partial<Record<'loginPortal' | 'login', Relay>>>
  /** Whether the CRM user of a running session still belongs to the contact. */
  readonly isMapped: (
    record: Identity,
    session: RunningSession,
    services: Pick<LoginServices, 'matchUsersBy'>,
  ) => boolean | Promise<boolean>
}

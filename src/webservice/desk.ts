/**
 * Log-ins of clients that hash the password themselves: the gateway never sees it, so it relays the hash, within the
 * budget that the contact has at every door, and refuses alike and at the same time whatever the reason.
 */
import type { Rate } from '../environment.ts'
import { barrier, contactOf } from '../contact/identity.ts'
import type { LoginAnswer, PortalLogin, Refusal } from '../contact/calls.ts'
import type { LoginContext, LoginMode } from '../contact/login.ts'
import { foldName, longestName, longestPassword, looseName } from '../contact/names.ts'
import type { RefusalPace } from '../contact/pace.ts'
import {
  refuse,
  type Admitted,
  type LoginOutcome,
  type RefusalReason,
  type Refused,
} from '../contact/refusal.ts'
import { isSendable } from '../corebos/form.ts'
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import { GatewayError } from '../errors.ts'
import type { SharedState } from '../session/contract.ts'
import { sentName } from './challenges.ts'

export interface RelayDeskOptions {
  readonly mode: LoginMode
  readonly context: LoginContext
  readonly pace: Pick<RefusalPace, 'hold'>
  readonly state: Pick<SharedState, 'take'>
  /** Failures that one log-in name may have, across doors, addresses and spellings (`RATE_LIMIT_LOGIN`). */
  readonly failures: Rate
  /** The token that was made up for a name, where it is in force. */
  readonly madeUpToken: (name: string) => Promise<string | undefined>
}

/** As the client sends it: `secret` is the hash of token and password, or both of them in clear. */
export interface RelayedCredentials {
  readonly username: string
  readonly secret: string
  readonly entity: Entity
}

export class RelayDesk {
  readonly #options: RelayDeskOptions

  constructor(options: RelayDeskOptions) {
    this.#options = options
  }

  /**
   * `loginPortal`: Customer Portal Login in `portal` mode, a check of the password alone in `service` mode.
   *
   * @param began when the log-in began, on the clock of the pace
   * @param onRefused told why, for the log alone
   * @throws GatewayError `INVALID_CREDENTIALS`, `RATE_LIMITED`, how coreBOS or the store failed
   */
  async admitContact(
    credentials: RelayedCredentials,
    began: number,
    onRefused: (reason: RefusalReason) => void,
  ): Promise<Admitted> {
    return this.#admit(credentials, began, onRefused, async () => {
      const { mode } = this.#options
      if (mode === 'portal') return this.#portal(credentials)
      if (mode === 'service' && credentials.entity === 'Contacts') return this.#service(credentials)
      return refuse('mode')
    })
  }

  /** `login` of the CRM user that a contact is, in `user` mode. @throws GatewayError as {@link admitContact} */
  async admitUser(
    credentials: Omit<RelayedCredentials, 'entity'>,
    began: number,
    onRefused: (reason: RefusalReason) => void,
  ): Promise<Admitted> {
    return this.#admit({ ...credentials, entity: 'Contacts' }, began, onRefused, async () =>
      this.#options.mode === 'user' ? this.#user(credentials) : refuse('mode'),
    )
  }

  async #admit(
    { username, secret, entity }: RelayedCredentials,
    began: number,
    onRefused: (reason: RefusalReason) => void,
    attempt: () => Promise<LoginOutcome>,
  ): Promise<Admitted> {
    const { pace, state, failures } = this.#options
    // The key of the other desk: who guesses at both doors has no more guesses.
    const take = {
      key: `login-failures:${entity}:${looseName(username)}`,
      max: failures.max,
      window: failures.seconds * 1000,
      kind: 'budget',
    } as const
    const [before] = await state.take([{ ...take, cost: 0 }])
    if (before?.allowed !== true) {
      throw new GatewayError('RATE_LIMITED', undefined, {
        retryAfter: (before?.resetIn ?? take.window) / 1000,
      })
    }
    const readable =
      username.length <= longestName &&
      secret.length <= longestPassword &&
      username.trim() !== '' &&
      secret !== '' &&
      isSendable(username) &&
      isSendable(secret)
    const outcome = readable ? await attempt() : refuse('password')
    if (!('refused' in outcome)) return outcome
    await state.take([take])
    onRefused(outcome.refused)
    await pace.hold(began)
    throw new GatewayError('INVALID_CREDENTIALS')
  }

  async #portal(credentials: RelayedCredentials): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls, today, level } = context
    const known = await this.#identityOf(credentials)
    if (known !== undefined && 'refused' in known) return known
    const login = await this.#relayPortal(known, credentials)
    if ('refused' in login) return login
    return inSession(login.session, context, async () => {
      if (known !== undefined && known.id !== login.contactId) return refuse('mismatch')
      const [info, identity] = await Promise.all([
        calls.userInfo(login.session),
        known ?? calls.identitiesIn(login.session).byId(credentials.entity, login.contactId),
      ])
      if (info.administrator) return refuse('administrator')
      if (identity === undefined) return refuse('unreadable')
      const reason = barrier(identity, today())
      if (reason !== undefined) return refuse(reason)
      return {
        contact: contactOf(identity, credentials.entity, login.user, level()),
        upstream: login.session,
      }
    })
  }

  async #service(credentials: RelayedCredentials): Promise<LoginOutcome> {
    const { context } = this.#options
    const { service, level, end } = context
    if (service === undefined) throw new Error('LOGIN_MODE=service has no service user')
    const known = await this.#identityOf(credentials)
    if (known === undefined) return refuse('unreadable')
    if ('refused' in known) return known
    const login = await this.#relayPortal(known, credentials)
    if (!('refused' in login)) {
      // Nobody is told of success while a session stands that the password alone has opened.
      await end(login.session)
      if (login.contactId !== known.id) return refuse('mismatch')
    } else {
      if (login.refused !== 'absent') return login
      const verified = await this.#verifyInClear(credentials)
      if (verified !== known.id) return refuse('password')
    }
    return { contact: contactOf(known, 'Contacts', await service.user(), level()), upstream: undefined }
  }

  /** Where coreBOS has no Customer Portal Login all tokens are made up, and token and password come in clear. */
  async #verifyInClear({ username, secret }: RelayedCredentials): Promise<string | undefined> {
    const { context, madeUpToken } = this.#options
    const name = sentName(username)
    const token = await madeUpToken(name)
    if (token === undefined || !secret.startsWith(token) || secret === token) return undefined
    return context.service?.authenticateContact(name, secret.slice(token.length))
  }

  /** With a service user, who is meant: nobody else's hash is relayed, and nobody's who may not come in anyway. */
  async #identityOf({ username, entity }: RelayedCredentials): Promise<Identity | Refused | undefined> {
    const { service, today } = this.#options.context
    if (service === undefined) return undefined
    const found = await service.byName(entity, sentName(username))
    if (found === 'several') return refuse('duplicate')
    const open = found.filter(({ portal }) => portal)
    const [identity, ...others] = open
    if (identity === undefined) return refuse('name')
    if (others.length > 0) return refuse('duplicate')
    const reason = barrier(identity, today())
    return reason === undefined ? identity : refuse(reason)
  }

  async #relayPortal(
    identity: Identity | undefined,
    { username, secret, entity }: RelayedCredentials,
  ): Promise<PortalLogin | Refused> {
    const { context } = this.#options
    const name = foldName(username)
    if (identity === undefined && name === undefined) return refuse('name')
    const who = identity === undefined ? `${entity}:${name ?? ''}` : identity.id
    // The client has put token and password together; what is sent is its text as it stands.
    return spend(who, context, () =>
      context.calls.loginPortal(
        sentName(username),
        { token: '', password: secret, type: 'plaintext' },
        entity,
      ),
    )
  }

  async #user({ username, secret }: Omit<RelayedCredentials, 'entity'>): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls, service, today, level, matchUsersBy } = context
    const name = foldName(username)
    if (name === undefined) return refuse('name')
    // A CRM user's own password is kept with a salt from its name, so that the name goes as it was typed.
    const typed = username.trim()
    const login = await spend(`user:${name}`, context, () =>
      calls.login(typed, { token: '', password: secret, form: 'password' }),
    )
    if ('refused' in login) return login
    const { session, userId } = login
    return inSession(session, context, async () => {
      const reader = service ?? calls.identitiesIn(session)
      const info = await calls.userInfo(session)
      if (info.administrator) return refuse('administrator')
      const found =
        matchUsersBy === 'email' ? await reader.byName('Contacts', info.email) : await reader.byUser(userId)
      const [identity, ...others] = found === 'several' ? [] : found
      if (identity === undefined || others.length > 0) return refuse('unmapped')
      const reason = barrier(identity, today())
      if (reason !== undefined) return refuse(reason)
      const contact = contactOf(identity, 'Contacts', { id: userId, name: typed }, level())
      return { contact, upstream: session }
    })
  }
}

const reasons = {
  unknown: 'name',
  wrong: 'password',
  locked: 'locked',
  absent: 'absent',
  other: 'other',
} as const satisfies Record<Refusal, RefusalReason>

/** One attempt within the budget of `who`, which is the same at every door. */
async function spend<T>(
  who: string,
  { budget }: LoginContext,
  attempt: () => Promise<LoginAnswer<T>>,
): Promise<T | Refused> {
  const answer = await budget.spend<T | Refused>(who, async () => {
    const tried = await attempt()
    if ('login' in tried) return { verdict: 'right', result: tried.login }
    return {
      verdict: tried.refusal === 'wrong' ? 'wrong' : 'uncounted',
      result: refuse(reasons[tried.refusal]),
    }
  })
  return answer ?? refuse('budget')
}

/** Ends the coreBOS session at once unless it leads to an admission. */
async function inSession(
  session: string,
  { end }: LoginContext,
  decide: () => Promise<LoginOutcome>,
): Promise<LoginOutcome> {
  let admitted = false
  try {
    const outcome = await decide()
    admitted = !('refused' in outcome)
    return outcome
  } finally {
    if (!admitted) await end(session)
  }
}

/**
 * Log-ins of clients that hash the password themselves: the gateway never sees it, so it relays the hash, within the
 * budget that the contact has at every door, and refuses alike and at the same time whatever the reason.
 */
import { inSession, spend, type Passed } from '../contact/attempt.ts'
import type { PortalLogin } from '../contact/calls.ts'
import { guarded, type Guard, type Visit } from '../contact/desk.ts'
import { barrier, contactOf } from '../contact/identity.ts'
import { admitUser, budgetOf, userKey, type LoginContext, type LoginMode } from '../contact/login.ts'
import { collatedName, foldName, longestName, longestPassword } from '../contact/names.ts'
import { refuse, type Admitted, type LoginOutcome, type Refused } from '../contact/refusal.ts'
import { isSendable } from '../corebos/form.ts'
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import { GatewayError } from '../errors.ts'

export interface RelayDeskOptions extends Guard {
  readonly mode: LoginMode
  readonly context: LoginContext
  /** The token that was made up for a name, where it is in force. */
  readonly madeUpToken: (name: string) => Promise<string | undefined>
}

/** As the client sends it: `secret` is the hash of token and password, or both of them in clear. */
export interface RelayedCredentials {
  readonly username: string
  readonly secret: string
  readonly entity: Entity
}

interface Known {
  readonly identity: Identity
  /** Undefined where none is in force. */
  readonly token: string | undefined
}

export class RelayDesk {
  readonly #options: RelayDeskOptions

  constructor(options: RelayDeskOptions) {
    this.#options = options
  }

  /**
   * `loginPortal`: Customer Portal Login in `portal` mode, a check of the password alone in `service` mode.
   *
   * @throws GatewayError `INVALID_CREDENTIALS`, `RATE_LIMITED`, how coreBOS or the store failed
   */
  async admitContact(credentials: RelayedCredentials, visit: Visit): Promise<Admitted> {
    return this.#admit(credentials, visit, async (username) => {
      const { mode } = this.#options
      if (mode === 'portal') return this.#portal({ ...credentials, username })
      if (mode === 'service' && credentials.entity === 'Contacts')
        return this.#service({ ...credentials, username })
      return refuse('mode')
    })
  }

  /** `login` of the CRM user that a contact is, in `user` mode. @throws GatewayError as {@link admitContact} */
  async admitUser(credentials: Omit<RelayedCredentials, 'entity'>, visit: Visit): Promise<Admitted> {
    return this.#admit({ ...credentials, entity: 'Contacts' }, visit, async () =>
      this.#options.mode === 'user' ? this.#user(credentials) : refuse('mode'),
    )
  }

  async #admit(
    { username, secret, entity }: RelayedCredentials,
    visit: Visit,
    /** Told the one spelling of the name. */
    attempt: (name: string) => Promise<LoginOutcome>,
  ): Promise<Admitted> {
    const name = collatedName(username)
    const readable =
      username.length <= longestName &&
      secret.length <= longestPassword &&
      username.trim() !== '' &&
      secret !== '' &&
      isSendable(username) &&
      isSendable(secret)
    // Counted together with the other desk: who guesses at both doors has no more guesses.
    const admitted = await guarded(this.#options, { username, entity }, visit, async () =>
      readable && name !== undefined ? attempt(name) : refuse('password'),
    )
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  async #portal(credentials: RelayedCredentials): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls, today, level } = context
    const known = await this.#lookUp(credentials)
    if (known !== undefined && 'refused' in known) return known
    const passed = await this.#relayPortal(known, credentials)
    if ('refused' in passed) return passed
    const { login } = passed
    return inSession(passed, context, async () => {
      if (known !== undefined && known.identity.id !== login.contactId) return refuse('mismatch')
      const [info, identity] = await Promise.all([
        calls.userInfo(login.session),
        known?.identity ?? calls.identitiesIn(login.session).byId(credentials.entity, login.contactId),
      ])
      if (info.administrator) return refuse('administrator')
      if (identity === undefined) return refuse('unreadable')
      const reason = barrier(identity, today())
      if (reason !== undefined) return refuse(reason)
      return { contact: contactOf(identity, credentials.entity, login.user, level()) }
    })
  }

  async #service(credentials: RelayedCredentials): Promise<LoginOutcome> {
    const { context } = this.#options
    const { service, level, budget, end } = context
    if (service === undefined) throw new Error('LOGIN_MODE=service has no service user')
    const known = await this.#lookUp(credentials)
    if (known === undefined) return refuse('unreadable')
    if ('refused' in known) return known
    const { identity } = known
    const passed = await this.#relayPortal(known, credentials)
    const contact = contactOf(identity, 'Contacts', await service.user(), level())
    if (!('refused' in passed)) {
      const { login, leaving } = passed
      // Nobody is told of success while a session stands that the password alone has opened.
      await end(login.session)
      if (login.contactId === identity.id) return { contact, upstream: undefined, leaving }
      await budget.giveBack(leaving)
      return refuse('mismatch')
    }
    if (passed.refused !== 'absent') return passed
    const verified = await this.#verifyInClear(known, credentials)
    return verified === identity.id
      ? { contact, upstream: undefined, leaving: undefined }
      : refuse('password')
  }

  /** Webservice id of the contact whose password stands behind the token, but for case and accents. Counts nothing. */
  async #verifyInClear(
    { token }: Known,
    { username, secret }: RelayedCredentials,
  ): Promise<string | undefined> {
    if (token === undefined || !secret.startsWith(token) || secret === token) return undefined
    return this.#options.context.service?.authenticateContact(username, secret.slice(token.length))
  }

  /** With a service user, who is meant: nobody else's hash is relayed, and nobody's who may not come in anyway. */
  async #lookUp({ username, entity }: RelayedCredentials): Promise<Known | Refused | undefined> {
    const { context, madeUpToken } = this.#options
    const { service, calls, today } = context
    if (service === undefined) return undefined
    const [found, token] = await Promise.all([
      service.byName(entity, username),
      // For everybody, needed or not, since a token that this leaves would tell whose it is.
      calls.challenge(username),
    ])
    if (found === 'several') return refuse('duplicate')
    const open = found.filter(({ portal }) => portal)
    const [identity, ...others] = open
    if (identity === undefined) return refuse('name')
    if (others.length > 0) return refuse('duplicate')
    const reason = barrier(identity, today())
    if (reason !== undefined) return refuse(reason)
    // Where coreBOS has no Customer Portal Login all tokens are made up.
    return { identity, token: token ?? (await madeUpToken(username)) }
  }

  async #relayPortal(
    known: Known | undefined,
    credentials: RelayedCredentials,
  ): Promise<Passed<PortalLogin> | Refused> {
    const { context } = this.#options
    const { username, secret, entity } = credentials
    const who = budgetOf(username, entity, known?.identity)
    if (who === undefined) return refuse('name')
    const inClear = known?.identity.passwordType === 'plaintext' && entity === 'Contacts'
    if (inClear && (await this.#verifyInClear(known, credentials)) !== known.identity.id)
      return refuse('password')
    // The client has put token and password together; what is sent is its text as it stands.
    return spend(who, inClear ? 'proven' : 'unproven', context, () =>
      context.calls.loginPortal(username, { token: '', password: secret, type: 'plaintext' }, entity),
    )
  }

  async #user({ username, secret }: Omit<RelayedCredentials, 'entity'>): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls } = context
    const name = foldName(username)
    if (name === undefined) return refuse('name')
    // A CRM user's own password is kept with a salt from its name, so that the name goes as it was typed.
    const typed = username.trim()
    const passed = await spend(userKey(name), 'user', context, () =>
      calls.login(typed, { token: '', password: secret, form: 'password' }),
    )
    if ('refused' in passed) return passed
    return admitUser(passed, typed, context)
  }
}

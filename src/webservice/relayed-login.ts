/**
 * Log-ins of clients that hash the password themselves: the gateway never sees it, so it relays the hash, within the
 * budget that the contact has at every route, and rejects alike and at the same time whatever the reason.
 */
import type { LoginServices } from '../auth/login-services.ts'
import { inSession, judged, spend, type Passed } from '../auth/attempt.ts'
import type { PortalLogin } from '../auth/calls.ts'
import { guarded, type Entered, type Guard, type Visit } from '../auth/login-service.ts'
import { decideAdmission } from '../auth/admission-decision.ts'
import { contactOf } from '../auth/identity.ts'
import type { Known as KnownOrigin } from '../auth/known-origins.ts'
import { admitUser, budgetOf, standingOf, type LoginMode } from '../auth/login.ts'
import { collatedName, foldName, longestName, longestPassword } from '../auth/names.ts'
import { reject, type LoginOutcome, type Rejected } from '../auth/rejection.ts'
import { isSendable } from '../corebos/form.ts'
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import { GatewayError } from '../model/errors.ts'

export interface RelayedLoginOptions extends Guard {
  readonly mode: LoginMode
  readonly context: LoginServices
  /** The token that was made up for a name, where it is in force. */
  readonly madeUpToken: (name: string) => Promise<string | undefined>
}

/** As the client sends it: `secret` is the hash of token and password, or both of them in clear. */
export interface RelayedCredentials {
  readonly username: string
  readonly secret: string
  readonly entity: Entity
}

/** The same with the one spelling of the name, and whether the contact has logged in from there before. */
interface Attempt extends RelayedCredentials {
  readonly origin: KnownOrigin | undefined
}

interface Known {
  readonly identity: Identity
  /** Undefined where none is in force. */
  readonly token: string | undefined
}

export class RelayedLogin {
  readonly #options: RelayedLoginOptions

  constructor(options: RelayedLoginOptions) {
    this.#options = options
  }

  /**
   * `loginPortal`: Customer Portal Login in `portal` mode, a check of the password alone in `service` mode.
   *
   * @throws GatewayError `INVALID_CREDENTIALS`, `RATE_LIMITED`, how coreBOS or the store failed
   */
  async admitContact(credentials: RelayedCredentials, visit: Visit): Promise<Entered> {
    return this.#admit(credentials, visit, async (username, origin) => {
      const { mode } = this.#options
      if (mode === 'portal') return this.#portal({ ...credentials, username, origin })
      if (mode === 'service' && credentials.entity === 'Contacts')
        return this.#service({ ...credentials, username, origin })
      return reject('mode')
    })
  }

  /** `login` of the CRM user that a contact is, in `user` mode. @throws GatewayError as {@link admitContact} */
  async admitUser(credentials: Omit<RelayedCredentials, 'entity'>, visit: Visit): Promise<Entered> {
    return this.#admit({ ...credentials, entity: 'Contacts' }, visit, async () =>
      this.#options.mode === 'user' ? this.#user(credentials) : reject('mode'),
    )
  }

  async #admit(
    { username, secret, entity }: RelayedCredentials,
    visit: Visit,
    /** Told the one spelling of the name. */
    attempt: (name: string, origin: KnownOrigin | undefined) => Promise<LoginOutcome>,
  ): Promise<Entered> {
    const name = collatedName(username)
    const readable =
      username.length <= longestName &&
      secret.length <= longestPassword &&
      username.trim() !== '' &&
      secret !== '' &&
      isSendable(username) &&
      isSendable(secret)
    // Counted together with log-ins in clear: using both ways gives no more guesses.
    const admitted = await guarded(this.#options, { username, entity }, visit, async (origin) =>
      readable && name !== undefined ? attempt(name, origin) : reject('password'),
    )
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }

  async #portal(credentials: Attempt): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls, today, level } = context
    const known = await this.#lookUp(credentials)
    if (known !== undefined && 'rejected' in known) return known
    const passed = await this.#relayPortal(known, credentials)
    if ('rejected' in passed) return passed
    const { login } = passed
    return inSession(passed, context, async () => {
      const [{ administrator }, record] = await Promise.all([
        calls.userInfo(login.session),
        known?.identity ?? calls.identitiesIn(login.session).byId(credentials.entity, login.contactId),
      ])
      const decision = decideAdmission({ record, namedId: login.contactId, administrator }, today())
      if ('rejected' in decision) return decision
      return { contact: contactOf(decision.identity, credentials.entity, login.user, level()) }
    })
  }

  async #service(credentials: Attempt): Promise<LoginOutcome> {
    const { context } = this.#options
    const { service, level, budget, end } = context
    if (service === undefined) throw new Error('LOGIN_MODE=service has no service user')
    const known = await this.#lookUp(credentials)
    if (known === undefined) return reject('unreadable')
    if ('rejected' in known) return known
    const { identity } = known
    const passed = await this.#relayPortal(known, credentials)
    const contact = contactOf(identity, 'Contacts', await service.user(), level())
    if (!('rejected' in passed)) {
      const { login, leaving } = passed
      // Success is not reported while a session stands that the password alone has opened.
      await end(login.session)
      if (login.contactId === identity.id) return { contact, upstream: undefined, leaving }
      await budget.giveBack(leaving)
      return reject('mismatch')
    }
    if (passed.rejected !== 'absent') return passed
    const verified = await this.#verifyInClear(known, credentials)
    return verified === identity.id
      ? { contact, upstream: undefined, leaving: undefined }
      : reject('password')
  }

  /** Webservice id of the contact whose password stands behind the token, but for case and accents. Counts nothing. */
  async #verifyInClear(
    { token }: Known,
    { username, secret }: RelayedCredentials,
  ): Promise<string | undefined> {
    if (token === undefined || !secret.startsWith(token) || secret === token) return undefined
    return this.#options.context.service?.authenticateContact(username, secret.slice(token.length))
  }

  /** With a service user, the account is looked up first: only the hash of an account with access is relayed. */
  async #lookUp({ username, entity }: RelayedCredentials): Promise<Known | Rejected | undefined> {
    const { context, madeUpToken } = this.#options
    const { service, calls, today } = context
    if (service === undefined) return undefined
    const [found, token] = await Promise.all([
      service.byName(entity, username),
      // For every name, needed or not, since a missing token would tell which names exist.
      calls.challenge(username),
    ])
    if (found === 'several') return reject('duplicate')
    const open = found.filter(({ portal }) => portal)
    const [record, ...others] = open
    if (record === undefined) return reject('name')
    if (others.length > 0) return reject('duplicate')
    const decision = decideAdmission({ record }, today())
    if ('rejected' in decision) return decision
    // Where coreBOS has no Customer Portal Login all tokens are made up.
    return { ...decision, token: token ?? (await madeUpToken(username)) }
  }

  async #relayPortal(
    known: Known | undefined,
    credentials: Attempt,
  ): Promise<Passed<PortalLogin> | Rejected> {
    const { context } = this.#options
    const { username, secret, entity, origin } = credentials
    const who = budgetOf(username, entity, known?.identity)
    if (who === undefined) return reject('name')
    const inClear = known?.identity.passwordType === 'plaintext' && entity === 'Contacts'
    if (inClear && (await this.#verifyInClear(known, credentials)) !== known.identity.id)
      return reject('password')
    const attempt = { proven: inClear, origin, identity: known?.identity }
    const standing = standingOf(attempt, entity === 'Contacts' && context.service !== undefined)
    // The client has put token and password together; what is sent is its text as it stands.
    return spend(who, standing, context, () =>
      context.calls.loginPortal(username, { token: '', password: secret, type: 'plaintext' }, entity),
    )
  }

  async #user({ username, secret }: Omit<RelayedCredentials, 'entity'>): Promise<LoginOutcome> {
    const { context } = this.#options
    const { calls } = context
    if (foldName(username) === undefined) return reject('name')
    // A CRM user's own password is kept with a salt from its name, so that the name goes as it was typed.
    const typed = username.trim()
    // coreBOS counts no failures of its users, so that no budget is spent.
    const passed = judged(await calls.login(typed, { token: '', password: secret, form: 'password' }))
    if ('rejected' in passed) return passed
    return admitUser(passed, typed, context)
  }
}

/** Changes and recovers a contact's own password. */
import type { LoginServices } from './login-services.ts'
import type { Rate } from '../model/rate.ts'
import type { Corebos } from '../corebos/corebos.ts'
import { changePortalUserPassword, sendRecoverPassword } from '../corebos/password.ts'
import { GatewayError } from '../model/errors.ts'
import type { PortalSession, Store } from '../session/contract.ts'
import { accountOf, type LoginService, type Visit } from './login-service.ts'
import type { KnownOrigins, Origin } from './known-origins.ts'
import type { LoginMode } from './modes/mode.ts'
import { foldName, longestName, looseName } from './names.ts'
import type { RejectionReason } from './rejection.ts'

export interface PasswordOptions {
  readonly mode: Pick<LoginMode, 'hasPortalPassword'>
  readonly corebos: Pick<Corebos, 'service' | 'session'>
  readonly context: Pick<LoginServices, 'calls' | 'service' | 'budget' | 'end'>
  readonly loginService: Pick<LoginService, 'attempt'>
  readonly state: Pick<Store, 'take' | 'endAll'>
  readonly origins: Pick<KnownOrigins, 'remember' | 'revoke'>
  /** The most recoveries that one address may request (`RATE_LIMIT_LOGIN`). */
  readonly recoveries: Rate
}

interface Log {
  info(details: object, message: string): void
}

/** The most mails with the password for one name. */
const mails = { max: 3, window: 3_600_000 }

/**
 * Characters that PHP, HTML and the database's three-byte UTF-8 leave unchanged, without blanks that collation would
 * ignore.
 */
const storable = /^(?! )[^\p{C}\p{Zl}\p{Zp}<>&"'\\\u{10000}-\u{10FFFF}]+(?<! )$/u

export class Passwords {
  readonly #options: PasswordOptions

  constructor(options: PasswordOptions) {
    this.#options = options
  }

  /**
   * Changes the password of a session's contact, ends its other sessions and forgets the origins of its log-ins. The
   * current password is checked like that of a log-in: exactly, and within the contact's budget.
   *
   * @returns a new token for the device of the request
   * @throws GatewayError `WRONG_PASSWORD`; `INVALID_VALUE` for a new one that coreBOS might not store unchanged;
   *   `NOT_WRITABLE` if the contact may not change the password; as {@link LoginService.attempt}
   */
  async change(
    { id, contact, upstream }: PortalSession,
    passwords: { readonly current: string; readonly next: string },
    { began, origin, log }: Pick<Visit, 'began' | 'origin'> & { readonly log: Log },
  ): Promise<string> {
    const { mode, corebos, context, loginService, state, origins } = this.#options
    if (!mode.hasPortalPassword || contact.entity !== 'Contacts') {
      throw new GatewayError('NOT_WRITABLE', 'this password cannot be changed here; change it in coreBOS')
    }
    if (!storable.test(passwords.next)) {
      throw new GatewayError(
        'INVALID_VALUE',
        'the new password contains a character that coreBOS might not store unchanged; use letters, digits and ASCII punctuation',
      )
    }
    const caller = upstream === undefined ? corebos.service : corebos.session(upstream)
    const reader =
      context.service ?? (upstream === undefined ? undefined : context.calls.identitiesIn(upstream))
    const identity = await reader?.byId(contact.entity, contact.id)
    if (caller === undefined || identity === undefined) throw new GatewayError('SESSION_ENDED')

    const credentials = { username: identity.name, password: passwords.current, entity: contact.entity }
    // The route has counted the request.
    const count = async () => undefined
    const rejected = (reason: RejectionReason) =>
      log.info({ reason, contact: contact.id }, 'a change of password was rejected')
    const admitted = await loginService.attempt(credentials, { began, origin, rejected, count })
    await context.budget.giveBack(admitted?.releaseOnSuccess)
    await context.end(admitted?.upstream)
    if (admitted?.contact.id !== contact.id) throw new GatewayError('WRONG_PASSWORD')
    if (!(await changePortalUserPassword(caller, identity.name, passwords))) {
      throw new GatewayError('WRONG_PASSWORD')
    }
    const others = await state.endAll(contact.id, id)
    await Promise.all(others.map(async (other) => context.end(other.upstream)))
    await origins.revoke(contact.id)
    return origins.remember(accountOf(credentials), contact.id, origin)
  }

  /** Has coreBOS mail the password if the name exists and the limit is not exceeded. The result reveals neither. */
  async recover(username: string, { network }: Pick<Origin, 'network'>): Promise<void> {
    const { mode, corebos, state, recoveries } = this.#options
    if (!mode.hasPortalPassword || corebos.service === undefined) return
    if (username.length > longestName || foldName(username) === undefined) return
    const taken = await state.take([
      { key: `recovery-by:${network}`, max: recoveries.max, window: recoveries.seconds * 1000 },
      { key: `recovery:${looseName(username)}`, kind: 'budget', ...mails },
    ])
    if (taken.every(({ allowed }) => allowed)) await sendRecoverPassword(corebos.service, username)
  }
}

/** A contact's own password: changed by who knows it, mailed to who has forgotten it. */
import type { Corebos } from '../corebos/corebos.ts'
import { changePortalUserPassword, sendRecoverPassword } from '../corebos/password.ts'
import { GatewayError } from '../errors.ts'
import type { PortalSession, Store, Take } from '../session/contract.ts'
import type { LoginDesk, Visit } from './desk.ts'
import type { LoginContext, LoginMode } from './login.ts'
import { foldName, longestName, looseName } from './names.ts'
import type { RefusalReason } from './refusal.ts'

export interface PasswordOptions {
  readonly mode: LoginMode
  readonly corebos: Pick<Corebos, 'service' | 'session'>
  readonly context: Pick<LoginContext, 'calls' | 'service' | 'budget' | 'end'>
  readonly desk: Pick<LoginDesk, 'attempt'>
  readonly state: Pick<Store, 'take' | 'endAll'>
}

interface Log {
  info(details: object, message: string): void
}

/** Mails with the password that one name may cause. */
const recoveries = { max: 3, window: 3_600_000 }

/** Nothing that PHP, HTML or the database's three-byte UTF-8 could make something else of, and no blank that collation would drop. */
const storable = /^(?! )[^\p{C}\p{Zl}\p{Zp}<>&"'\\\u{10000}-\u{10FFFF}]+(?<! )$/u

export class Passwords {
  readonly #options: PasswordOptions

  constructor(options: PasswordOptions) {
    this.#options = options
  }

  /**
   * Changes the password of a session's contact, and ends its other sessions. The current one is checked like that of
   * a log-in: exactly, and within the contact's budget.
   *
   * @throws GatewayError `WRONG_PASSWORD`; `INVALID_VALUE` for a new one that coreBOS might not keep as it is;
   * `NOT_WRITABLE` where the password is not the contact's own to change; as {@link LoginDesk.attempt}
   */
  async change(
    { id, contact, upstream }: PortalSession,
    passwords: { readonly current: string; readonly next: string },
    { began, log }: Pick<Visit, 'began'> & { readonly log: Log },
  ): Promise<void> {
    const { mode, corebos, context, desk, state } = this.#options
    if (mode === 'user' || contact.entity !== 'Contacts') {
      throw new GatewayError('NOT_WRITABLE', 'this password is changed in coreBOS')
    }
    if (!storable.test(passwords.next)) {
      throw new GatewayError(
        'INVALID_VALUE',
        'the new password holds a character that coreBOS might not keep',
      )
    }
    const caller = upstream === undefined ? corebos.service : corebos.session(upstream)
    const reader =
      context.service ?? (upstream === undefined ? undefined : context.calls.identitiesIn(upstream))
    const identity = await reader?.byId(contact.entity, contact.id)
    if (caller === undefined || identity === undefined) throw new GatewayError('SESSION_ENDED')

    const credentials = { username: identity.name, password: passwords.current, entity: contact.entity }
    const look = async (take: Take) => (await state.take([take]))[0]
    const refused = (reason: RefusalReason) =>
      log.info({ reason, contact: contact.id }, 'a change of password was refused')
    const admitted = await desk.attempt(credentials, { began, refused, look })
    await context.budget.giveBack(admitted?.leaving)
    await context.end(admitted?.upstream)
    if (admitted?.contact.id !== contact.id) throw new GatewayError('WRONG_PASSWORD')
    if (!(await changePortalUserPassword(caller, identity.name, passwords))) {
      throw new GatewayError('WRONG_PASSWORD')
    }
    const others = await state.endAll(contact.id, id)
    await Promise.all(others.map(async (other) => context.end(other.upstream)))
  }

  /** Has the password mailed, if somebody has that name and has not asked too often. Says nothing of either. */
  async recover(username: string): Promise<void> {
    const { mode, corebos, state } = this.#options
    if (mode === 'user' || corebos.service === undefined) return
    if (username.length > longestName || foldName(username) === undefined) return
    const [taken] = await state.take([
      { key: `recovery:${looseName(username)}`, kind: 'budget', ...recoveries },
    ])
    if (taken?.allowed === true) await sendRecoverPassword(corebos.service, username)
  }
}

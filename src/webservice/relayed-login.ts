/**
 * Log-ins of clients that hash the password themselves: the gateway never sees it, so it relays the hash, within the
 * budget that the contact has at every route, and rejects alike and at the same time for every reason.
 */
import { guarded, type Entered, type Guard, type Visit } from '../auth/login-service.ts'
import type { LoginMode, RelayedCredentials, RelayServices } from '../auth/modes/mode.ts'
import { collatedName, longestName, longestPassword } from '../auth/names.ts'
import { reject } from '../auth/rejection.ts'
import { isSendable } from '../corebos/form.ts'
import { GatewayError } from '../model/errors.ts'

export interface RelayedLoginOptions extends Guard {
  readonly mode: Pick<LoginMode, 'entities' | 'relays'>
  readonly context: RelayServices
}

export class RelayedLogin {
  readonly #options: RelayedLoginOptions

  constructor(options: RelayedLoginOptions) {
    this.#options = options
  }

  /**
   * `loginPortal`: Customer Portal Login in `portal` mode, a check of the password alone in `service` mode.
   *
   * @throws GatewayError `INVALID_CREDENTIALS`, `RATE_LIMITED`, the error of coreBOS or the store
   */
  async admitContact(credentials: RelayedCredentials, visit: Visit): Promise<Entered> {
    return this.#admit('loginPortal', credentials, visit)
  }

  /** `login` of the CRM user that a contact is, in `user` mode. @throws GatewayError as {@link admitContact} */
  async admitUser(credentials: Omit<RelayedCredentials, 'entity'>, visit: Visit): Promise<Entered> {
    return this.#admit('login', { ...credentials, entity: 'Contacts' }, visit)
  }

  async #admit(
    operation: keyof LoginMode['relays'],
    credentials: RelayedCredentials,
    visit: Visit,
  ): Promise<Entered> {
    const { mode, context } = this.#options
    const { username: typed, secret, entity } = credentials
    const username = collatedName(typed)
    const isReadable =
      typed.length <= longestName &&
      secret.length <= longestPassword &&
      typed.trim() !== '' &&
      secret !== '' &&
      isSendable(typed) &&
      isSendable(secret)
    const relay = mode.entities.includes(entity) ? mode.relays[operation] : undefined
    // Counted together with log-ins in clear: using both ways gives no more guesses.
    const admitted = await guarded(this.#options, credentials, visit, async (origin) => {
      if (!isReadable || username === undefined) return reject('password')
      return relay === undefined
        ? reject('mode')
        : relay({ username, typed, secret, entity, origin }, context)
    })
    if (admitted === undefined) throw new GatewayError('INVALID_CREDENTIALS')
    return admitted
  }
}

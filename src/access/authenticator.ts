/** Finds the session of a request's token, and checks whether its contact still has access. */
import { GatewayError } from '../model/errors.ts'
import type { SessionClaim } from '../session/claim.ts'
import type { PortalSession, Reading, Store } from '../session/contract.ts'
import type { Admission } from './admission.ts'

export interface AuthenticatorOptions {
  readonly store: Pick<Store, 'read' | 'list'>
  /** @throws GatewayError `AUTHENTICATION_REQUIRED` for a token that this gateway did not sign */
  readonly readToken: (token: string) => SessionClaim & { readonly isExpired: boolean }
  /** The session, after a re-check in coreBOS if one is due. @throws GatewayError `SESSION_ENDED` */
  readonly confirm: (session: PortalSession) => Promise<PortalSession>
}

export class Authenticator {
  readonly #options: AuthenticatorOptions

  constructor(options: AuthenticatorOptions) {
    this.#options = options
  }

  /**
   * The session of an access token, without a re-check in coreBOS.
   *
   * @param reading the session as read by the step that counted the request, if there was one
   * @throws GatewayError `AUTHENTICATION_REQUIRED`, `TOKEN_EXPIRED`, `SESSION_ENDED`
   */
  async identify(token: string | undefined, reading: Reading | null): Promise<Admission> {
    const { store, readToken } = this.#options
    if (token === undefined) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const claims = readToken(token)
    if (claims.isExpired)
      throw new GatewayError((await this.#isRunning(claims)) ? 'TOKEN_EXPIRED' : 'SESSION_ENDED')
    return admissionBy(claims, reading ?? (await store.read(claims.sessionId)))
  }

  /** The session of another credential than an access token. @throws GatewayError `SESSION_ENDED` */
  async authenticateBy(claim: SessionClaim): Promise<Admission> {
    return this.confirm(admissionBy(claim, await this.#options.store.read(claim.sessionId)))
  }

  /** @throws GatewayError `SESSION_ENDED` if the contact no longer has access; the error of coreBOS */
  async confirm({ session, ...generations }: Admission): Promise<Admission> {
    return { ...generations, session: await this.#options.confirm(session) }
  }

  /** Unlike reading, listing does not extend the life of a session. */
  async #isRunning({ contactId, sessionId }: SessionClaim): Promise<boolean> {
    return (await this.#options.store.list(contactId)).some(({ id }) => id === sessionId)
  }
}

function admissionBy({ contactId }: SessionClaim, { session, ...generations }: Reading): Admission {
  if (session?.contact.id !== contactId) throw new GatewayError('SESSION_ENDED')
  return { session, ...generations }
}

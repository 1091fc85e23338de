/** Finds the session behind a request's token, and says whether its contact is still let in. */
import { GatewayError } from '../model/errors.ts'
import type { SessionClaim } from '../session/claim.ts'
import type { PortalSession, Reading, Store } from '../session/contract.ts'
import type { Admission } from './admission.ts'

export interface AuthenticatorOptions {
  readonly store: Pick<Store, 'read' | 'list'>
  /** @throws GatewayError `AUTHENTICATION_REQUIRED` for a token that this gateway did not sign */
  readonly readToken: (token: string) => SessionClaim & { readonly isExpired: boolean }
  /** The session after a look at coreBOS where one is due. @throws GatewayError `SESSION_ENDED` */
  readonly confirm: (session: PortalSession) => Promise<PortalSession>
}

export class Authenticator {
  readonly #options: AuthenticatorOptions

  constructor(options: AuthenticatorOptions) {
    this.#options = options
  }

  /**
   * The session of an access token, without a look at coreBOS.
   *
   * @param reading what the store has said of that session, where the step that counted the request has read it
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

  /** The session that something else than an access token leads to. @throws GatewayError `SESSION_ENDED` */
  async authenticateBy(claim: SessionClaim): Promise<Admission> {
    return this.confirm(admissionBy(claim, await this.#options.store.read(claim.sessionId)))
  }

  /** @throws GatewayError `SESSION_ENDED` where the contact is no longer let in; how coreBOS failed */
  async confirm({ session, ...generations }: Admission): Promise<Admission> {
    return { ...generations, session: await this.#options.confirm(session) }
  }

  /** Listing does not extend the life of a session, as reading does. */
  async #isRunning({ contactId, sessionId }: SessionClaim): Promise<boolean> {
    return (await this.#options.store.list(contactId)).some(({ id }) => id === sessionId)
  }
}

function admissionBy({ contactId }: SessionClaim, { session, ...generations }: Reading): Admission {
  if (session?.contact.id !== contactId) throw new GatewayError('SESSION_ENDED')
  return { session, ...generations }
}

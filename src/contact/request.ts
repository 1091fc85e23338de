/** Who is behind a request, once its access token has been checked. */
import { GatewayError } from '../errors.ts'
import type { PortalSession } from '../session/contract.ts'
import type { Contact } from './contact.ts'

/** Says which session a request belongs to; whether it runs, and is that contact's, is still to be looked up. */
export interface SessionClaim {
  readonly sessionId: string
  readonly contactId: string
}

export interface Admission {
  readonly session: PortalSession
  /** See `Reading` of the session store, for both. */
  readonly stamp: string
  readonly epoch: string
}

interface Carrier {
  readonly admission: Admission | null
}

/** @throws GatewayError `AUTHENTICATION_REQUIRED` where nobody has logged in */
export function admissionOf({ admission }: Carrier): Admission {
  if (admission === null) throw new GatewayError('AUTHENTICATION_REQUIRED')
  return admission
}

/** @throws GatewayError `AUTHENTICATION_REQUIRED` where nobody has logged in */
export function contactOf(request: Carrier): Contact {
  return admissionOf(request).session.contact
}

/** The contact of a request whose access token has been checked. */
import { GatewayError } from '../model/errors.ts'
import type { Generations, PortalSession } from '../session/contract.ts'
import type { Contact } from '../model/contact.ts'

export interface Admission extends Generations {
  readonly session: PortalSession
}

interface Carrier {
  readonly admission: Admission | null
}

/** @throws GatewayError `AUTHENTICATION_REQUIRED` if the request has no valid session */
export function admissionOf({ admission }: Carrier): Admission {
  if (admission === null) throw new GatewayError('AUTHENTICATION_REQUIRED')
  return admission
}

/** @throws GatewayError `AUTHENTICATION_REQUIRED` if the request has no valid session */
export function contactOf(request: Carrier): Contact {
  return admissionOf(request).session.contact
}

/** Whose coreBOS session serves a contact. */
import type { Caller } from '../corebos/caller.ts'
import type { Corebos } from '../corebos/corebos.ts'
import { GatewayError } from '../model/errors.ts'
import type { PortalSession } from '../session/contract.ts'
import type { ReadBy } from './context.ts'

/** The coreBOS sessions that serve one contact. */
export interface Upstream {
  /** The session whose rights apply to the contact. */
  readonly caller: Caller
  /** Whether it is the service user's session. */
  readonly isService: boolean
  /** The session in which a rule has the contact or the service user read or write. */
  readonly callerFor: (by: ReadBy) => Caller
  /** Webservice id of the CRM user whose rights `caller` has. @throws GatewayError the error of coreBOS */
  userId(): Promise<string>
}

/**
 * The contact's own coreBOS session, or the service user if it has none. An employee's own session shows only products
 * and services, so the service user reads for it if there is one.
 *
 * @throws GatewayError `SESSION_ENDED` if no session serves the contact
 */
export function upstreamOf(
  { contact, upstream }: Pick<PortalSession, 'contact' | 'upstream'>,
  corebos: Pick<Corebos, 'service' | 'session'>,
): Upstream {
  const { service } = corebos
  if (upstream === undefined || (contact.entity === 'Employee' && service !== undefined)) {
    if (service === undefined) throw new GatewayError('SESSION_ENDED')
    return serviceUpstream(service)
  }
  const caller = corebos.session(upstream)
  return {
    caller,
    isService: false,
    callerFor: (by) => (by === 'contact' ? caller : (service ?? caller)),
    userId: async () => contact.user.id,
  }
}

/** The service user alone. */
export function serviceUpstream(service: NonNullable<Corebos['service']>): Upstream {
  return {
    caller: service,
    isService: true,
    callerFor: () => service,
    userId: async () => service.userId(),
  }
}

/** Customer Portal Login: the contact's own coreBOS session, with the rights of the user that it is mapped to. */
import type { Entity } from '../../corebos/login.ts'
import type { Identity } from '../../corebos/trusted.ts'
import { lookUp, tryPassword } from '../account-lookup.ts'
import { decideAdmission } from '../admission-decision.ts'
import { inSession, type Passed } from '../attempt.ts'
import type { PortalLogin } from '../calls.ts'
import { contactOf } from '../identity.ts'
import type { LoginServices } from '../login-services.ts'
import { lookUpRelayed, relayPassword } from '../relayed-account.ts'
import type { LoginOutcome } from '../rejection.ts'
import type { LoginMode } from './mode.ts'

export const portal: LoginMode = {
  name: 'portal',
  rounds: { service: 2, direct: 3 },
  entities: ['Contacts', 'Employee'],
  hasPortalPassword: true,
  hasRestrictedSession: true,

  async logIn(attempt, services) {
    const known = await lookUp(attempt, services)
    if ('rejected' in known) return known
    const passed = await tryPassword(known, attempt, services)
    if ('rejected' in passed) return passed
    return admit(passed, attempt.entity, known.identity, services)
  },

  relays: {
    async loginPortal(attempt, services) {
      const known = await lookUpRelayed(attempt, services)
      if (known !== undefined && 'rejected' in known) return known
      const passed = await relayPassword(known, attempt, services)
      if ('rejected' in passed) return passed
      return admit(passed, attempt.entity, known?.identity, services)
    },
  },

  isMapped: ({ userId }, { contact }) => userId === contact.user.id,
}

/** @param known the record, if the service user has found it before */
async function admit(
  passed: Passed<PortalLogin>,
  entity: Entity,
  known: Identity | undefined,
  services: LoginServices,
): Promise<LoginOutcome> {
  const { calls, today, level, checkPolicy } = services
  const { session, contactId, user } = passed.login
  return inSession(passed, services, async () => {
    // An employee's session shows next to nothing of the installation.
    if (entity === 'Contacts') await checkPolicy(session, user.id)
    const [{ administrator }, record] = await Promise.all([
      calls.userInfo(session),
      known ?? calls.identitiesIn(session).byId(entity, contactId),
    ])
    const decision = decideAdmission({ record, namedId: contactId, administrator }, today())
    if ('rejected' in decision) return decision
    return { contact: contactOf(decision.identity, entity, user, level()) }
  })
}

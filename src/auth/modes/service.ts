/** Contact Login: the service user serves all contacts, so the gateway itself checks portal flag, support dates and exact password. */
import type { Contact } from '../../model/contact.ts'
import { lookUp, tryPassword } from '../account-lookup.ts'
import { decideAdmission } from '../admission-decision.ts'
import type { ServiceCalls } from '../calls.ts'
import type { Identity } from '../../corebos/trusted.ts'
import { contactOf } from '../identity.ts'
import type { LoginServices } from '../login-services.ts'
import { lookUpRelayed, relayPassword, verifyInClear } from '../relayed-account.ts'
import { reject } from '../rejection.ts'
import type { LoginMode } from './mode.ts'

export const service: LoginMode = {
  name: 'service',
  rounds: { service: 2, direct: 2 },
  entities: ['Contacts'],
  hasPortalPassword: true,
  hasRestrictedSession: false,

  async logIn(attempt, services) {
    const { today, budget, end } = services
    const known = await lookUp(attempt, services)
    if ('rejected' in known) return known
    // Before the password: an attempt for a contact without access takes no slot of its budget.
    const before = decideAdmission({ record: known.identity }, today())
    if ('rejected' in before) return before

    const contact = await contactFor(before.identity, services)
    const passed = await tryPassword(known, attempt, services)
    if ('rejected' in passed) {
      // coreBOS has found the password right except for case and accents, and has no call that compares it exactly.
      return passed.rejected === 'absent'
        ? { contact, upstream: undefined, releaseOnSuccess: undefined }
        : passed
    }
    const { login, releaseOnSuccess } = passed
    // The log-in does not wait for it.
    void end(login.session)
    const decision = decideAdmission({ record: before.identity, namedId: login.contactId }, today())
    if ('rejected' in decision) {
      await budget.giveBack(releaseOnSuccess)
      return decision
    }
    return { contact, upstream: undefined, releaseOnSuccess }
  },

  relays: {
    async loginPortal(attempt, services) {
      const { today, budget, end } = services
      const known = await lookUpRelayed(attempt, services)
      if (known === undefined) return reject('unreadable')
      if ('rejected' in known) return known
      const { identity } = known
      const contact = await contactFor(identity, services)
      const passed = await relayPassword(known, attempt, services)
      if ('rejected' in passed) {
        if (passed.rejected !== 'absent') return passed
        const isRight = (await verifyInClear(known, attempt, services)) === identity.id
        return isRight ? { contact, upstream: undefined, releaseOnSuccess: undefined } : reject('password')
      }
      const { login, releaseOnSuccess } = passed
      // Success is not reported while a session is open that the password alone has opened.
      await end(login.session)
      const decision = decideAdmission({ record: identity, namedId: login.contactId }, today())
      if (!('rejected' in decision)) return { contact, upstream: undefined, releaseOnSuccess }
      await budget.giveBack(releaseOnSuccess)
      return decision
    },
  },

  // The CRM user of all sessions is the service user.
  isMapped: () => true,
}

async function contactFor(identity: Identity, services: LoginServices): Promise<Contact> {
  return contactOf(identity, 'Contacts', await serviceUser(services).user(), services.level())
}

function serviceUser({ service }: LoginServices): ServiceCalls {
  if (service === undefined) throw new Error('LOGIN_MODE=service has no service user')
  return service
}

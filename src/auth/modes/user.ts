/** User per Contact: a CRM user's own name and access key or password. */
import { decideAdmission } from '../admission-decision.ts'
import { inSession, judged, type Passed } from '../attempt.ts'
import { contactOf } from '../identity.ts'
import type { LoginServices } from '../login-services.ts'
import { foldName } from '../names.ts'
import { reject, type LoginOutcome } from '../rejection.ts'
import type { LoginMode } from './mode.ts'

export const user: LoginMode = {
  name: 'user',
  rounds: { service: 1, direct: 5 },
  entities: ['Contacts'],
  hasPortalPassword: false,
  hasRestrictedSession: false,

  async logIn({ username, password }, services) {
    const { calls } = services
    if (foldName(username) === undefined) return reject('name')
    const token = await calls.challenge(username)
    if (token === undefined) return reject('name')

    // coreBOS counts no failures of its users, so no budget is needed.
    const byKey = await calls.login(username, { token, password, form: 'key' })
    const passed = judged(
      'login' in byKey || byKey.rejection !== 'wrong'
        ? byKey
        : await calls.login(username, { token, password, form: 'password' }),
    )
    return 'rejected' in passed ? passed : admit(passed, username.trim(), services)
  },

  relays: {
    async login({ typed, secret }, services) {
      if (foldName(typed) === undefined) return reject('name')
      // A CRM user's own password is hashed with a salt from its name, so the name is sent as typed.
      const name = typed.trim()
      const answer = await services.calls.login(name, { token: '', password: secret, form: 'password' })
      const passed = judged(answer)
      return 'rejected' in passed ? passed : admit(passed, name, services)
    },
  },

  async isMapped({ userId }, { contact, info, reader }, { matchUsersBy }) {
    if (matchUsersBy() === 'portalloginuser') return userId === contact.user.id
    const named = await reader.byName('Contacts', info?.email ?? '')
    return named !== 'several' && named.length === 1 && named[0]?.id === contact.id
  },
}

/** Admits the contact that belongs to a CRM user. @param name as typed by the user */
async function admit(
  passed: Passed<{ readonly session: string; readonly userId: string }>,
  name: string,
  services: LoginServices,
): Promise<LoginOutcome> {
  const { calls, service, today, level, matchUsersBy, checkPolicy } = services
  const { session, userId } = passed.login
  return inSession(passed, services, async () => {
    await checkPolicy(session, userId)
    const reader = service ?? calls.identitiesIn(session)
    const { administrator, email } = await calls.userInfo(session)
    const found =
      matchUsersBy() === 'email' ? await reader.byName('Contacts', email) : await reader.byUser(userId)
    const [first, ...others] = found === 'several' ? [] : found
    const record = first === undefined || others.length > 0 ? 'unmapped' : first
    const decision = decideAdmission({ record, administrator }, today())
    if ('rejected' in decision) return decision
    return { contact: contactOf(decision.identity, 'Contacts', { id: userId, name }, level()) }
  })
}

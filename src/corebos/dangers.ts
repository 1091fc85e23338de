/** Dangerous rights in coreBOS, reported at start in one line each. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { getPortalUserInfo } from './login.ts'
import type { ServiceUser } from './service-user.ts'
import { Identities } from './trusted.ts'

/** The most CRM users that are checked. */
const mostUsers = 20

/** The most contacts that are named. */
const mostNamed = 5

/** @throws GatewayError the error of coreBOS */
export async function corebosDangers(service: ServiceUser): Promise<string[]> {
  const identities = new Identities(service)
  const [{ administrator, id: serviceId }, mapped] = await Promise.all([
    getPortalUserInfo(service),
    identities.mappedUsers(),
  ])
  const lines = administrator
    ? [`COREBOS_USER: ${service.name} is an administrator; an ordinary user with few rights is enough`]
    : []
  for (const [user, contacts] of [...mapped].slice(0, mostUsers)) {
    const isOne = user === serviceId ? administrator : await isAdministrator(identities, user)
    if (!isOne) continue
    const named = contacts.slice(0, mostNamed).join(', ')
    const more = contacts.length > mostNamed ? ` and ${contacts.length - mostNamed} more` : ''
    lines.push(
      `coreBOS: the CRM user ${user} is an administrator, so its contacts cannot log in: ${named}${more}`,
    )
  }
  return lines
}

/** If coreBOS does not tell, there is no warning. */
async function isAdministrator(identities: Identities, user: string): Promise<boolean> {
  try {
    return (await identities.isAdministrator(user)) ?? false
  } catch (error) {
    if (error instanceof CorebosRejection) return false
    throw error
  }
}

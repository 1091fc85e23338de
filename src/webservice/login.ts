/** Operations around a log-in, as clients of coreBOS know them. */
import type { Contact } from '../model/contact.ts'
import type { Entered, Visit } from '../auth/login-service.ts'
import type { Challenge } from '../corebos/challenge.ts'
import type { PortalSession } from '../session/contract.ts'
import type { Input } from './call.ts'
import type { RelayedLogin } from './relayed-login.ts'
import { result, type Result } from './envelope.ts'

/** Versions in coreBOS's own format; clients compare them. */
const versions = { version: '0.22', vtigerVersion: '5.5.0' }

/** The parts of the gateway that a log-in uses, for one request. */
export interface LoginContext {
  /** Counts the request as a log-in. @throws GatewayError `RATE_LIMITED` */
  limitLogins(): Promise<void>
  /** After a time that does not depend on whether the name exists. */
  challenge(name: string): Promise<Challenge>
  readonly loginService: RelayedLogin
  /** The attempt of this request; counts the request as a log-in when the login service calls it. */
  visitOf(deviceToken: string | undefined): Visit
  /** Opens a session of the gateway, and gives its name. */
  open(admitted: Entered): Promise<string>
  /** The session that the request names, and its name. @throws GatewayError `AUTHENTICATION_REQUIRED` */
  identify(): Promise<{ readonly session: PortalSession; readonly name: string }>
  end(session: PortalSession): Promise<void>
}

export async function getchallenge(input: Input, login: LoginContext): Promise<Result> {
  await login.limitLogins()
  const { token, serverTime, expireTime } = await login.challenge(input.text('username'))
  return result({ token, serverTime, expireTime })
}

export async function loginPortal(input: Input, login: LoginContext): Promise<Result> {
  const entity = input.text('entity').toLowerCase() === 'employee' ? 'Employee' : 'Contacts'
  const credentials = { username: input.text('username'), secret: input.text('password'), entity } as const
  const admitted = await login.loginService.admitContact(credentials, login.visitOf(deviceTokenOf(input)))
  const { user, id, language } = admitted.contact
  return result({
    sessionName: await login.open(admitted),
    user: { id: user.id, user_name: user.name, contactid: id, language },
    ...deviceTokenFor(input, admitted),
  })
}

/** Not a parameter of coreBOS; a client that sends it, even empty, receives its device token. */
function deviceTokenOf(input: Input): string | undefined {
  return input.has('deviceToken') ? input.text('deviceToken') : undefined
}

function deviceTokenFor(input: Input, { deviceToken }: Entered): { readonly deviceToken?: string } {
  return input.has('deviceToken') ? { deviceToken } : {}
}

export async function login(input: Input, login: LoginContext): Promise<Result> {
  const credentials = { username: input.text('username'), secret: input.text('accessKey') }
  const admitted = await login.loginService.admitUser(credentials, login.visitOf(deviceTokenOf(input)))
  const opened = loggedIn(await login.open(admitted), admitted.contact)
  return result({ ...opened, ...deviceTokenFor(input, admitted) })
}

function loggedIn(sessionName: string, { user }: Contact) {
  return { sessionName, userId: user.id, ...versions }
}

export async function logout(_input: Input, login: LoginContext): Promise<Result> {
  const { session } = await login.identify()
  await login.end(session)
  return result({ message: 'successfull' })
}

/** To be found is to be extended. An employee or contact has no other session than the one it names. */
export async function extendsession(_input: Input, login: LoginContext): Promise<Result> {
  const { session, name } = await login.identify()
  return result(loggedIn(name, session.contact))
}

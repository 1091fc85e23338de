/** What the demo says to try: log-ins, and lines to paste that work under the settings in force. */

/** Of the settings, those that change what is to be pasted. */
export interface TourSettings {
  readonly PORTAL: boolean
  readonly PUBLIC_URL: string
  readonly LOGIN_MODE: 'portal' | 'service' | 'user'
  readonly COREBOS_PASSWORD_TYPE?: string
  readonly OPERATOR_TOKEN?: string
}

/** Contacts by the type of their password: where the settings name a type, no other one can log in. */
const BY_PASSWORD_TYPE: Readonly<Record<string, string>> = {
  md5: 'alice',
  sha256: 'bob',
  sha512: 'carol',
  plaintext: 'dave',
}

const guest = ({ LOGIN_MODE, COREBOS_PASSWORD_TYPE }: TourSettings): string =>
  LOGIN_MODE === 'portal' && COREBOS_PASSWORD_TYPE !== undefined
    ? (BY_PASSWORD_TYPE[COREBOS_PASSWORD_TYPE] ?? 'alice')
    : 'alice'

const logIns = (settings: TourSettings): string[] => {
  if (settings.LOGIN_MODE === 'user') {
    return [
      'Log-ins, names and access keys of CRM users: alice / alice-access-key, and likewise bob, carol, dave and erin.',
    ]
  }
  const name = guest(settings)
  const refused = ['frank@example.com (portal access off)', 'grace@example.com (mapped to an administrator)']
  const isOne = settings.LOGIN_MODE === 'portal' && settings.COREBOS_PASSWORD_TYPE !== undefined
  const others =
    isOne && name !== 'alice' ? '' : `, and likewise ${isOne ? 'erin' : 'bob, carol, dave and erin'}`
  return [`Log-ins: ${name}@example.com / ${name}-pw${others}.`, `Refused: ${refused.join(', ')}.`]
}

/** A log-in that the log-in page of the reference portal offers. */
interface Offered {
  readonly label: string
  readonly username: string
  readonly password: string
  readonly entity?: 'Employee'
}

const EMPLOYEE: Offered = {
  label: 'emil (employee)',
  username: 'emil@example.com',
  password: 'emil-pw',
  entity: 'Employee',
}

/** Employees log in in portal mode only, and emil with a password of the type sha256. */
const hasEmployee = ({ LOGIN_MODE, COREBOS_PASSWORD_TYPE: type }: TourSettings): boolean =>
  LOGIN_MODE === 'portal' && (type === undefined || type === 'sha256')

/** What the log-in page of the reference portal offers in the demo. */
export const offeredLogins = (settings: TourSettings): readonly Offered[] => {
  const first = guest(settings)
  const isOne = settings.LOGIN_MODE === 'portal' && settings.COREBOS_PASSWORD_TYPE !== undefined
  const names = isOne ? [first] : ['alice', 'bob', 'carol', 'dave', 'erin']
  const contacts = names.map((label) =>
    settings.LOGIN_MODE === 'user'
      ? { label, username: label, password: `${label}-access-key` }
      : { label, username: `${label}@example.com`, password: `${label}-pw` },
  )
  return hasEmployee(settings) ? [...contacts, EMPLOYEE] : contacts
}

const TOKEN = String.raw`s/.*"accessToken":"\([^"]*\)".*/\1/p`

/** A script's way to a token. */
const logInLines = (url: string, settings: TourSettings): string[] => {
  const name = guest(settings)
  const body =
    settings.LOGIN_MODE === 'user'
      ? { username: name, password: `${name}-access-key` }
      : { username: `${name}@example.com`, password: `${name}-pw` }
  return [
    `TOKEN=$(curl -s ${url}/auth/login -H 'content-type: application/json' \\`,
    `  -d '${JSON.stringify(body)}' | sed -n '${TOKEN}')`,
  ]
}

/** An address that listens on all interfaces is reached through the loopback one. */
const reachable = (url: string): string =>
  url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')

/** On localhost, because browsers keep cookies without TLS only there. */
const portalAddress = (listening: string, publicUrl: string): string => {
  const url = new URL(publicUrl.replace(/\/?$/, '/'))
  // Any free port was asked for.
  if (url.port === '0') url.port = new URL(listening).port
  return url.href
}

const portalLine = (listening: string, { PORTAL, PUBLIC_URL }: TourSettings): string =>
  PORTAL ? `The portal, to open in a browser: ${portalAddress(listening, PUBLIC_URL)}\n` : ''

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n')

export const tour = (listening: string, operatorUrl: string, settings: TourSettings): string => {
  const url = reachable(listening)
  const name = guest(settings)
  return `
The gateway listens on ${url}; what it can do: ${url}/docs
${portalLine(listening, settings)}For operators: ${reachable(operatorUrl)}/ (password ${settings.OPERATOR_TOKEN ?? 'not set'}), and /metrics there

${logIns(settings).join('\n')}

Paste this: ${name} logs in and lists the tickets of the contact itself and of its account.

${indented(logInLines(url, settings))}

  curl -s "${url}/modules/HelpDesk/records?fields=ticket_title,ticketstatus&count=true" -H "authorization: Bearer $TOKEN"

The same in the query language:

  curl -s ${url}/query -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"query":"select ticket_title from HelpDesk where ticketstatus = '"'Open'"' order by ticket_title"}'

Ctrl-C ends it.
`
}

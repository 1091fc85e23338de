/** Log-in and sessions. */
import { createHash } from 'node:crypto'
import { textParameter } from '../parameters.ts'
import type { Call, EarlyHandler, Handler } from '../call.ts'
import { sameText } from '../collation.ts'
import { accessesOf, flaggedAccesses, openAccesses, userByName } from '../contacts.ts'
import type { CrmRecord, PortalAccess } from '../database.ts'
import { CorebosError, authenticationRequired } from '../errors.ts'

/** The right password is refused too after more failures than this. */
const FAILURES_ALLOWED = 5

const wrongPassword = (): CorebosError =>
  new CorebosError('INVALID_USER_CREDENTIALS', 'Invalid username or password')

const hex = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex')

const ownerOfName = (call: Call, name: string): string | undefined => {
  const user = userByName(call.database, name)
  if (user !== undefined) return `user:${user.number}`
  // Support dates play no part here: a challenge is given to customers whose support has ended.
  const [access, ...more] = flaggedAccesses(call.database, name)
  return access === undefined || more.length > 0 ? undefined : `contact:${access.owner}`
}

export const getchallenge: EarlyHandler = (call) => {
  const name = textParameter(call, 'username')
  const owner = ownerOfName(call, name)
  if (owner === undefined) throw authenticationRequired(`Given user cannot be found: ${name}`)
  const { token, expireTime, isNew } = call.challenges.give(owner)
  // A reused token's time comes back from the database, as text.
  return {
    token,
    serverTime: Math.floor(call.now() / 1000),
    expireTime: isNew ? expireTime : String(expireTime),
  }
}

const activeToken = (call: Call, owner: string): string => {
  const token = call.challenges.active(owner)
  if (token === undefined)
    throw new CorebosError('INVALID_AUTH_TOKEN', 'Specified token is invalid or expired')
  return token
}

const requireActive = (user: CrmRecord): void => {
  if (user.values.get('status') === 'Inactive') throw authenticationRequired('Given user is inactive')
}

export const login: EarlyHandler = (call) => {
  const user = userByName(call.database, textParameter(call, 'username'))
  if (user === undefined) throw authenticationRequired('Given user cannot be found')
  const token = activeToken(call, `user:${user.number}`)
  const given = textParameter(call, 'accessKey')
  const password = call.database.userPasswords.get(user.number)
  const byKey = given === hex('md5', token + (user.values.get('accesskey') ?? ''))
  if (!byKey && (password === undefined || given !== token + password)) throw wrongPassword()
  requireActive(user)
  const session = call.sessions.start(user.number, call.userAgent)
  return { sessionName: session.name, userId: `19x${user.number}`, version: '0.22', vtigerVersion: '5.5.0' }
}

const expectedPassword = (type: string, token: string, password: string): string =>
  ['md5', 'sha256', 'sha512'].includes(type) ? hex(type, token + password) : token + password

const employeesModule = (call: Call): boolean => call.database.module('cbEmployee') !== undefined

const soleAccess = (call: Call, entity: PortalAccess['entity']): PortalAccess => {
  const found = openAccesses(call.database, textParameter(call, 'username'), call.now())
  const [access, ...more] = found.filter((candidate) => candidate.entity === entity)
  if (access === undefined || more.length > 0) {
    throw authenticationRequired('User incorrect or deactivated access.')
  }
  return access
}

export const loginPortal: EarlyHandler = (call) => {
  const entity = textParameter(call, 'entity').toLowerCase() === 'employee' ? 'Employee' : 'Contacts'
  if (entity === 'Employee' && !employeesModule(call)) {
    throw new CorebosError(
      'INVALID_USER_CREDENTIALS',
      'Necessary portal login fields are not created on employee module',
    )
  }
  const access = soleAccess(call, entity)
  const record = call.database.entity(access.owner)
  const user = call.database.row('Users', Number(record?.values.get('portalloginuser') ?? '0'))
  if (record === undefined || user === undefined) {
    throw authenticationRequired('User incorrect or deactivated access.')
  }
  const token = activeToken(call, `contact:${access.owner}`)
  if (access.failures > FAILURES_ALLOWED) {
    throw new CorebosError('AUTHENTICATION_FAILURE', 'Maximum number of failed attempts reached.')
  }
  const type = record.values.get('portalpasswordtype') ?? ''
  if (textParameter(call, 'password') !== expectedPassword(type, token, access.password)) {
    access.failures += 1
    throw wrongPassword()
  }
  requireActive(user)
  access.failures = 0
  const session = call.sessions.start(user.number, call.userAgent, { entity, number: access.owner })
  return {
    sessionName: session.name,
    user: {
      id: `19x${user.number}`,
      user_name: user.values.get('user_name') ?? '',
      contactid: call.database.webserviceId(record),
      language: record.values.get('template_language') ?? '',
    },
  }
}

/** Works by a cookie that the web service never sets. */
export const extendsession: EarlyHandler = () => {
  throw authenticationRequired()
}

export const logout: Handler = (call) => {
  call.sessions.end(call.session.name)
  return { message: 'successfull' }
}

/** Compares by the database's collation, counts nothing, looks at neither support dates nor employees. */
export const authenticateContact: Handler = (call) => {
  const password = textParameter(call, 'password')
  const access = accessesOf(call.database, textParameter(call, 'email')).find((candidate) => {
    const record = call.database.entity(candidate.owner)
    if (record === undefined || record.deleted || candidate.entity !== 'Contacts' || !candidate.active)
      return false
    return record.values.get('portal') === '1' && sameText(candidate.password, password)
  })
  const record = access === undefined ? undefined : call.database.entity(access.owner)
  return record === undefined ? false : call.database.webserviceId(record)
}

const activeContact = (call: Call, name: string): PortalAccess | undefined =>
  accessesOf(call.database, name).find((access) => {
    const record = call.database.entity(access.owner)
    return access.active && access.entity === 'Contacts' && record?.deleted === false
  })

export const findByPortalUserName: Handler = (call) =>
  activeContact(call, textParameter(call, 'username')) !== undefined

export const changePortalUserPassword: Handler = (call) => {
  const access = activeContact(call, textParameter(call, 'email'))
  if (access === undefined || !sameText(access.password, textParameter(call, 'current_password'))) {
    throw new CorebosError('INVALID_OLD_PASSWORD', 'Invalid value given for old password.')
  }
  access.password = textParameter(call, 'password')
  return true
}

/** Would mail the password in clear; no mail server is set up, so nothing is sent. */
export const sendRecoverPassword: Handler = (call) => {
  if (activeContact(call, textParameter(call, 'username')) === undefined) {
    throw new CorebosError('INVALID_USER_CREDENTIALS', 'Invalid username: username not found or not active')
  }
  return 0
}

const ROLES: Readonly<Record<string, { name: string; profile: [string, string] }>> = {
  H2: { name: 'CEO', profile: ['1', 'Administrator'] },
  H5: { name: 'Sales Man', profile: ['2', 'Sales Profile'] },
}

export const getPortalUserInfo: Handler = (call) => {
  const { values, number } = call.caller.user
  const of = (name: string, otherwise: string): string => {
    const value = values.get(name) ?? ''
    return value === '' ? otherwise : value
  }
  const roleid = of('roleid', '')
  const role = ROLES[roleid]
  return {
    date_format: of('date_format', 'yyyy-mm-dd'),
    first_name: of('first_name', ''),
    last_name: of('last_name', ''),
    email1: of('email1', ''),
    is_admin: of('is_admin', 'off'),
    roleid,
    rolename: role?.name ?? '',
    language: of('language', 'en_us'),
    currency_grouping_pattern: of('currency_grouping_pattern', '123,456,789'),
    currency_decimal_separator: of('currency_decimal_separator', '.'),
    currency_grouping_separator: of('currency_grouping_separator', ','),
    currency_symbol_placement: of('currency_symbol_placement', '$1.0'),
    profileid: new Map(role === undefined ? [] : [role.profile]),
    id: `19x${number}`,
  }
}

export const getPortalUserDateFormat: Handler = (call) =>
  call.caller.user.values.get('date_format') ?? 'yyyy-mm-dd'

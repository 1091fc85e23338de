/** `webservice.php`: from decoded parameters to the envelope. */
import { Answer } from './call.ts'
import { textParameter } from './parameters.ts'
import type { Call, Demo, UserCall } from './call.ts'
import { columnOf, keyColumnOf } from './columns.ts'
import type { Caller } from './database.ts'
import { CorebosError, Crash, authenticationRequired, internalError, unknownOperation } from './errors.ts'
import { resolveId } from './ids.ts'
import { encodeJson } from './json.ts'
import { operationNamed } from './operations.ts'
import type { Session } from './sessions.ts'

export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly location?: string
  readonly body: string
}

const HTML = 'text/html; charset=UTF-8'

const callerOf = (demo: Demo, session: Session): Caller | undefined => {
  const user = demo.database.row('Users', session.user)
  if (user === undefined) return undefined
  const isAdmin = user.values.get('is_admin') === 'on'
  if (session.contact === undefined) return { user, isAdmin }
  const { entity, number } = session.contact
  const record = entity === 'Contacts' ? demo.database.entity(number) : undefined
  const account = Number(record?.values.get('account_id') ?? '0')
  return { user, isAdmin, contact: { entity, number, account } }
}

const userCall = (call: Call): UserCall => {
  const { session } = call
  const caller = session === undefined ? undefined : callerOf(call, session)
  if (session === undefined || caller === undefined) throw authenticationRequired()
  return { ...call, session, caller }
}

const run = (call: Call): Answer => {
  const operation = operationNamed(textParameter(call, 'operation'))
  if (operation === undefined) throw unknownOperation()
  const result = operation.beforeLogin ? operation.run(call) : operation.run(userCall(call))
  return result instanceof Answer ? result : new Answer(result)
}

/** The row as the database holds it, under its columns. */
const rawRow = ({ database }: Demo, row: unknown): unknown => {
  const id: unknown = row instanceof Map ? row.get('id') : undefined
  const record = typeof id === 'string' ? resolveId(database, id).record : undefined
  if (record === undefined) return row
  const columns = [...record.values].map(([name, value]): [string, unknown] => [
    columnOf(record.module, name),
    value,
  ])
  return new Map([...columns, [keyColumnOf(record.module), String(record.number)]])
}

/** `format=stream`: a line per row, then the envelope without them; `streamraw` does not clean the rows. */
const streamed = (demo: Demo, format: string, { result, moreinfo, success }: Answer): Reply => {
  const found: unknown[] = Array.isArray(result) ? result : []
  const rows = format === 'streamraw' ? found.map((row) => rawRow(demo, row)) : found
  const envelope = { success, result: Array.isArray(result) ? [] : result, moreinfo }
  return { status: 200, contentType: HTML, body: [...rows, envelope].map(encodeJson).join('\n') }
}

/** `setSetting` reaches every one of them. */
const isOn = ({ database }: Demo, setting: string): boolean =>
  !['', '0'].includes(database.settings.get(setting) ?? '')

/** Where log-in by SAML is switched on, requests with a `mode` are redirected as configured. */
const elsewhere = (call: Call): string | undefined => {
  const mode = textParameter(call, 'mode')
  const target = call.database.settings.get('SAML_IPSSO') ?? ''
  if (mode === '' || target === '' || !isOn(call, 'SAML_ISACTIVEWS')) return undefined
  return `${target}?${new URLSearchParams({ RelayState: `${mode}&RTURL=${textParameter(call, 'RTURL')}` }).toString()}`
}

const accepted = ({ success, result, moreinfo }: Answer): unknown => ({ success, result, moreinfo })

const refused = (error: unknown): unknown => {
  const { message, code } = error instanceof CorebosError ? error : internalError()
  return { success: false, error: { message, code }, moreinfo: null }
}

const envelopeOf = (call: Call): string => {
  try {
    return encodeJson(accepted(run(call)))
  } catch (error) {
    return encodeJson(refused(error))
  }
}

export const answer = (call: Call): Reply => {
  call.queue.runDue(call.now(), envelopeOf)
  const json = (value: unknown): Reply => ({
    status: 200,
    contentType: 'application/json',
    body: encodeJson(value),
  })
  if (isOn(call, 'cbSMActive'))
    return { status: 200, contentType: HTML, body: 'Webservice - Service is not active' }
  const location = elsewhere(call)
  if (location !== undefined) return { status: 302, contentType: HTML, location, body: '' }
  try {
    const queued = call.session === undefined ? undefined : call.queue.put(call)
    if (queued !== undefined) return json(accepted(new Answer({ operationTrackingID: queued })))
    const done = run(call)
    const format = textParameter(call, 'format').toLowerCase()
    if (format === 'stream' || format === 'streamraw') return streamed(call, format, done)
    return json(accepted(done))
  } catch (error) {
    if (error instanceof Crash) return { status: 500, contentType: HTML, body: '' }
    return json(refused(error))
  }
}

/** A gateway, its coreBOS, and contacts that are logged in: for tests that write and look at what became of it. */
import type { AuditLine } from '../../src/access/context.ts'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { FormData, request } from 'undici'
import { readConfig } from '../../src/config/config.ts'
import type { Database } from '../../src/demo/database.ts'
import type { DemoCorebos } from '../../src/demo/server.ts'
import type { PolicySource } from '../../src/policy/schema.ts'
import { startService } from '../../src/service.ts'
import { policyWith } from './policy.ts'
import { scratch } from './redis-server.ts'
import type { Envelope, Relay } from './relay.ts'
import { startRelayed, type Started, type StartOptions } from './start.ts'
import { isThorough } from './thorough.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: Body
}

/** What the routes answer, rejections included; each test looks at the part it needs. */
export interface Body extends Readonly<Record<string, unknown>> {
  readonly code?: string
  readonly id?: string
  readonly errors?: readonly {
    readonly field?: string
    readonly parameter?: string
    readonly message: string
    readonly code?: string
  }[]
  readonly records?: readonly Readonly<Record<string, unknown>>[]
}

export interface Sent {
  /** Sent as JSON, a form as a form, bytes as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Another instance than the first. */
  readonly at?: string
}

export type Mode = 'portal' | 'service' | 'user'
export const modes: readonly Mode[] = ['portal', 'service', 'user']

/**
 * The mode in which `npm test` tries what must hold in all of them; `npm run prove` tries all. Tests that do not name a
 * mode use the default, `portal`.
 */
export const usualModes: readonly Mode[] = isThorough ? modes : ['service']

export interface Portal extends Started {
  /** What the gateway said to coreBOS. */
  readonly relay: Relay
  readonly admin: Session
  /** Starts one more instance in front of the same coreBOS, with the same clock. @returns its URL */
  another(env?: Readonly<Record<string, string>>): Promise<string>
  /** Calls the gateway as a contact, or without a session. */
  as(name: string | undefined, method: string, path: string, sent?: Sent): Promise<Answer>
  /** The access token of a person, who logs in once. */
  tokenOf(name: string): Promise<string>
}

/** A session at coreBOS itself. */
export interface Session {
  call(operation: string, params?: Readonly<Record<string, unknown>>): Promise<Envelope>
  /** @throws Error where it is rejected */
  result(operation: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>
}

export interface PortalOptions extends StartOptions {
  readonly mode?: Mode
  /** Whether the relay keeps the calls of the start; how many are over by the end of `startPortal` is left to chance. */
  readonly keepsStart?: boolean
}

export async function startPortal(
  t: Test,
  { mode = 'portal', keepsStart = false, ...options }: PortalOptions = {},
): Promise<Portal> {
  const { relay, gateway } = await startRelayed(t, {
    ...options,
    env: { LOGIN_MODE: mode, ...options.env },
  })
  // The start itself reads what a policy file names.
  if (!keepsStart) {
    relay.calls.length = 0
    relay.arrived.length = 0
  }
  // What the first requests need is read as well, and counted.
  await gateway.warmed()
  const tokens = new Map<string, Promise<string>>()

  async function send(token: string | undefined, method: string, path: string, sent: Sent): Promise<Answer> {
    const { body: given } = sent
    const isForm = given instanceof FormData
    const response = await request(`${sent.at ?? gateway.url}${path}`, {
      // undici names the methods that it knows; the tests use those.
      method: method as 'GET',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(given !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(given !== undefined && { body: isForm || Buffer.isBuffer(given) ? given : JSON.stringify(given) }),
    })
    const text = await response.body.text()
    // Files and pages are answered as well, and what is JSON is an object.
    const isJson = /\bjson\b/.test(String(response.headers['content-type']))
    const body = (text !== '' && isJson ? JSON.parse(text) : {}) as Body
    return { status: response.statusCode, headers: response.headers, text, body }
  }

  async function login(name: string): Promise<string> {
    const { body, status } = await send(undefined, 'POST', '/auth/login', { body: credentialsOf(name, mode) })
    const token = body['accessToken']
    if (typeof token !== 'string') throw new Error(`${name} was not let in: ${status}`)
    return token
  }

  async function tokenOf(name: string): Promise<string> {
    const token = tokens.get(name) ?? login(name)
    tokens.set(name, token)
    return token
  }

  const admin = await adminOf(gateway.corebos)
  return {
    ...gateway,
    relay,
    admin,
    another: async (changed = {}) => {
      const { now } = options
      const sink = { write: () => undefined }
      const config = readConfig({ ...gateway.env, ...changed })
      const service = await startService(config, { sink, ...(now && { now }) })
      t.teardown(() => service.close())
      // What its start reads is not counted as calls of the requests that follow.
      await service.warmed()
      return service.url
    },
    as: async (name, method, path, sent = {}) => {
      if (name === undefined) return send(undefined, method, path, sent)
      return send(await tokenOf(name), method, path, sent)
    },
    tokenOf,
  }
}

/** The audit lines in the log so far. */
export function auditIn({ log }: Pick<Started, 'log'>): readonly AuditLine[] {
  return log.flatMap((line) => {
    const { audit } = JSON.parse(line) as { readonly audit?: AuditLine } // every line of the log is JSON
    return audit ?? []
  })
}

/** The credentials of a person of the demo. */
export function credentialsOf(name: string, mode: Mode = 'portal') {
  if (mode === 'user') return { username: name, password: `${name}-access-key` }
  const entity = name === 'emil' ? 'Employee' : 'Contacts'
  return { username: `${name}@example.com`, password: `${name}-pw`, entity }
}

/** A policy file with the built-in policy, changed. */
export async function policyFile(
  t: Test,
  modules: Readonly<Record<string, object>>,
  others: Partial<PolicySource> = {},
): Promise<string> {
  const file = join(await scratch(t), 'policy.json')
  await writeFile(file, JSON.stringify(policyWith(modules, others)))
  return file
}

/** The demo coreBOS has no actions that run; what a real one would offer and say is put in. */
export function offerActions({ relay }: Portal, ...names: readonly string[]): void {
  const offered = names.map((linklabel) => ({ linklabel, linkid: '4711', linkurl: 'block://x' }))
  relay.alter = ({ operation, params, answer }) => {
    if (operation === 'executeBusinessAction') return { success: true, result: 'done' }
    return params.get('linktype') === 'DETAILVIEWWIDGET' && answer.success
      ? { ...answer, result: { DETAILVIEWWIDGET: offered } }
      : answer
  }
}

/** Everything that coreBOS holds, as text: two that are equal mean that nothing was written in between. */
export function contents(database: Database): string {
  const { documentRelations, emailRelations, relations, productLines, comments, settings } = database
  // Wrong passwords are counted wherever they are tried.
  const portalAccess = database.portalAccess.map((each) => ({ ...each, failures: 0 }))
  return JSON.stringify([
    [...database.modules.keys()].map((name) =>
      database.allRecords(name).map(({ number, values, deleted }) => [number, [...values], deleted]),
    ),
    [documentRelations, emailRelations, relations, productLines, comments],
    [[...settings], portalAccess, [...database.userPasswords], [...database.attachments.keys()]],
  ])
}

type Values = Readonly<Record<string, string>>

/** A record as the administrator reads it; empty where it is not there (any more). */
export async function stored(admin: Session, id: string): Promise<Values> {
  const { result = {} } = await admin.call('retrieve', { id })
  return result as Values // as recorded
}

/** Ids of the records that meet a condition, as the administrator finds them. */
export async function idsWhere(admin: Session, module: string, where: string): Promise<readonly string[]> {
  const rows = await admin.result('query', { query: `select id from ${module} where ${where};` })
  return (rows as readonly Values[]).map(({ id = '' }) => id) // as recorded
}

/** What is related to a record, as the administrator finds it. */
export async function related(
  admin: Session,
  id: string,
  module: string,
  relatedModule: string,
): Promise<readonly Values[]> {
  const params = { id, module, relatedModule, queryParameters: {} }
  const { records } = (await admin.result('getRelatedRecords', params)) as { records: readonly Values[] } // as recorded
  return records
}

/** As the administrator. */
export async function adminOf({ url }: Pick<DemoCorebos, 'url'>): Promise<Session> {
  const outside = sessionAt(url, '')
  const token = tokenOf(await outside.result('getchallenge', { username: 'admin' }))
  const accessKey = hash('md5', `${token}admin-access-key`)
  return sessionAt(url, sessionNameOf(await outside.result('login', { username: 'admin', accessKey })))
}

/** As a contact of the demo, whose passwords are of the type that its record says. */
export async function contactAt({ url }: Pick<DemoCorebos, 'url'>, name: string, type: string) {
  const outside = sessionAt(url, '')
  const username = `${name}@example.com`
  const token = tokenOf(await outside.result('getchallenge', { username }))
  const password = hash(type, `${token}${name}-pw`)
  const params = { username, password, entity: 'Contacts' }
  return sessionAt(url, sessionNameOf(await outside.result('loginPortal', params)))
}

function sessionAt(url: string, sessionName: string): Session {
  async function call(operation: string, params: Readonly<Record<string, unknown>> = {}): Promise<Envelope> {
    const form = new URLSearchParams({ operation, ...(sessionName !== '' && { sessionName }) })
    for (const [name, value] of Object.entries(params))
      form.set(name, typeof value === 'string' ? value : JSON.stringify(value))
    const response = await request(`${url}/webservice.php`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'test' },
      body: form.toString(),
    })
    const text = await response.body.text()
    // Every answer of coreBOS has this shape, except the empty text of a crash.
    return text === '' ? { success: false } : (JSON.parse(text) as Envelope)
  }
  return {
    call,
    result: async (operation, params) => {
      const { success, result, error } = await call(operation, params)
      if (!success) throw new Error(`${operation} was rejected: ${error?.code ?? 'with nothing'}`)
      return result
    },
  }
}

function hash(type: string, text: string): string {
  return type === 'plaintext' ? text : createHash(type).update(text).digest('hex')
}

function tokenOf(challenge: unknown): string {
  return (challenge as { readonly token: string }).token // as recorded
}

function sessionNameOf(login: unknown): string {
  return (login as { readonly sessionName: string }).sessionName // as recorded
}

/** One request for each route and each operation, and how they are sent. */
import type { Test } from 'tap'
import { request } from 'undici'
import { credentialsOf, offerActions, policyFile, startPortal, type Mode, type Portal } from './portal.ts'
import { contactAt, hash, textAt, WebserviceClient } from './webservice-client.ts'

export const ticket = '17x8625'
export const document = '15x8644'
const alice = '12x8549'

/**
 * One request; those with parameters go to `/webservice.php`. `{user}` is the contact's CRM user, `{invoice}` one
 * that it sees; made for the request are `{fresh}`, a ticket, `{link}`, to a document, `{refresh}` and `{session}`, of the session
 * that sends it, and `{proof}`, the password with a challenge.
 */
export interface Row {
  readonly name: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly params?: Readonly<Record<string, unknown>>
  /** Sent by another contact in a session that is made for the request. */
  readonly inNewSession?: true
}

const times = (count: number, text: string) => Array.from({ length: count }, () => text).join(',')
const hops = Array.from({ length: 24 }, (_, i) => `Contacts.lastname like '%${i}%'`).join(' or ')
const manyNames = `${times(300, 'HelpDesk')},Contacts,Accounts,Documents,Faq,Products,Services,Assets,Invoice`
export const newTicket = { ticket_title: 'fan-out', ticketstatus: 'Open' }
const newTickets = Array.from({ length: 5 }, () => ({ elementType: 'HelpDesk', element: newTicket }))

export const rest: readonly Row[] = [
  { name: 'GET /me' },
  { name: 'GET /modules' },
  { name: 'GET /modules/openapi.json' },
  { name: 'GET /modules/{module}', path: '/modules/HelpDesk' },
  {
    name: 'GET /modules/{module}/records',
    path: '/modules/HelpDesk/records?expand=parent_id.account_id,product_id,comments&count=true',
  },
  {
    name: 'GET /modules/{module}/aggregate',
    path: '/modules/HelpDesk/aggregate?groupBy=ticketstatus,parent_id&count=true&display=true',
  },
  { name: 'GET /records/{id}', path: `/records/${ticket}?expand=parent_id.account_id,comments` },
  { name: 'GET /records/{id}/related/{other}', path: `/records/${ticket}/related/Documents` },
  { name: 'GET /records/{id}/comments', path: `/records/${ticket}/comments` },
  { name: 'GET /records/{id}/actions', path: `/records/${ticket}/actions` },
  { name: 'GET /records/{id}/pdf', path: '/records/{invoice}/pdf' },
  { name: 'GET /documents/{id}/content', path: `/documents/${document}/content` },
  { name: 'GET /search', path: '/search?q=alice' },
  { name: 'GET /query', path: '/query?q=select%20*%20from%20HelpDesk%3B' },
  { name: 'POST /query', body: { query: `select ticket_title from HelpDesk where ${hops};` } },
  { name: 'POST /query/explain', body: { query: `select ticket_title from HelpDesk where ${hops};` } },
  { name: 'POST /modules/{module}/records', path: '/modules/HelpDesk/records', body: newTicket },
  { name: 'PATCH /records/{id}', path: `/records/${ticket}`, body: { description: 'fan-out' } },
  { name: 'POST /records/{id}/comments', path: `/records/${ticket}/comments`, body: { text: 'fan-out' } },
  { name: 'POST /records/{id}/actions/{name}', path: `/records/${ticket}/actions/Call%20me%20back` },
  { name: 'PUT /records/{id}/related/{other}', path: `/records/${ticket}/related/${document}` },
  { name: 'DELETE /records/{id}/related/{other}', path: `/records/${ticket}/related/${document}` },
  { name: 'DELETE /records/{id}', path: '/records/{fresh}' },
  { name: 'POST /documents' },
  { name: 'POST /documents/{id}/link', path: `/documents/${document}/link` },
  { name: 'POST /auth/login', body: credentialsOf('alice', 'service') },
]

/** It ends the other sessions of the contact, and comes last. */
export const password: Row = {
  name: 'PUT /auth/password',
  body: { currentPassword: 'alice-pw', newPassword: 'alice-pw' },
}

const related = { id: ticket, module: 'HelpDesk', relatedModule: 'Documents', queryParameters: {} }
const element = { id: ticket, description: 'fan-out' }
const whole = { ...element, ...newTicket, assigned_user_id: '{user}' }

export const webservice: readonly Row[] = [
  { name: 'listtypes', params: { fieldTypeList: '[]' } },
  { name: 'describe', params: { elementType: `${manyNames},${times(100, 'Faq')}` } },
  { name: 'getRelatedModulesInfomation', params: { module: 'HelpDesk' } },
  { name: 'getfilterfields', params: { module: 'HelpDesk' } },
  { name: 'getViewsByModule', params: { module: 'HelpDesk' } },
  { name: 'query', params: { query: `select ticket_title from HelpDesk where ${hops};` } },
  { name: 'retrieve', params: { id: ticket } },
  { name: 'MassRetrieve', params: { ids: `${ticket},${document},${alice},11x8546,{invoice}` } },
  { name: 'getRelatedRecords', params: related },
  { name: 'sync', params: { modifiedTime: '1' } },
  { name: 'retrievedocattachment', params: { id: document, returnfile: 'true' } },
  { name: 'getSearchResults', params: { query: 'alice', search_onlyin: manyNames } },
  { name: 'getSearchResultsArray', params: { query: 'alice' } },
  { name: 'getSearchResultsArrayWithTotals', params: { query: 'a', search_onlyin: manyNames } },
  {
    name: 'getFieldAutocomplete',
    params: {
      term: 'a',
      filter: 'contains',
      searchinmodule: 'HelpDesk',
      fields: 'ticket_title,parent_id',
      returnfields: 'ticket_title',
      limit: '5',
    },
  },
  {
    name: 'getReferenceAutocomplete',
    params: { term: 'a', filter: 'contains', searchinmodules: manyNames, limit: '5' },
  },
  { name: 'create', params: { elementType: 'HelpDesk', element: newTicket } },
  { name: 'revise', params: { element } },
  { name: 'ReviseWithValidation', params: { element } },
  { name: 'ValidateInformation', params: { context: { module: 'HelpDesk', ...newTicket } } },
  { name: 'MassCreate', params: { elements: newTickets } },
  { name: 'CreateWithValidation', params: { elementType: 'HelpDesk', element: newTicket } },
  { name: 'update', params: { element: whole } },
  { name: 'UpdateWithValidation', params: { element: whole } },
  {
    name: 'upsert',
    params: {
      elementType: 'HelpDesk',
      element: newTicket,
      searchOn: 'ticket_title',
      updatedfields: 'ticketstatus',
    },
  },
  { name: 'delete', params: { id: '{fresh}' } },
  { name: 'MassDelete', params: { ids: '{fresh}' } },
  { name: 'UnsetRelation', params: { unrelate_this_id: ticket, with_these_ids: [document] } },
  { name: 'getReferenceValue', params: { id: `a:1:{i:0;s:7:"${ticket}";}` } },
  { name: 'getpdfdata', params: { id: '{invoice}' } },
  { name: 'getRecordImages', params: { id: ticket } },
  {
    name: 'getBusinessActions',
    params: { view: 'DetailView', module: 'HelpDesk', id: ticket, linktype: 'DETAILVIEWWIDGET' },
  },
  { name: 'MassUpdate', params: { elements: [element] } },
  { name: 'SetRelation', params: { relate_this_id: ticket, with_these_ids: [document] } },
  { name: 'addTicketFaqComment', params: { id: ticket, values: { comments: 'fan-out' } } },
]

/** What the tables above leave out: requests that coreBOS is not asked for, or that need something of their own. */
export const others: readonly Row[] = [
  { name: 'GET /health/live' },
  { name: 'GET /health/ready' },
  { name: 'GET /.well-known/jwks.json' },
  { name: 'POST /auth/refresh', body: { refreshToken: '{refresh}' }, inNewSession: true },
  { name: 'POST /auth/logout', inNewSession: true },
  { name: 'POST /auth/logout-all', inNewSession: true },
  { name: 'GET /auth/session' },
  { name: 'GET /auth/sessions' },
  { name: 'DELETE /auth/sessions/{id}', path: '/auth/sessions/{session}', inNewSession: true },
  { name: 'POST /auth/password-recovery', body: { username: 'bob@example.com' } },
  {
    name: 'PUT /auth/password',
    body: { currentPassword: 'carol-pw', newPassword: 'carol-pw' },
    inNewSession: true,
  },
  { name: 'GET /downloads/{secret}', path: '{link}' },
  { name: 'GET /webservice.php', path: '/webservice.php?operation=getchallenge&username=alice@example.com' },
  {
    name: 'POST /modules/{module}/records',
    path: '/modules/HelpDesk/records',
    headers: { 'idempotency-key': '{key}' },
    body: newTicket,
  },
  {
    name: 'PATCH /records/{id}',
    path: `/records/${ticket}`,
    headers: { 'if-match': '*' },
    body: { description: 'x' },
  },
  { name: 'DELETE /records/{id}', path: '/records/{fresh}', headers: { 'if-match': '*' } },
  { name: 'getchallenge', params: { username: 'alice@example.com' } },
  { name: 'loginPortal', params: { username: 'alice@example.com', password: '{proof}', entity: 'Contacts' } },
  { name: 'login', params: { username: 'alice', accessKey: '{proof}' } },
  { name: 'extendsession', params: {} },
  { name: 'logout', params: {}, inNewSession: true },
]

/** Requests with bodies that take a place of their own. */
export const largeBodies: readonly Row[] = [
  { name: 'POST /documents', body: 'x'.repeat(1_500_000), headers: { 'idempotency-key': '{key}' } },
  {
    name: 'create',
    params: {
      elementType: 'Documents',
      element: {
        notes_title: 'fan-out',
        filename: {
          name: 'fan-out.txt',
          size: 900_000,
          type: 'text/plain',
          content: Buffer.alloc(900_000, 'x').toString('base64'),
        },
        assigned_user_id: '{user}',
      },
    },
  },
]

/** The gateway's own log-ins, and log-outs of sessions that must not stay open. */
const own = new Set(['getchallenge', 'login', 'logout'])

/** A request as it goes over the wire. */
export interface Wire {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Stage {
  readonly portal: Portal
  /** The row with what it names in the place of what stands for that. */
  readonly filled: (row: Row) => Promise<Row>
  readonly wired: (filled: Row) => Promise<Wire>
  readonly send: (
    filled: Row,
    signal?: AbortSignal,
  ) => Promise<{ readonly status: number; readonly text: string }>
  /** Calls of coreBOS so far that are not the gateway's own. */
  readonly calls: () => readonly string[]
}

export async function stageOf(
  t: Test,
  mode: Mode,
  env: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const policy = await policyFile(t, { HelpDesk: { delete: true, actions: ['Call me back'] } })
  // So many that what a contact may hold of them is not what keeps a request to four.
  const many = { COREBOS_SESSIONS: '40', COREBOS_CONCURRENCY: '80', ACCESS_TOKEN_TTL: '3600' }
  const portal = await startPortal(t, { mode, env: { ...many, ...env, POLICY_FILE: policy } })
  offerActions(portal, 'Call me back')
  const { body } = await logIn(portal, 'alice', mode)
  const user = textAt(body, 'contact', 'user', 'id')
  const { session } = await clientOf(portal, 'alice', mode)
  const invoices = await portal.as('alice', 'GET', '/modules/Invoice/records?limit=1')
  const invoice = textAt(invoices.body, 'records', 0, 'id')
  let keys = 0
  /** By placeholder; each is made where it is wanted. */
  const makers: Readonly<Record<string, () => Promise<string>>> = {
    '{invoice}': async () => invoice,
    '{user}': async () => user,
    '{key}': async () => `key-${(keys += 1)}`,
    '{fresh}': async () =>
      textAt((await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: newTicket })).body, 'id'),
    '{link}': async () => {
      const link = await portal.as('alice', 'POST', `/documents/${document}/link`)
      return new URL(textAt(link.body, 'url')).pathname
    },
    '{proof}': async () => {
      const username = mode === 'user' ? 'alice' : 'alice@example.com'
      const token = await new WebserviceClient(portal.url).token(username)
      return hash('md5', token, mode === 'user' ? 'alice-access-key' : 'alice-pw')
    },
  }

  async function filled(row: Row): Promise<Row> {
    let text = JSON.stringify(row)
    for (const [placeholder, make] of Object.entries(makers))
      if (text.includes(placeholder)) text = text.replaceAll(placeholder, await make())
    if (row.inNewSession !== true)
      return withHeaders(text, { authorization, 'corebos-authorization': session })
    const login = await logIn(portal, 'carol', mode)
    const headers = { authorization: `Bearer ${textAt(login.body, 'accessToken')}` }
    const mine = await portal.as(undefined, 'GET', '/auth/session', { headers })
    text = text
      .replaceAll('{refresh}', textAt(login.body, 'refreshToken'))
      .replaceAll('{session}', textAt(mine.body, 'id'))
    const client = row.params === undefined ? undefined : await clientOf(portal, 'carol', mode)
    return withHeaders(text, { ...headers, 'corebos-authorization': client?.session ?? '' })
  }
  const authorization = `Bearer ${textAt(body, 'accessToken')}`

  return {
    portal,
    calls: () => portal.relay.arrived.filter((each) => !own.has(each)),
    filled,
    wired,
    async send(row, signal) {
      const { method, path, headers, body } = await wired(row)
      const response = await request(`${portal.url}${path}`, {
        // The tables name methods that undici knows.
        method: method as 'GET',
        headers,
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
      })
      return { status: response.statusCode, text: await response.body.text() }
    },
  }
}

async function logIn(portal: Portal, name: string, mode: Mode) {
  return portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf(name, mode) })
}

async function clientOf(portal: Portal, name: string, mode: Mode): Promise<WebserviceClient> {
  if (mode !== 'user') return contactAt(portal.url, name)
  const client = new WebserviceClient(portal.url)
  await client.tryUser(name, `${name}-access-key`)
  return client
}

function withHeaders(text: string, headers: Readonly<Record<string, string>>): Row {
  const row = JSON.parse(text) as Row // it was one, and nothing but texts was replaced
  return { ...row, headers: { ...headers, ...row.headers } }
}

async function wired({ name, path, headers = {}, body, params }: Row): Promise<Wire> {
  const { authorization = '', 'corebos-authorization': session = '', ...rest } = headers
  if (params !== undefined) {
    const form = formOf(name, /^(getchallenge|login)/.test(name) ? '' : session, params)
    const type = 'application/x-www-form-urlencoded'
    return {
      method: 'POST',
      path: '/webservice.php',
      headers: { 'content-type': type },
      body: Buffer.from(form),
    }
  }
  const [method = '', pattern = ''] = name.split(' ')
  const to = { method, path: path ?? pattern }
  const own = { authorization, ...rest }
  if (name === 'POST /documents') {
    const form = new Response(upload(typeof body === 'string' ? body : 'fan-out\n'))
    const type = form.headers.get('content-type') ?? ''
    return { ...to, headers: { ...own, 'content-type': type }, body: Buffer.from(await form.arrayBuffer()) }
  }
  if (body === undefined) return { ...to, headers: own, body: undefined }
  return {
    ...to,
    headers: { ...own, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  }
}

function formOf(operation: string, sessionName: string, params: NonNullable<Row['params']>): string {
  const form = new URLSearchParams({ operation, ...(sessionName !== '' && { sessionName }) })
  for (const [name, value] of Object.entries(params))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  return form.toString()
}

function upload(content: string): FormData {
  const form = new FormData()
  form.set('notes_title', 'fan-out')
  for (const id of [ticket, ticket, '17x8626']) form.append('relatedTo', id)
  form.set('file', new Blob([content], { type: 'text/plain' }), 'fan-out.txt')
  return form
}

import t, { type Test } from 'tap'
import { FormData, request } from 'undici'
import { disconnected } from '../plugins/request-calls.ts'
import { operations } from '../src/webservice/operations.ts'
import { semaphore } from './support/corebos-stub.ts'
import {
  credentialsOf,
  offerActions,
  policyFile,
  startPortal,
  type Mode,
  type Portal,
} from './support/portal.ts'
import { at, contactAt, textAt } from './support/webservice-client.ts'

const ticket = '17x8625'
const document = '15x8644'
const alice = '12x8549'

/**
 * One request; those with parameters go to `/webservice.php`. `{user}` is the contact's CRM user, `{invoice}` one
 * that it sees, `{fresh}` a ticket that is made for the request.
 */
interface Row {
  readonly name: string
  readonly path?: string
  readonly body?: unknown
  readonly params?: Readonly<Record<string, unknown>>
}

const times = (count: number, text: string) => Array.from({ length: count }, () => text).join(',')
const hops = Array.from({ length: 24 }, (_, i) => `Contacts.lastname like '%${i}%'`).join(' or ')
const manyNames = `${times(300, 'HelpDesk')},Contacts,Accounts,Documents,Faq,Products,Services,Assets,Invoice`
const newTicket = { ticket_title: 'fan-out', ticketstatus: 'Open' }
const newTickets = Array.from({ length: 5 }, () => ({ elementType: 'HelpDesk', element: newTicket }))

const rest: readonly Row[] = [
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
    path: '/modules/HelpDesk/aggregate?groupBy=ticketstatus&count=true',
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
const password: Row = {
  name: 'PUT /auth/password',
  body: { currentPassword: 'alice-pw', newPassword: 'alice-pw' },
}

const related = { id: ticket, module: 'HelpDesk', relatedModule: 'Documents', queryParameters: {} }
const element = { id: ticket, description: 'fan-out' }
const whole = { ...element, ...newTicket, assigned_user_id: '{user}' }

const webservice: readonly Row[] = [
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

/** The gateway's own log-ins, and log-outs of sessions that must not stay open. */
const own = new Set(['getchallenge', 'login', 'logout'])

interface Stage {
  readonly portal: Portal
  readonly send: (
    row: Row,
    signal?: AbortSignal,
  ) => Promise<{ readonly status: number; readonly text: string }>
  readonly filled: (row: Row) => Promise<Row>
  /** Calls of coreBOS so far that are not the gateway's own. */
  readonly calls: () => readonly string[]
}

async function stageOf(t: Test, mode: Mode): Promise<Stage> {
  const policy = await policyFile(t, { HelpDesk: { delete: true, actions: ['Call me back'] } })
  // So many that what a contact may hold of them is not what keeps a request to four.
  const many = { COREBOS_SESSIONS: '40', COREBOS_CONCURRENCY: '80' }
  const portal = await startPortal(t, { mode, env: { ...many, POLICY_FILE: policy } })
  offerActions(portal, 'Call me back')
  const login = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice', mode) })
  const authorization = `Bearer ${textAt(login.body, 'accessToken')}`
  const user = textAt(login.body, 'contact', 'user', 'id')
  const { session } = await contactAt(portal.url, 'alice')
  const invoices = await portal.as('alice', 'GET', '/modules/Invoice/records?limit=1')
  const invoice = textAt(invoices.body, 'records', 0, 'id')

  /** The row with ids in the place of what stands for them. */
  async function filled(row: Row): Promise<Row> {
    const text = JSON.stringify(row).replaceAll('{invoice}', invoice).replaceAll('{user}', user)
    if (!text.includes('{fresh}')) return JSON.parse(text) as Row // nothing but texts was replaced
    const made = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: newTicket })
    return JSON.parse(text.replaceAll('{fresh}', textAt(made.body, 'id'))) as Row // as above
  }

  return {
    portal,
    calls: () => portal.relay.arrived.filter((each) => !own.has(each)),
    filled,
    async send({ name, path, body, params }, signal) {
      const isOperation = params !== undefined
      const [method = '', pattern = ''] = isOperation ? ['POST', '/webservice.php'] : name.split(' ')
      const response = await request(`${portal.url}${path ?? pattern}`, {
        // The table names methods that undici knows.
        method: method as 'GET',
        headers: {
          ...(!isOperation && { authorization }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(isOperation && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(name === 'POST /documents' && { body: upload() }),
        ...(isOperation && { body: formOf(name, session, params) }),
        ...(signal !== undefined && { signal }),
      })
      return { status: response.statusCode, text: await response.body.text() }
    },
  }
}

function formOf(operation: string, sessionName: string, params: NonNullable<Row['params']>): string {
  const form = new URLSearchParams({ operation, sessionName })
  for (const [name, value] of Object.entries(params))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  return form.toString()
}

function upload(): FormData {
  const form = new FormData()
  form.set('notes_title', 'fan-out')
  for (const id of [ticket, ticket, '17x8626']) form.append('relatedTo', id)
  form.set('file', new Blob(['fan-out\n'], { type: 'text/plain' }), 'fan-out.txt')
  return form
}

/** Long enough for all that can go on by itself in this process. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise(setImmediate)
}

const modesWithMany: readonly Mode[] = ['service', 'portal']

for (const mode of modesWithMany) {
  t.test(`no request has more than four calls under way (${mode})`, async (t) => {
    const { portal, send, calls, filled } = await stageOf(t, mode)
    const { relay } = portal
    let most = 0
    for (const each of [...rest, ...webservice, password]) {
      const row = await filled(each)
      relay.mostAtOnce = 0
      const before = calls().length
      const done = { is: false }
      const answer = send(row).finally(() => (done.is = true))
      while (!done.is) {
        const held = semaphore()
        relay.held = held.opened
        await quiet()
        held.open()
        await new Promise(setImmediate)
      }
      relay.held = undefined
      const { status, text } = await answer
      t.ok(
        status < 300 && !text.startsWith('{"success":false'),
        `${row.name}: ${status} ${text.slice(0, 200)}`,
      )
      t.ok(relay.mostAtOnce <= 4, `${row.name}: ${relay.mostAtOnce} at once`)
      const made = calls().length - before
      t.ok(made <= 60, `${row.name}: ${made} calls`)
      most = Math.max(most, relay.mostAtOnce)
    }
    t.equal(most, 4, 'and some have four')
  })

  t.test(`no request makes a further call when its client has left (${mode})`, async (t) => {
    const { portal, send, calls, filled } = await stageOf(t, mode)
    const { relay } = portal
    const next = async () => portal.as('bob', 'GET', '/modules/HelpDesk/records')
    await next()
    const before = calls().length
    await next()
    const callsOfNext = calls().length - before
    t.ok(callsOfNext > 0)
    const left = () => portal.log.filter((line) => line.includes(disconnected)).length
    const depths = new Map<string, number>()
    for (const each of [...rest, ...webservice, password]) {
      // Lets some calls through, then leaves while the next ones are under way.
      for (const answered of [0, 2]) {
        const row = await filled(each)
        const client = new AbortController()
        const done = { is: false }
        const answer = send(row, client.signal)
          .catch(() => undefined)
          .finally(() => (done.is = true))
        const isOver = () => done.is
        let held = semaphore()
        relay.held = held.opened
        for (let i = 0; i < answered && !isOver(); i++) {
          while (relay.underWay === 0 && !isOver()) await new Promise(setImmediate)
          await quiet()
          const last = held
          held = semaphore()
          relay.held = held.opened
          last.open()
          await quiet()
        }
        while (relay.underWay === 0 && !isOver()) await new Promise(setImmediate)
        await quiet()
        if (!isOver()) {
          const leftBefore = left()
          client.abort()
          while (left() === leftBefore) await new Promise(setImmediate)
          const sent = calls().length
          held.open()
          relay.held = undefined
          // What the request would go on with comes to coreBOS before what another contact asks for after that.
          await next()
          t.equal(calls().length - callsOfNext, sent, `${row.name} after ${answered}`)
          depths.set(row.name, answered)
        }
        held.open()
        relay.held = undefined
        await answer
        await quiet()
      }
    }
    t.ok(depths.size > 35, `${depths.size} of the requests were left`)
  })
}

t.test('the tables name every route and operation that calls coreBOS for a contact', async (t) => {
  const portal = await startPortal(t)
  const { body } = await portal.as(undefined, 'GET', '/openapi.json')
  const paths = Object.entries(at(body, 'paths') ?? {})
  const routes = paths.flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const free =
    /^(GET|POST|DELETE) \/(auth\/(session|refresh|logout|password-rec)|health|\.well|webservice|downloads)/
  const named = [...rest, password].map(({ name }) => name)
  t.strictSame(
    routes.filter((each) => !free.test(each) && !named.includes(each)),
    [],
  )
  const known = new Set(webservice.map(({ name }) => name))
  const single = new Set(['visible', 'self', 'loginService'])
  t.strictSame(
    operations.filter(({ name, scope }) => !single.has(scope) && !known.has(name)).map(({ name }) => name),
    ['changePortalUserPassword'],
    'but one, which is the same as a route',
  )
})

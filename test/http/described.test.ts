/** What the description names is what the gateway does: its examples work, and no answer is missing. */
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { errorCatalogue } from '../../src/model/errors.ts'
import { entriesOf, formOf, operationsIn, type Operation } from '../support/described.ts'
import {
  credentialsOf,
  modes,
  offerActions,
  policyFile,
  startPortal,
  type Mode,
  type Portal,
} from '../support/portal.ts'
import { example, json, Prober, wrongBodies, wrongParameters, type NamedProbe } from '../support/probes.ts'
import type { Relay } from '../support/relay.ts'
import { startGateway } from '../support/start.ts'
import { isThorough, sample } from '../support/thorough.ts'
import { at, textAt, WebserviceClient } from '../support/webservice-client.ts'

const isProtocol = ({ path }: Operation) => path === '/webservice.php'

const ticket = { id: '17x8625', ticket_title: 'The printer is on fire', ticketstatus: 'Open' }

/** Of parameters of coreBOS's own protocol, whose description names them; by operation where it means something else. */
const protocolExamples: Readonly<Record<string, string>> = {
  id: ticket.id,
  ids: ticket.id,
  elementType: 'HelpDesk',
  entityName: 'HelpDesk',
  module: 'HelpDesk',
  relatedModule: 'Documents',
  queryParameters: '{}',
  query: 'select ticket_title from HelpDesk;',
  modifiedTime: '1',
  returnfile: 'true',
  view: 'DetailView',
  linktype: 'DETAILVIEWWIDGET',
  totranslate: '["LBL_ADD_NOTE"]',
  language: 'en_us',
  term: 'alice',
  filter: 'contains',
  searchinmodule: 'HelpDesk',
  searchinmodules: 'HelpDesk',
  search_onlyin: 'HelpDesk',
  fields: 'ticket_title',
  returnfields: 'ticket_title',
  limit: '5',
  element: JSON.stringify(ticket),
  elements: JSON.stringify([ticket]),
  searchOn: 'ticket_title',
  updatedfields: 'ticketstatus',
  context: JSON.stringify({ module: 'HelpDesk', ...ticket }),
  relate_this_id: ticket.id,
  unrelate_this_id: ticket.id,
  with_these_ids: '["15x8644"]',
  values: '{"comments":"It still smokes."}',
  email: 'alice@example.com',
  username: 'alice@example.com',
  password: 'alice-pw',
  current_password: 'alice-pw',
  'getSearchResults query': 'alice',
  'getSearchResultsArray query': 'alice',
  'getSearchResultsArrayWithTotals query': 'alice',
  'getReferenceValue id': `a:1:{i:0;s:${ticket.id.length}:"${ticket.id}";}`,
  'getpdfdata id': '7x8628',
  'retrievedocattachment id': '15x8644',
  // As a whole, with its owner.
  'update element': JSON.stringify({ ...ticket, assigned_user_id: '19x5' }),
  'UpdateWithValidation element': JSON.stringify({ ...ticket, assigned_user_id: '19x5' }),
  'MassCreate elements': JSON.stringify([{ elementType: 'HelpDesk', referenceId: 'one', element: ticket }]),
}

/** In a mode with users of the CRM, names and passwords are coreBOS's. */
const rejectedExamples: Readonly<Record<Mode, Readonly<Record<string, number>>>> = {
  portal: {},
  service: {},
  user: { 'POST /auth/login': 401, 'PUT /auth/password': 403 },
}

/** One session of alice's. */
async function newSession(portal: Portal, mode: Mode) {
  const { body } = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice', mode) })
  const headers = { authorization: `Bearer ${textAt(body, 'accessToken')}` }
  const send = (method: string, path: string, sent?: unknown) =>
    portal.as(undefined, method, path, {
      // Many clients name a type also where there is no body.
      headers: { ...headers, ...(sent === undefined && { 'content-type': 'application/json' }) },
      ...(sent !== undefined && { body: sent }),
    })
  return { refreshToken: textAt(body, 'refreshToken'), send }
}

type Session = Awaited<ReturnType<typeof newSession>>

/** Parameters of a path that only a running gateway can give. */
const pathParameters: Readonly<Record<string, (session: Session) => Promise<string>>> = {
  'DELETE /auth/sessions/{id}': async ({ send }) => textAt((await send('GET', '/auth/session')).body, 'id'),
  'GET /downloads/{secret}': async ({ send }) =>
    textAt((await send('POST', '/documents/15x8644/link')).body, 'url').replace(/.*\//, ''),
}

/** Sends the example of an operation. */
async function runExample(t: Test, portal: Portal, mode: Mode, operation: Operation): Promise<void> {
  const { name, method, path, pattern, query, mediaType, body } = operation
  const session = await newSession(portal, mode)
  const given = await pathParameters[name]?.(session)
  const target = given === undefined ? path : pattern.replace(/\{\w+\}/, given)
  const sent = name === 'POST /auth/refresh' ? { refreshToken: session.refreshToken } : body
  const answer = await session.send(
    method,
    `${target}${query}`,
    mediaType === 'multipart/form-data' ? formOf(sent) : sent,
  )
  const expected = rejectedExamples[mode][name]
  t.ok(
    expected === undefined ? answer.status < 300 : answer.status === expected,
    `${name}: ${answer.status} ${answer.text.slice(0, 200)}`,
  )
  // The others log in with the password that they are shown.
  if (name === 'PUT /auth/password')
    await session.send('PUT', path, { currentPassword: 'a better one', newPassword: 'alice-pw' })
}

/** The table of operations in the description of /webservice.php: names and their parameters. */
function protocolOperations(description: string): readonly (readonly [name: string, parameters: string[]])[] {
  return [...description.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name = '', parameters = '']) => [
    name,
    [...parameters.matchAll(/`(\w+)`/g)].map(([, key = '']) => key),
  ])
}

/** Calls every operation of coreBOS's own protocol with its parameters. */
async function runProtocol(t: Test, portal: Portal, mode: Mode, operation: Operation): Promise<void> {
  const method = operation.method === 'GET' ? 'GET' : 'POST'
  const client = new WebserviceClient(portal.url)
  const { username, password } = credentialsOf('alice', mode)
  await (mode === 'user' ? client.tryUser(username, password) : client.tryPortal(username, password, 'md5'))
  const create = async () =>
    textAt((await client.call('create', { elementType: 'HelpDesk', element: ticket })).result, 'id')
  const examples: Readonly<Record<string, string>> = {
    ...protocolExamples,
    'delete id': await create(),
    'MassDelete ids': await create(),
  }
  const known = protocolOperations(operation.description)
  t.ok(known.length > 40, `${known.length} operations by ${method}`)
  // Both log-ins take what is made of a challenge and a password, and were called to get here.
  const rest = known.filter(([name]) => !['loginPortal', 'login', 'logout'].includes(name))
  for (const [name, parameters] of [...rest, ['logout', []] as const]) {
    const form = parameters.map((key) => [key, examples[`${name} ${key}`] ?? examples[key] ?? ''] as const)
    const values = { operation: name, ...Object.fromEntries(form), sessionName: client.session }
    const text = new URLSearchParams(values).toString()
    const answer = await client.send(
      method === 'GET'
        ? { method, query: text }
        : { method, body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    )
    const isOwn = mode !== 'user' || name !== 'changePortalUserPassword'
    t.equal(answer.success, isOwn, `${method} ${name} ${answer.text.slice(0, 150)}`)
  }
}

for (const mode of sample(modes, 1)) {
  t.test(`in ${mode} mode the examples of the description are requests that work`, async (t) => {
    // What the built-in policy closes would be rejected.
    const opened = { HelpDesk: { delete: true, actions: ['Call me back'] } }
    const portal = await startPortal(t, { mode, env: { POLICY_FILE: await policyFile(t, opened) } })
    offerActions(portal, 'Call me back')
    const { body: description } = await portal.as(undefined, 'GET', '/openapi.json')
    const operations = operationsIn(description)
    t.ok(operations.length > 30, `${operations.length} examples`)
    // The record of the examples is in many of them, and goes last.
    const isLast = ({ name }: Operation) => name === 'DELETE /records/{id}'
    for (const each of operations)
      if (!isProtocol(each) && !isLast(each)) await runExample(t, portal, mode, each)
    for (const each of operations.filter(isProtocol)) await runProtocol(t, portal, mode, each)
    for (const each of operations.filter(isLast)) await runExample(t, portal, mode, each)
  })
}

/** What coreBOS can do to every call. */
const broken: readonly (readonly [what: string, breaks: (relay: Relay) => void])[] = [
  [
    'a coreBOS that rejects',
    (relay) => (relay.alter = () => ({ success: false, error: { code: 'X', message: '' } })),
  ],
  ['a coreBOS that is none', (relay) => (relay.alter = () => 'nothing')],
  [
    'a coreBOS without end',
    (relay) => (relay.alter = () => ({ success: true, result: 'x'.repeat(2 ** 21) })),
  ],
  ['answers that get lost', (relay) => relay.calls.forEach(({ operation }) => relay.lost.add(operation))],
]

/** Every operation meets half of what is broken; in `npm run prove` all of it. */
function someOf(operations: readonly Operation[], i: number): readonly Operation[] {
  return isThorough ? operations : operations.filter((_, n) => n % 2 === i % 2)
}

/** Contacts that end sessions end their own, and wrong passwords lock out another contact. */
const others: Readonly<Record<string, string>> = {
  'POST /auth/logout': 'carol',
  'POST /auth/logout-all': 'carol',
  'DELETE /auth/sessions/{id}': 'carol',
  'PUT /auth/password': 'bob',
}

function showsExamples(t: Test, { name, path, mediaType, body, responses }: Operation): void {
  t.notMatch(path, '{', `${name} shows its parameters`)
  if (mediaType !== '' && !name.endsWith('/webservice.php'))
    t.ok(entriesOf(body).length > 0, `${name} shows its body`)
  for (const [status, answer] of entriesOf(responses)) {
    const problem = at(answer, 'content', 'application/problem+json')
    if (problem === undefined) continue
    const codes: unknown = at(problem, 'schema', 'allOf', 1, 'properties', 'code', 'enum')
    const { code, status: shown } = Object.fromEntries(entriesOf(at(problem, 'example')))
    t.ok(
      Array.isArray(codes) && codes.includes(code) && String(shown) === status,
      `${name} shows a ${status}`,
    )
  }
  for (const status of ['200', '201']) {
    const content = at(responses, status, 'content', 'application/json')
    if (content !== undefined)
      t.ok(at(content, 'example') ?? at(content, 'examples'), `${name} shows what ${status} looks like`)
  }
}

t.test('each answer of a route is described, and success is shown', async (t) => {
  let later = 0
  const env = { UPLOAD_MAX_BYTES: '1000', COREBOS_MAX_BYTES: String(2 ** 20) }
  const { url, relay } = await startPortal(t, { now: () => Date.now() + later, env })
  const description: unknown = await (await fetch(`${url}/openapi.json`)).json()
  const described = operationsIn(description)
  // The answers of coreBOS's protocol are always envelopes.
  const operations = described.filter((each) => !isProtocol(each))
  const prober = new Prober(url)
  const logIn = async (name: string): Promise<string> => {
    const body = JSON.stringify({ username: `${name}@example.com`, password: `${name}-pw` })
    const answer = await fetch(`${url}/auth/login`, { method: 'POST', headers: json, body })
    return textAt(await answer.json(), 'accessToken')
  }
  const alice = await logIn('alice')
  const tokenFor = async ({ name, secured }: Operation): Promise<string | undefined> => {
    const other = others[name]
    return other === undefined ? (secured ? alice : undefined) : logIn(other)
  }

  await t.test('every 304, every limit of uploads and every example is shown', async (t) => {
    for (const [path, methods] of entriesOf(at(description, 'paths'))) {
      for (const [method, operation] of entriesOf(methods)) {
        const speaksOf304 = JSON.stringify(at(operation, 'parameters') ?? '').includes('304')
        const answers304 = at(operation, 'responses', '304') !== undefined
        t.equal(speaksOf304, answers304, `${method} ${path} speaks of the 304 that it answers`)
      }
    }
    const upload = operations.find(({ name }) => name === 'POST /documents')
    const { UPLOAD_MAX_BYTES, UPLOAD_TYPES } = readConfig({
      COREBOS_URL: 'https://crm.example.com',
      COREBOS_PASSWORD_TYPE: 'sha256',
      ...env,
    })
    for (const limit of [`${UPLOAD_MAX_BYTES} bytes`, ...UPLOAD_TYPES])
      t.ok(upload?.description.includes(limit), `uploads: ${limit}`)
    for (const operation of described) showsExamples(t, operation)
  })

  await t.test('without a session, and with one that has ended', async (t) => {
    const ended = await logIn('alice')
    const headers = { authorization: `Bearer ${ended}`, ...json }
    await fetch(`${url}/auth/logout`, { method: 'POST', headers, body: '{}' })
    for (const operation of operations.filter(({ secured }) => secured)) {
      await prober.probe('nobody', operation, { ...example(operation) })
      await prober.probe('a token that is none', operation, { token: 'x', ...example(operation) })
      await prober.probe('a session that has ended', operation, { token: ended, ...example(operation) })
    }
    t.same(prober.take(), [])
  })

  await t.test('the examples, wrong parameters and wrong bodies', async (t) => {
    for (const operation of operations) {
      const whole: NamedProbe = ['the example', example(operation)]
      for (const [what, sent] of [whole, ...wrongParameters(operation), ...wrongBodies(operation)])
        await prober.probe(what, operation, { token: await tokenFor(operation), ...sent })
    }
    t.same(prober.take(), [])
  })

  await t.test('too many requests', async (t) => {
    const limited = await startGateway(t, { env: { RATE_LIMIT_IP: '1/600' } })
    await fetch(`${limited.url}/nope`)
    for (const operation of operations)
      await prober.probe('too often', operation, { at: limited.url, ...example(operation) })
    t.same(prober.take(), [])
  })

  await t.test('a coreBOS that is broken, and tokens of before', async (t) => {
    const tokens = new Map<string, string | undefined>()
    for (const operation of operations)
      for (const [what] of broken) tokens.set(`${what} ${operation.name}`, await tokenFor(operation))
    for (const [i, [what, breaks]] of broken.entries()) {
      breaks(relay)
      for (const operation of someOf(operations, i)) {
        const token = tokens.get(`${what} ${operation.name}`)
        await prober.probe(what, operation, { token, ...example(operation) })
      }
    }
    later = 700_000
    for (const operation of operations)
      await prober.probe('a token of before', operation, { token: alice, ...example(operation) })
    t.same(prober.take(), [])
  })

  const never = Object.keys(errorCatalogue).filter((code) => !prober.seen.has(code))
  t.comment(`never seen: ${never.join(', ')}`)
  t.ok(prober.seen.size > 25, `${prober.seen.size} codes`)
})

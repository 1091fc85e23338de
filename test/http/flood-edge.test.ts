/** What is counted and bounded before a request is read. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { believableEntries, networksOf, readAddress } from '../../src/http/client-address.ts'
import { loginsByAddress } from '../../src/auth/login-limits.ts'
import { exceededBound } from '../../src/http/json-bounds.ts'
import { LargeInTurn } from '../../src/http/large-in-turn.ts'
import { bodyBounds, largeBody } from '../../src/http/schemas.ts'
import { shortened } from '../../src/model/shortened.ts'
import { startPortal, type Sent } from '../support/portal.ts'
import { startGateway } from '../support/start.ts'
import { contactAt, textAt, WebserviceClient } from '../support/webservice-client.ts'

/** Every limit tells clients apart by the address that this proxy forwards. */
const behindProxy = { TRUST_PROXY: '127.0.0.1' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json' }

function keys(bytes: number): string {
  const entries: string[] = []
  for (let n = 0, size = 0; size < bytes; n++) {
    const entry = `"k${n}":1`
    entries.push(entry)
    size += entry.length + 1
  }
  return `{${entries.join(',')}}`
}

/** Sends the head of a request and a part of its body, and gives what is answered before the rest. */
async function answeredEarly(url: string, head: readonly string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`${[...head, 'Host: here'].join('\r\n')}\r\n\r\n${body}`)
  const [answer] = (await once(socket, 'data')) as [Buffer] // no encoding is set
  socket.destroy()
  return String(answer)
}

interface Init {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

t.test('a request counts before it is read, whatever is wrong with it', async (t) => {
  const max = 3
  const { url } = await startGateway(t, { env: { ...behindProxy, RATE_LIMIT_IP: `${max}/600` } })
  const post = (body: string, headers: Readonly<Record<string, string>> = json) => ({
    method: 'POST',
    headers,
    body,
  })
  const requests: readonly (readonly [what: string, path: string, init: Init, status: number])[] = [
    ['a log-in of no fields', '/auth/login', post('{}'), 400],
    ['a log-in of other fields', '/auth/login', post('{"a":1}'), 400],
    ['a log-in that is not JSON', '/auth/login', post('{'), 400],
    ['a log-in as a form', '/auth/login', post('username=a', form), 415],
    ['a log-in that is too large', '/auth/login', post(`"${'x'.repeat(bodyBounds.any)}"`), 413],
    ['a refresh of other fields', '/auth/refresh', post('{"a":1}'), 400],
    ['a refresh without a token', '/auth/refresh', post('{}'), 401],
    ['a recovery of other fields', '/auth/password-recovery', post('{"a":1}'), 400],
    ['a password without a session', '/auth/password', { ...post('{'), method: 'PUT' }, 401],
    ['a route that does not exist', '/nope', post('{'), 404],
    ['a method that does not exist', '/auth/login', { method: 'DELETE' }, 404],
    ['a record without a session', '/modules/HelpDesk/records', post(keys(10_000)), 401],
    ['a document without a session', '/documents', post('x', { 'content-type': 'multipart/form-data' }), 401],
    ['a link that does not exist', '/downloads/x', {}, 404],
    ['a parameter that does not exist', '/health/ready?x=1', {}, 400],
  ]
  for (const [index, [what, path, init, status]] of requests.entries()) {
    const headers = { ...init.headers, 'x-forwarded-for': `192.0.2.${index}` }
    const statuses: number[] = []
    for (let n = 0; n <= max; n++) statuses.push((await fetch(`${url}${path}`, { ...init, headers })).status)
    const isProbe = path.startsWith('/health')
    t.same(statuses, [status, status, status, isProbe ? status : 429], what)
  }

  const client = new WebserviceClient(url)
  const calls: readonly (readonly [
    what: string,
    sent: { readonly body: string; readonly query?: string },
  ])[] = [
    ['no operation', { body: 'a=b' }],
    ['an operation that does not exist', { body: '', query: 'operation=nope' }],
    ['bytes that are not UTF-8', { body: 'operation=query&query=%ff' }],
    ['a body that is too large', { body: `operation=query&query=${'a'.repeat(bodyBounds.any)}` }],
    ['a session that does not exist', { body: 'operation=listtypes&sessionName=x' }],
    ['a log-in without a name', { body: 'operation=loginPortal' }],
  ]
  for (const [index, [what, sent]] of calls.entries()) {
    const headers = { ...form, 'x-forwarded-for': `198.51.100.${index}` }
    const codes: (string | undefined)[] = []
    for (let n = 0; n <= max; n++) codes.push((await client.send({ ...sent, headers })).code)
    t.notOk(codes.slice(0, max).includes('RATE_LIMITED'), what)
    t.equal(codes[max], 'RATE_LIMITED', what)
  }

  const early = (path: string) =>
    answeredEarly(url, [
      `POST ${path} HTTP/1.1`,
      'Content-Type: application/json',
      'Content-Length: 9000',
      'X-Forwarded-For: 192.0.2.0',
    ])
  t.match(await early('/auth/login'), /^HTTP\/1.1 429 /, 'no byte of the body is waited for')
  t.match(await early('/webservice.php'), /RATE_LIMITED/)
  t.match(await early('/nope'), /^HTTP\/1.1 429 /)
})

t.test('what is not a log-in counts as one where it is sent as one', async (t) => {
  const { url } = await startGateway(t, { env: { ...behindProxy, RATE_LIMIT_LOGIN: '1/600' } })
  const most = loginsByAddress({ max: 1, seconds: 600 }).max
  const logIn = async (address: string, body: string) =>
    (
      await fetch(`${url}/auth/login`, {
        method: 'POST',
        headers: { ...json, 'x-forwarded-for': address },
        body,
      })
    ).status
  for (let n = 0; n < most; n++) t.equal(await logIn('192.0.2.1', ['{}', '{', keys(1000)][n % 3] ?? ''), 400)
  const right = JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' })
  t.equal(await logIn('192.0.2.1', right), 429)
  t.equal(await logIn('192.0.2.2', right), 200)

  const client = new WebserviceClient(url)
  const call = async (sent: { readonly query?: string; readonly body?: string }) =>
    (await client.send({ ...sent, headers: { ...form, 'x-forwarded-for': '192.0.2.3' } })).code
  t.not(
    await call({ query: 'operation=loginPortal', body: 'username=%ff' }),
    'RATE_LIMITED',
    'named in the URL',
  )
  t.not(await call({ body: 'operation=loginPortal' }), 'RATE_LIMITED', 'named in the body')
  for (let n = 2; n < most; n++) {
    t.not(
      await call({ query: 'operation=getchallenge', body: `operation=login&username=a${n}` }),
      'RATE_LIMITED',
      'named in both',
    )
  }
  t.equal(await call({ query: 'operation=getchallenge&username=a' }), 'RATE_LIMITED')
  t.equal(await logIn('192.0.2.3', right), 429, 'both count together')
})

t.test('a contact is counted by each session that it presents', async (t) => {
  const { url } = await startGateway(t, { env: { RATE_LIMIT_CONTACT: '4/600' } })
  const client = await contactAt(url, 'alice')
  const body = (operation: string) => `operation=${operation}&sessionName=${client.session}`
  t.equal((await client.send({ body: body('listtypes'), headers: form })).success, true, 'in the body')
  t.equal((await client.send({ method: 'GET', query: body('listtypes') })).success, true, 'in the URL')
  t.equal((await client.call('listtypes')).success, true, 'in the header')
  t.equal((await client.send({ query: body('nope') })).code, 'UNKNOWN_OPERATION', 'whatever it calls')
  t.equal((await client.send({ body: body('listtypes'), headers: form })).code, 'RATE_LIMITED')
  t.equal((await client.call('listtypes')).code, 'RATE_LIMITED')
})

t.test('IPv6 addresses are counted by their networks', async (t) => {
  const max = 2
  const { url } = await startGateway(t, { env: { ...behindProxy, RATE_LIMIT_IP: `${max}/600` } })
  const passes = async (address: string) =>
    (await fetch(`${url}/nope`, { headers: { 'x-forwarded-for': address } })).status !== 429
  const passed = async (addresses: readonly string[]): Promise<number> => {
    let count = 0
    for (const address of addresses) if (await passes(address)) count++
    return count
  }
  const of = (length: number, address: (n: string) => string) =>
    Array.from({ length }, (_, n) => address(n.toString(16)))

  t.equal(await passed(of(100, (n) => `2001:db8:1:1::${n}`)), max, 'a /64')
  t.equal(
    await passed(of(3, () => '2001:db8:1:2::1')),
    max,
    'its rejected requests use up nothing of a neighbour',
  )
  t.equal(await passed(of(40, (n) => `2001:db8:2:${n}::1`)), 4 * max, 'a /56')
  t.equal(await passed(of(100, (n) => `2001:db8:3:${n}00::1`)), 16 * max, 'a /48')
  t.equal(await passed(of(3, () => '2001:db8:4::1')), max, 'another /48')
  t.equal(await passed(of(3, (n) => `::ffff:192.0.2.${n}`)), 3, 'IPv4 in IPv6 is IPv4')
  t.equal(await passed(of(3, () => '192.0.2.1')), 1, 'and counts with it')
})

t.test('X-Forwarded-For is read as addresses', async (t) => {
  const entries: readonly (readonly [entry: string, address: string | undefined])[] = [
    ['203.0.113.6', '203.0.113.6'],
    [' 203.0.113.6:50001 ', '203.0.113.6'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.6', '203.0.113.6'],
    ['[::ffff:203.0.113.6]:80', '203.0.113.6'],
    ['fe80::1%eth0', 'fe80::1'],
    ...['', 'unknown', 'unknown1', '_abc', '203.0.113', '203.0.113.6:', '[203.0.113.6]', '0x7f.1', '1'].map(
      (entry) => [entry, undefined] as const,
    ),
  ]
  for (const [entry, address] of entries) t.equal(readAddress(entry), address, entry)
  t.equal(believableEntries('192.0.2.9, _abc, 192.0.2.2:1, [2001:db8::1]:2'), '192.0.2.2, 2001:db8::1')
  t.equal(believableEntries('192.0.2.9, unknown1'), undefined)
  t.equal(believableEntries('192.0.2.9,, '), '192.0.2.9')
  t.same(networksOf(''), [{ name: 'unknown', share: 1 }])

  const { url, log } = await startGateway(t, {
    env: { TRUST_PROXY: '127.0.0.0/8', RATE_LIMIT_LOGIN: '1/600', RATE_LIMIT_IP: '1000/600' },
  })
  const logIn = async (address: string) => {
    const body = JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' })
    const headers = { ...json, 'x-forwarded-for': address }
    return (await fetch(`${url}/auth/login`, { method: 'POST', headers, body })).status
  }
  const forms: readonly (readonly [what: string, entry: (n: number) => string])[] = [
    ['a port', (n) => `203.0.113.6:${50_000 + n}`],
    ['brackets and a port', (n) => `[2001:db8::1]:${n}`],
    ['names stand for the proxy', (n) => `unknown${n}`],
    ['names before an address', (n) => `_a${n}, 203.0.113.7`],
  ]
  for (const [what, entry] of forms) {
    const statuses: number[] = []
    const most = loginsByAddress({ max: 1, seconds: 600 }).max
    for (let n = 1; n <= most + 1; n++) statuses.push(await logIn(entry(n)))
    t.same(statuses, [...Array.from({ length: most }, () => 200), 429], what)
  }
  const addresses = log.flatMap((line) => /"address":"([^"]*)"/.exec(line)?.[1] ?? [])
  t.same(new Set(addresses), new Set(['203.0.113.6', '2001:db8::1', '127.0.0.1', '203.0.113.7']))
})

t.test('a body is small without a session, and JSON has few keys in one', async (t) => {
  const portal = await startPortal(t)
  const raw = async (method: string, path: string, body: string, token?: string) => {
    const headers = { ...json, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    const response = await fetch(`${portal.url}${path}`, { method, headers, body })
    return { status: response.status, text: await response.text() }
  }
  const login = await portal.as(undefined, 'POST', '/auth/login', {
    body: { username: 'alice@example.com', password: 'alice-pw' },
  } satisfies Sent)
  const token = String(login.body['accessToken'])
  const large = JSON.stringify({ query: `select id from HelpDesk limit 1;${' '.repeat(100_000)}` })
  t.equal((await raw('POST', '/query', large, token)).status, 200, 'a statement of 100 KB')
  const calls = portal.relay.calls.length

  const tooLarge: readonly (readonly [path: string, method?: string])[] = [
    ['/auth/login'],
    ['/auth/refresh'],
    ['/auth/password-recovery'],
    ['/webservice.php'],
  ]
  for (const [path, method = 'POST'] of tooLarge)
    for (const size of [bodyBounds.any + 1, largeBody, 4 * largeBody]) {
      const { text } = await raw(method, path, keys(size))
      t.match(text, /BODY_TOO_LARGE/, `${path} of ${size} bytes`)
      t.ok(text.length < 500, `${text.length} characters are answered`)
    }

  for (const [path, method] of [
    ['/modules/HelpDesk/records', 'POST'],
    ['/records/17x8625', 'PATCH'],
    ['/query', 'POST'],
    ['/records/17x8625/comments', 'POST'],
  ] as const) {
    for (const body of [keys(largeBody - 100), `[${'1,'.repeat(400_000)}1]`, '['.repeat(1_000_000)]) {
      const { status, text } = await raw(method, path, body, token)
      t.equal(status, 413, path)
      t.ok(text.length < 500, `${text.length} characters are answered`)
    }
    t.equal(
      (await raw(method, path, keys(largeBody), undefined)).status,
      401,
      'nothing is read without a session',
    )
  }
  t.equal((await raw('PUT', '/auth/password', keys(bodyBounds.any + 1), token)).status, 413)
  t.equal(portal.relay.calls.length, calls, 'coreBOS is asked nothing')
})

t.test('an error says little of much', async (t) => {
  const portal = await startPortal(t)
  const long = 'x'.repeat(15_000)
  const sent: readonly (readonly [
    what: string,
    name: string | undefined,
    method: string,
    path: string,
    body?: unknown,
  ])[] = [
    ['900 unknown keys', undefined, 'POST', '/auth/login', JSON.parse(keys(9000))],
    ['a long key', undefined, 'POST', '/auth/login', { [long]: 1 }],
    ['a long value', undefined, 'POST', '/auth/login', { username: 'a', password: 'b', entity: long }],
    ['4,000 parameters', undefined, 'GET', `/nope2?${'a&'.repeat(4000)}`],
    [
      '4,000 other parameters',
      undefined,
      'GET',
      `/auth/session?${Array.from({ length: 2500 }, (_, n) => `a${n}`).join('&')}`,
    ],
    ['a long parameter', 'alice', 'GET', `/modules/HelpDesk/records?${long}=1`],
    ['a long field', 'alice', 'GET', `/modules/HelpDesk/records?fields=${long}`],
    ['a long module', 'alice', 'POST', '/query', { query: `select id from ${long};` }],
    [
      'a long value with quotes',
      'alice',
      'POST',
      '/query',
      { query: `select ${"a''".repeat(5000)} from HelpDesk;` },
    ],
    [
      '600 fields',
      'alice',
      'POST',
      '/modules/HelpDesk/records',
      Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`f${n}`, 'x'])),
    ],
    [
      '400 fields',
      'alice',
      'POST',
      '/modules/HelpDesk/records',
      Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`f${n}${'x'.repeat(200)}`, 'x'])),
    ],
  ]
  for (const [what, name, method, path, body] of sent) {
    const {
      status,
      text,
      body: problem,
    } = await portal.as(name, method, path, { ...(body !== undefined && { body }) })
    t.ok(status >= 400 && status < 500, `${what}: ${status}`)
    t.ok(text.length < 8000, `${what}: ${text.length} characters`)
    t.ok((problem.errors ?? []).length <= 20, what)
    for (const { field = '', parameter = '', message } of problem.errors ?? [])
      t.ok(`${field}${parameter}`.length <= 120 && message.length <= 320, what)
  }
  const { body } = await portal.as(undefined, 'POST', '/auth/login', {
    body: JSON.parse(keys(5000)) as unknown,
  })
  t.equal(body.errors?.length, 20)
  t.ok(Number(body['moreErrors']) > 100, 'and how many more there are')
  const client = await contactAt(portal.url, 'alice')
  for (const answer of [
    await client.call('query', { query: `select id from ${long};` }),
    await client.call('retrieve', { id: long }),
    await client.call('create', { elementType: 'HelpDesk', element: { ticket_title: 'x', [long]: 'x' } }),
  ])
    t.ok(answer.success === false && answer.text.length < 2000, answer.text.slice(0, 200))

  t.equal(shortened("'abc' is not a field"), "'abc' is not a field")
  t.equal(shortened(`'${"it's ".repeat(1000)}' is not a field`).length, "'' is not a field".length + 101)
  t.equal(shortened('x'.repeat(2000)).length, 101)
})

type Names = Readonly<Record<string, string>>

/** The kinds of bodies in which /webservice.php takes parameters. */
const encodings: Readonly<Record<string, (names: Names) => { body: string; headers: Names }>> = {
  inForm: (names) => ({ body: new URLSearchParams(names).toString(), headers: form }),
  inJson: (names) => ({ body: JSON.stringify(names), headers: json }),
  inParts: (names) => ({
    body: `${Object.entries(names)
      .map(([name, value]) => `--limit\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join('')}--limit--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=limit' },
  }),
}

/** `$session` and `$ended` stand for the names of a session that runs and of one that has ended. */
const largeBodies: readonly (readonly [what: string, names: Names, code: string | undefined])[] = (() => {
  const query = { operation: 'query' }
  const statement = { query: `select id from HelpDesk limit 1;${' '.repeat(100_000)}` }
  const sessionName = '$session'
  const create = (elementType: string, bytes: number) => ({
    operation: 'create',
    sessionName,
    elementType,
    element: 'a'.repeat(bytes),
  })
  return [
    ['a session before a statement of 100 KB', { ...query, sessionName, ...statement }, undefined],
    ['a session behind it', { ...query, ...statement, sessionName }, 'BODY_TOO_LARGE'],
    ['no session', { ...query, ...statement }, 'BODY_TOO_LARGE'],
    ['a session that ended', { ...query, sessionName: '$ended', ...statement }, 'AUTHENTICATION_REQUIRED'],
    ['a session that never was', { ...query, sessionName: 'x', ...statement }, 'AUTHENTICATION_REQUIRED'],
    [
      'an operation without a file',
      { ...query, sessionName, query: 'a'.repeat(largeBody) },
      'BODY_TOO_LARGE',
    ],
    ['a module without files', create('HelpDesk', largeBody), 'BODY_TOO_LARGE'],
    // It was read whole, and is no JSON.
    ['a document', create('Documents', largeBody), 'BAD_REQUEST'],
    ['more than any document', create('Documents', 3 * largeBody), 'BODY_TOO_LARGE'],
  ]
})()

t.test('/webservice.php takes in no more than the session and the operation need', async (t) => {
  const { url } = await startGateway(t, { env: { UPLOAD_MAX_BYTES: '1 MiB' } })
  const [client, ended] = [await contactAt(url, 'alice'), await contactAt(url, 'alice')]
  t.equal((await ended.call('logout')).success, true)
  const sessions: Names = { $session: client.session, $ended: ended.session }
  const named = (name: string): string => sessions[name] ?? name

  for (const [kind, encode] of Object.entries(encodings)) {
    await t.test(`${kind}: what comes before the session is small`, async (t) => {
      for (const [what, names, code] of largeBodies) {
        const entries = Object.entries(names).map(([name, value]) => [name, named(value)] as const)
        t.equal((await client.send(encode(Object.fromEntries(entries)))).code, code, what)
      }
    })
  }

  await t.test('the rest of a body without a session is not waited for', async (t) => {
    const head = [
      'POST /webservice.php HTTP/1.1',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${30 * largeBody}`,
      `corebos-authorization: ${ended.session}`,
    ]
    const start = `operation=create&elementType=Documents&element=${'a'.repeat(2 * bodyBounds.any)}`
    t.match(await answeredEarly(url, head, start), /AUTHENTICATION_REQUIRED/)
  })

  await t.test('an element has no more keys than a body of JSON', async (t) => {
    const element = `{${Array.from({ length: 30_000 }, (_, n) => `"k${n}":"1"`).join(',')}}`
    t.match(await client.call('create', { elementType: 'HelpDesk', element }), {
      code: 'BAD_REQUEST',
      message: /25000 keys/,
    })
  })
})

t.test('keys, values and levels of JSON are counted outside of its texts', async (t) => {
  const bounds = { keys: 2, values: 3, depth: 2 }
  for (const [text, exceeded] of [
    ['{"a":1,"b":2}', undefined],
    ['{"a":1,"b":2,"c":3}', 'keys'],
    ['[1,2,3]', undefined],
    ['[1,2,3,4]', 'values'],
    ['[[1]]', undefined],
    ['[[[1]]]', 'depth'],
    [String.raw`{"a":":,:,:,:[[[\",\\\",:{{","b":"\\"}`, undefined],
    [String.raw`["\\",1,2,3]`, 'values'],
    ['"', undefined],
    ['"\\', undefined],
    ['', undefined],
  ] as const)
    t.equal(exceededBound(text, bounds), exceeded, text)
})

t.test('a large body or URL counts as several requests of its contact', async (t) => {
  const { url } = await startGateway(t, {
    env: { RATE_LIMIT_CONTACT: '1000/600', RATE_LIMIT_IP: '10000/60' },
  })
  const client = await contactAt(url, 'alice')
  const body = JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' })
  const login = await fetch(`${url}/auth/login`, { method: 'POST', headers: json, body })
  const token = { authorization: `Bearer ${textAt(await login.json(), 'accessToken')}` }
  const left = async (path: string, init: RequestInit = {}): Promise<number> => {
    const response = await fetch(`${url}${path}`, init)
    await response.text()
    return Number(/"contact";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1])
  }
  let before = await left('/auth/session', { headers: token })
  const costs = async (cost: number, what: string, path: string, init: RequestInit = {}) => {
    const now = await left(path, init)
    t.equal(before - now, cost, what)
    before = now
  }
  const posted = (headers: Readonly<Record<string, string>>, text: string) => ({
    method: 'POST',
    headers: { ...token, ...headers },
    body: text,
  })
  const statement = (bytes: number) => `select id from HelpDesk limit 1;${' '.repeat(bytes)}`
  const inForm = (bytes: number, session = client.session) =>
    `operation=query&${session === '' ? '' : `sessionName=${session}&`}query=${statement(bytes).replaceAll(' ', '+')}`
  await costs(1, 'a small one', '/auth/session', { headers: token })
  await costs(3, 'a URL', `/modules/HelpDesk/records?where=${'a'.repeat(9000)}`, { headers: token })
  await costs(1, 'a small body', '/query', posted(json, JSON.stringify({ query: statement(1000) })))
  await costs(25, 'a large body', '/query', posted(json, JSON.stringify({ query: statement(100_000) })))
  await costs(25, 'one that is not JSON', '/query', posted(json, statement(100_000)))
  await costs(
    51,
    'the largest body',
    '/modules/HelpDesk/records',
    posted(json, `{"x":"${'x'.repeat(1_000_000)}"}`),
  )
  const chunks = new Blob([JSON.stringify({ query: statement(100_000) })]).stream()
  await costs(25, 'in chunks', '/query', { ...posted(json, ''), body: chunks, duplex: 'half' })
  await costs(2, 'a form, with the session in it', '/webservice.php', posted(form, inForm(6000)))
  await costs(25, 'a large form', '/webservice.php', posted(form, inForm(100_000)))
  const inHeader = { ...form, 'corebos-authorization': client.session }
  await costs(25, 'with the session in a header', '/webservice.php', posted(inHeader, inForm(100_000, '')))
  const file = new FormData()
  file.set('file', new Blob(['x'.repeat(100_000)], { type: 'text/plain' }), 'large.txt')
  await costs(1, 'a file', '/documents', { method: 'POST', headers: token, body: file })

  const small = await startGateway(t, { env: { RATE_LIMIT_CONTACT: '5/600' } })
  const other = await contactAt(small.url, 'alice')
  const { success } = await other.send({ body: inForm(100_000, other.session), headers: form })
  t.ok(success, 'a contact can always send one')
})

t.test('large bodies are worked on one after the other, with others in between', async (t) => {
  const largeInTurn = new LargeInTurn()
  const order: string[] = []
  const work = async (name: string, bytes: number) => {
    await largeInTurn.turn(bytes)
    order.push(name)
  }
  const all = [work('large', 20_000), work('large', 20_000), work('large', 20_000), work('small', 10)]
  for (let n = 0; n < 3; n++) {
    await new Promise(setImmediate)
    order.push('other')
  }
  await Promise.all(all)
  t.equal(order[0], 'small')
  t.notMatch(order.join(' '), /large large/)
  t.equal(order.filter((each) => each === 'large').length, 3)
})

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { FormData as SentForm } from 'undici'
import { ConfigError, maskedConfig, readConfig, unknownNames } from '../src/config/config.ts'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import { errorCatalogue } from '../src/model/errors.ts'
import { cachedProbe } from '../src/http/probe.ts'
import { startPortal } from './support/portal.ts'
import { entriesOf } from './support/described.ts'
import { startGateway } from './support/start.ts'
import { at, textAt } from './support/webservice-client.ts'

/** With the settings that every installation needs, and no others. */
const plain = await startPortal(t)

const enough = { COREBOS_URL: 'https://crm.example.com/webservice.php', COREBOS_PASSWORD_TYPE: 'sha256' }

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function problemOf(answer: Response): Promise<Record<string, unknown>> {
  const body: unknown = await answer.json()
  return typeof body === 'object' && body !== null ? Object.fromEntries(Object.entries(body)) : {}
}

t.test('the environment', async (t) => {
  t.test('has defaults for all but where coreBOS is and how its contacts are known', async (t) => {
    t.match(readConfig(enough), {
      COREBOS_URL: 'https://crm.example.com',
      LOGIN_MODE: 'portal',
      COREBOS_MAX_BYTES: 16 * 2 ** 20,
      RATE_LIMIT_LOGIN: { max: 10, seconds: 60 },
      PUBLIC_URL: 'http://127.0.0.1:3000',
      JWT_ISSUER: 'http://127.0.0.1:3000',
      COOKIE_SESSIONS: false,
    })
    t.strictSame(problemsOf({}), [
      'COREBOS_URL is required. Base URL of coreBOS, with or without /webservice.php.',
      'COREBOS_PASSWORD_TYPE is required with LOGIN_MODE=portal where COREBOS_USER is not set',
    ])
  })

  t.test('names every wrong value in a line of its own, and no secret', async (t) => {
    const wrong = {
      COREBOS_URL: 'https://portal:hunter2@crm.example.com',
      LOGIN_MODE: 'Portal',
      COREBOS_TIMEOUT_MS: '10s',
      COREBOS_MAX_BYTES: '16 megabytes',
      COREBOS_CONCURRENCY: '0',
      RATE_LIMIT_IP: '600',
      CORS_ORIGINS: 'https://portal.example.com/',
      COOKIE_SESSIONS: 'yes',
      TRUST_PROXY: '1',
      PORT: '70000',
      SESSION_KEYS: 'hunter2',
      OPERATOR_TOKEN: 'hunter2',
      UPLOAD_TYPES: 'pdf',
      LOG_LEVEL: 'loud',
    }
    const problems = problemsOf({ ...enough, ...wrong })
    t.equal(problems.length, Object.keys(wrong).length)
    for (const name of Object.keys(wrong)) {
      t.equal(problems.filter((line) => line.startsWith(`${name}: expected `)).length, 1, name)
    }
    t.notMatch(problems.join('\n'), 'hunter2')
  })

  t.test('holds together', async (t) => {
    const broken: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ COREBOS_USER: 'portal' }, /^COREBOS_ACCESS_KEY is required/],
      [{ COREBOS_ACCESS_KEY: 'key' }, /^COREBOS_USER is required/],
      [{ LOGIN_MODE: 'service' }, /^COREBOS_USER and COREBOS_ACCESS_KEY are required/],
      [{ METRICS_HOST: '0.0.0.0' }, /^OPERATOR_TOKEN is required/],
      [{ COOKIE_SESSIONS: 'true' }, /^COOKIE_SESSIONS=true needs a PUBLIC_URL with https/],
      ...['http://portal.example', 'http://localhost.example', 'http://127.0.0.1:3000'].map(
        (PUBLIC_URL) =>
          [{ COOKIE_SESSIONS: 'true', PUBLIC_URL }, /^COOKIE_SESSIONS=true needs a PUBLIC_URL with/] as const,
      ),
      [{ SESSION_IDLE_TTL: '100', SESSION_MAX_TTL: '99' }, /^SESSION_IDLE_TTL is longer/],
    ]
    for (const [env, line] of broken) t.match(problemsOf({ ...enough, ...env }), [line], JSON.stringify(env))

    const redis = problemsOf({ ...enough, REDIS_URL: 'redis://127.0.0.1' })
    t.ok(redis.includes('SESSION_KEYS is required with REDIS_URL'))
    t.ok(redis.includes('JWT_KEYS_FILE is required with REDIS_URL'))
    for (const PUBLIC_URL of ['https://portal.example', 'http://localhost', 'http://localhost:3000/gw'])
      t.strictSame(problemsOf({ ...enough, COOKIE_SESSIONS: 'true', PUBLIC_URL }), [], PUBLIC_URL)
    t.strictSame(problemsOf({ ...enough, METRICS_HOST: '127.0.0.2', TRUST_PROXY: '10.0.0.0/8, ::1' }), [])
  })

  t.test('reports names that are almost ours, and leaves others alone', async (t) => {
    t.strictSame(
      unknownNames({ COREBOS_URI: 'x', RATE_LIMT_IP: 'x', COREBOS_DEMO_PORT: '1', HOME: '/', TERM: 'x' }),
      [
        'Unknown setting COREBOS_URI; did you mean COREBOS_URL?',
        'Unknown setting RATE_LIMT_IP; did you mean RATE_LIMIT_IP?',
      ],
    )
  })

  t.test('is shown without its secrets', async (t) => {
    const config = readConfig({
      ...enough,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'hunter2',
      OPERATOR_TOKEN: 'hunter2-hunter2-hunter2',
    })
    const shown = JSON.stringify(maskedConfig(config))
    t.match(shown, '"COREBOS_USER":"portal"')
    t.notMatch(shown, 'hunter2')
  })
})

/** A token that its own header says needs no signature. */
const unsigned = [{ alg: 'none', typ: 'at+jwt' }, { sub: '12x8549', exp: 4_102_444_800 }, '']
  .map((part) => (part === '' ? '' : Buffer.from(JSON.stringify(part)).toString('base64url')))
  .join('.')

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Changes the access token, which is alice's; `undefined` for none. */
  readonly token?: (token: string) => string | undefined
}

/** What is sent to which path, and the status and code of the answer. A GET with a token if nothing else is said. */
type BadRequest = readonly [what: string, path: string, answer: string, sent?: Sent]

const alice = { username: 'alice@example.com', password: 'alice-pw' }
const anonymous: Sent = { token: () => undefined }
const sent = (body: string, type = 'application/json'): Sent => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
})
const asked = (body: unknown): Sent => sent(JSON.stringify(body))

const badPaths: readonly BadRequest[] = [
  ['an unknown path', '/nope', '404 ROUTE_NOT_FOUND', anonymous],
  ['another method', '/health/live', '404 ROUTE_NOT_FOUND', { ...anonymous, method: 'DELETE' }],
  ['a method that is rare', '/health/live', '404 ROUTE_NOT_FOUND', { ...anonymous, method: 'PROPFIND' }],
  ['a path with an escape that is none', '/records/%zz', '400 BAD_REQUEST', anonymous],
  ['a path that is no UTF-8', '/records/%ff%fe', '400 BAD_REQUEST', anonymous],
  ['a path with NUL', '/nope%00', '404 ROUTE_NOT_FOUND', anonymous],
  ['a path that climbs', '/docs/static/..%2f..%2fpackage.json', '404 ROUTE_NOT_FOUND', anonymous],
  ['a path without end', `/records/${'a'.repeat(4000)}`, '400 BAD_REQUEST', anonymous],
]

const badLogins: readonly BadRequest[] = [
  ['no JSON', '/auth/login', '400 BAD_REQUEST', sent('{"username":')],
  ['nothing', '/auth/login', '400 BAD_REQUEST', sent('')],
  ['null', '/auth/login', '400 VALIDATION_FAILED', sent('null')],
  ['a list', '/auth/login', '400 VALIDATION_FAILED', sent('[]')],
  ['a number', '/auth/login', '400 VALIDATION_FAILED', asked({ ...alice, password: 5 })],
  ['more than is asked', '/auth/login', '400 VALIDATION_FAILED', asked({ ...alice, admin: true })],
  ['a prototype', '/auth/login', '400 BAD_REQUEST', sent('{"__proto__":{"x":1}}')],
  ['NUL', '/auth/login', '401 INVALID_CREDENTIALS', asked({ ...alice, username: 'a\0b' })],
  ['half a character', '/auth/login', '400 BAD_REQUEST', asked({ ...alice, password: '\ud800' })],
  [
    'a form',
    '/auth/login',
    '415 UNSUPPORTED_MEDIA_TYPE',
    sent('username=a', 'application/x-www-form-urlencoded'),
  ],
  ['text', '/auth/login', '415 UNSUPPORTED_MEDIA_TYPE', sent('{}', 'text/plain')],
  ['an unknown type', '/auth/login', '415 UNSUPPORTED_MEDIA_TYPE', sent('{}', '%%%')],
  ['2 MiB', '/auth/login', '413 BODY_TOO_LARGE', asked({ ...alice, password: 'x'.repeat(2 ** 21) })],
  ['no refresh token', '/auth/refresh', '401 INVALID_REFRESH_TOKEN', asked({ refreshToken: 'x' })],
]

const badTokens: readonly BadRequest[] = [
  ['no token', '/query?q=select', '401 AUTHENTICATION_REQUIRED', anonymous],
  ['an empty token', '/query?q=select', '401 AUTHENTICATION_REQUIRED', { token: () => '' }],
  ['no signature', '/modules', '401 AUTHENTICATION_REQUIRED', { token: () => unsigned }],
  ['another signature', '/modules', '401 AUTHENTICATION_REQUIRED', { token: (token) => `${token}x` }],
]

const open = "ticketstatus = 'Open'"
const manyTerms = Array.from({ length: 10_000 }, () => open).join(' or ')
const titled = (title: string) => asked({ query: `select id from HelpDesk where ticket_title = '${title}'` })
const where = (condition: string) => asked({ query: `select id from HelpDesk where ${condition}` })

const badQueries: readonly BadRequest[] = [
  ['nothing', '/query', '400 VALIDATION_FAILED', asked({ query: '' })],
  ['a number', '/query', '400 VALIDATION_FAILED', asked({ query: 1 })],
  ['two queries', '/query?q=a&q=b', '400 VALIDATION_FAILED'],
  ['no query', '/query', '400 QUERY_SYNTAX', asked({ query: 'hello' })],
  ['NUL', '/query', '400 QUERY_SYNTAX', titled('\0')],
  ['half a character', '/query', '400 BAD_REQUEST', titled('\udc00')],
  ['1 MB', '/query', '400 VALIDATION_FAILED', where(`${open}${' '.repeat(1_000_000)}`)],
  ['10,000 terms', '/query', '400 VALIDATION_FAILED', where(manyTerms)],
]

const records = '/modules/HelpDesk/records'

const badParameters: readonly BadRequest[] = [
  ['a module that is not there', '/modules/Nowhere/records', '404 UNKNOWN_MODULE'],
  ['a module that is closed', '/modules/CobroPago/records', '404 UNKNOWN_MODULE'],
  ['a field that is not there', `${records}?fields=nothing`, '400 UNKNOWN_FIELD'],
  ['a limit that is no number', `${records}?limit=ten`, '400 VALIDATION_FAILED'],
  ['a limit that begins as a number', `${records}?limit=1e2`, '400 VALIDATION_FAILED'],
  ['a limit between two numbers', `${records}?limit=2.5`, '400 VALIDATION_FAILED'],
  ['a limit of nothing', `${records}?limit=`, '400 VALIDATION_FAILED'],
  ['a truth that is none', `${records}?count=maybe`, '400 VALIDATION_FAILED'],
  ['a limit below zero', `${records}?limit=-1`, '400 VALIDATION_FAILED'],
  ['a parameter that is not there', `${records}?filter=x`, '400 VALIDATION_FAILED'],
  ['a parameter of lists for a record', '/records/17x8625?where=id', '400 VALIDATION_FAILED'],
  ['a parameter where none is taken', '/modules?x', '400 VALIDATION_FAILED'],
  ['a parameter beside a body', '/query?q=x', '400 VALIDATION_FAILED', asked({ query: 'x' })],
  ['a parameter of a probe', '/health/live?x=1', '400 VALIDATION_FAILED'],
  ['a parameter of the description', '/openapi.json?x=1', '400 VALIDATION_FAILED'],
  ['a condition with NUL', `${records}?where=%00`, '400 QUERY_SYNTAX'],
  ['a record that is not there', '/records/17x9999999', '404 NOT_FOUND'],
  ["another customer's record", '/records/17x8585', '404 NOT_FOUND'],
  ['an id beyond all ids', `/records/17x${'9'.repeat(30)}`, '400 VALIDATION_FAILED'],
]

/** What Node's own client would not send. */
const badBytes: readonly (readonly [what: string, text: string])[] = [
  ['something that is no HTTP', 'hello\r\n\r\n'],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['64 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(65536)}\r\n\r\n`],
]

t.test('bad requests are rejected with a problem document, never with a failure', async (t) => {
  const { url } = plain
  const accessToken = String((await problemOf(await post(`${url}/auth/login`, alice)))['accessToken'])

  const tables = { badPaths, badLogins, badTokens, badQueries, badParameters }
  for (const [name, table] of Object.entries(tables)) {
    await t.test(name, async (t) => {
      for (const [what, path, expected, { token: tokenOf = String, headers, ...init } = {}] of table) {
        const token = tokenOf(accessToken)
        const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
        const answer = await fetch(`${url}${path}`, { ...init, headers: { ...authorization, ...headers } })
        const problem = await problemOf(answer)
        t.equal(`${answer.status} ${String(problem['code'])}`, expected, what)
        t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8', what)
        t.equal(problem['requestId'], answer.headers.get('x-request-id'), what)
        if ([400, 413, 415].includes(answer.status)) t.match(problem['detail'], /\S/, `${what}: why`)
        t.equal(problem['type'], `urn:corebos-portal-gateway:${String(problem['code'])}`, what)
      }
    })
  }

  await t.test('what cannot be read as HTTP', async (t) => {
    for (const [what, text] of badBytes) t.match(await exchange(url, text), /^HTTP\/1\.1 4\d\d /, what)
  })
})

/** Everything that comes back for `text` until the other side hangs up. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  socket.on('error', () => socket.destroy())
  socket.end(text, 'latin1')
  await once(socket, 'close')
  return answer
}

t.test('nothing secret reaches the log, whatever is sent', async (t) => {
  const { url, operatorUrl, log } = await startGateway(t, {
    env: { OPERATOR_TOKEN: 'secret-operator-token' },
  })
  const json = { 'content-type': 'application/json' }
  const headers = {
    authorization: 'Bearer secret-access-token',
    cookie: '__Host-session=secret-cookie',
    'corebos-authorization': 'secret-corebos-session',
    'x-request-id': 'secret-request-id',
  }
  const bodies = [
    '{"username":"alice@example.com","password":"secret-password"}',
    '{"username":"alice@example.com","password":"secret-password"',
    'secret-password',
    '{"username":["secret-password"],"password":{"secret-password":1}}',
    '{"__proto__":{"password":"secret-password"}}',
  ]
  for (const body of bodies) {
    for (const path of [
      '/auth/login',
      '/auth/refresh',
      '/auth/password',
      '/query',
      '/webservice.php',
      '/nope',
    ]) {
      await fetch(`${url}${path}`, { method: 'POST', headers: { ...json, ...headers }, body })
    }
  }
  for (const path of [
    '/webservice.php?operation=query&sessionName=secret-session&query=select%20secret',
    '/webservice.php/secret-path?sessionName=secret-session',
    '/nope/secret-path?token=secret-token',
    '/%zz?token=secret-token',
    '/query?q=secret-query',
    '/auth/sessions/secret-session',
  ]) {
    await fetch(`${url}${path}`, { headers })
  }
  await fetch(`${operatorUrl}/sessions?contact=secret-contact`, {
    headers: { authorization: 'Bearer secret-guess' },
  })
  await exchange(url, 'GET /?secret-raw HTTP/1.1\r\n: secret-header\r\n\r\n')

  const lines = log.join('')
  t.ok(log.length > 30, 'requests are logged')
  t.notMatch(lines, /secret/)
  t.notMatch(lines, /portal-access-key/)
  t.notMatch(lines, /webservice\.php\?/)
})

t.test('limits', async (t) => {
  t.test('by address count what is not found too, but not the probes', async (t) => {
    const { url } = await startGateway(t, { env: { RATE_LIMIT_IP: '3/60' } })
    for (let i = 0; i < 5; i++) t.equal((await fetch(`${url}/health/live`)).status, 200)
    for (let i = 0; i < 3; i++) t.equal((await fetch(`${url}/nope`)).status, 404)
    for (const path of ['/nope', '/openapi.json', '/.well-known/jwks.json']) {
      const answer = await fetch(`${url}${path}`)
      t.match(
        { status: answer.status, ...(await problemOf(answer)) },
        { status: 429, code: 'RATE_LIMITED' },
        path,
      )
      const seconds = Number(answer.headers.get('retry-after'))
      t.ok(seconds > 0 && seconds <= 60, 'and it says when to come back')
    }
  })

  t.test('by contact hold across addresses, and by log-in hold across names', async (t) => {
    const { url } = await startGateway(t, {
      env: { RATE_LIMIT_CONTACT: '2/60', RATE_LIMIT_LOGIN: '1/60', TRUST_PROXY: '127.0.0.1' },
    })
    const logIn = (username: string) =>
      post(`${url}/auth/login`, { username, password: `${username.split('@')[0]}-pw` })
    const { accessToken } = await problemOf(await logIn('alice@example.com'))
    const as = (address: string) =>
      fetch(`${url}/modules/HelpDesk/records`, {
        headers: { authorization: `Bearer ${String(accessToken)}`, 'x-forwarded-for': address },
      })
    t.equal((await as('192.0.2.1')).status, 200)
    t.equal((await as('192.0.2.2')).status, 200)
    t.equal((await as('192.0.2.3')).status, 429)
    t.equal((await fetch(`${url}/nope`)).status, 404, 'others are not held up')

    for (let n = 1; n < loginsByAddress({ max: 1, seconds: 60 }).max; n++)
      t.equal((await logIn(`${['bob', 'dave', 'erin'][n % 3] ?? ''}@example.com`)).status, 200)
    const last = await logIn('carol@example.com')
    t.match({ status: last.status, ...(await problemOf(last)) }, { status: 429, code: 'RATE_LIMITED' })
  })

  t.test('believe X-Forwarded-For from trusted proxies alone', async (t) => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const open = await startGateway(t, { env: { RATE_LIMIT_IP: '1/60' } })
    t.equal((await fetch(`${open.url}/nope`, from('192.0.2.1'))).status, 404)
    t.equal((await fetch(`${open.url}/nope`, from('192.0.2.2'))).status, 429, 'anybody may write it')

    const behind = await startGateway(t, { env: { RATE_LIMIT_IP: '1/60', TRUST_PROXY: '127.0.0.0/8' } })
    t.equal((await fetch(`${behind.url}/nope`, from('192.0.2.1'))).status, 404)
    t.equal((await fetch(`${behind.url}/nope`, from('192.0.2.2'))).status, 404)
    t.equal(
      (await fetch(`${behind.url}/nope`, from('192.0.2.9, 192.0.2.2'))).status,
      429,
      'the last untrusted counts',
    )
  })
})

t.test('a gateway below a path of its host names itself by that path', async (t) => {
  const PUBLIC_URL = 'https://portal.example.com/gw'
  const portal = await startPortal(t, { env: { PUBLIC_URL } })
  const body = { ticket_title: 'The printer is on fire', ticketstatus: 'Open' }
  const ticket = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body })
  const form = new SentForm()
  form.append('file', new File(['a note'], 'note.txt', { type: 'text/plain' }))
  const document = await portal.as('alice', 'POST', '/documents', { body: form })
  const named: unknown[] = [ticket, document].map(({ headers }) => headers['location'])
  for (const path of ['/modules/HelpDesk/records', '/records/11x8546/related/Contacts'])
    named.push((await portal.as('alice', 'GET', `${path}?limit=1`)).body['next'])
  for (const each of named) {
    const path = String(each)
    t.match(path, /^\/gw\/(records|modules)\//)
    t.equal((await portal.as('alice', 'GET', path.slice('/gw'.length))).status, 200)
  }
  const link = await portal.as('alice', 'POST', `/documents/${document.body.id ?? ''}/link`)
  t.ok(textAt(link.body, 'url').startsWith(`${PUBLIC_URL}/downloads/`))
  t.match((await portal.as(undefined, 'GET', '/openapi.json')).body['servers'], [{ url: '/gw' }])
  t.match(await (await fetch(`${portal.url}/docs`)).text(), 'src="/gw/docs/static/swagger-ui-bundle.js"')
  t.match(await (await fetch(`${portal.url}/docs/static/swagger-initializer.js`)).text(), '/gw/openapi.json')
})

t.test('other origins', async (t) => {
  const origin = 'https://portal.example.com'
  const { url } = await startGateway(t, { env: { CORS_ORIGINS: origin } })
  const preflight = (from: string) =>
    fetch(`${url}/health/live`, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    })
  t.match(Object.fromEntries((await preflight(origin)).headers), {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
  })
  t.equal((await preflight('https://evil.example.com')).headers.get('access-control-allow-origin'), null)

  const answer = await fetch(`${plain.url}/health/live`, { headers: { origin } })
  t.equal(answer.headers.get('access-control-allow-origin'), null, 'without CORS_ORIGINS there are none')
  t.match(answer.headers.get('content-security-policy'), "script-src 'self'")
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  t.equal(answer.headers.get('cache-control'), 'private, no-store')
})

t.test('readiness', async (t) => {
  t.test('is gone with coreBOS, and the reason is said', async (t) => {
    let now = Date.now()
    const { url, corebos } = await startGateway(t, { now: () => now })
    t.strictSame(await (await fetch(`${url}/health/ready`)).json(), { status: 'ready' })
    await corebos.close()
    now += 1000
    const answer = await fetch(`${url}/health/ready`)
    t.equal(answer.status, 503)
    t.match(await problemOf(answer), {
      code: 'NOT_READY',
      errors: [{ field: 'corebos', message: 'coreBOS is unreachable' }],
    })
    t.equal((await fetch(`${url}/health/live`)).status, 200, 'the process itself lives')
  })

  t.test('asks once for all who ask at once, and gives up in time', async (t) => {
    let now = 0
    let asked = 0
    const probe = cachedProbe(
      async () => {
        asked += 1
        if (asked > 1) await new Promise(() => undefined)
      },
      { fresh: 1000, timeout: 5, now: () => now },
    )
    await Promise.all([probe(), probe(), probe()])
    t.equal(asked, 1)
    now = 1000
    await t.rejects(probe(), { code: 'COREBOS_TIMEOUT' })
    await t.rejects(probe(), { code: 'COREBOS_TIMEOUT' }, 'a failure is remembered as well')
    t.equal(asked, 2)
  })
})

t.test('a gateway that closes finishes what runs and rejects what comes', async (t) => {
  const gateway = await startGateway(t, { delayMs: 200 })
  const { hostname, port, host } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  let answers = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answers += chunk))
  const silent = connect(Number(port), hostname)
  await once(silent, 'connect')
  const request = `GET /health/ready HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  socket.write(request)
  while (!gateway.log.some((line) => line.includes('arrived')))
    await new Promise((next) => setImmediate(next))

  const closed = gateway.close()
  socket.write(request)
  await once(silent, 'close')
  await Promise.all([once(socket, 'close'), closed])
  t.match(answers, /^HTTP\/1\.1 200 OK[^]*"ready"[^]*HTTP\/1\.1 503 [^]*connection: close[^]*SHUTTING_DOWN/i)
  await t.rejects(fetch(`${gateway.url}/health/live`), 'nobody listens any more')
})

t.test(
  'what runs on a connection that is kept, and what begins on one, does not hold up the end',
  async (t) => {
    const gateway = await startGateway(t, { delayMs: 200 })
    const { hostname, port, host } = new URL(gateway.url)
    const [asking, halting] = [connect(Number(port), hostname), connect(Number(port), hostname)]
    let answer = ''
    asking.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
    // Something was asked on it before, so that it is no silent one.
    halting.write(`GET /health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await once(halting, 'data')
    halting.resume().write('GET /health/live HTT')
    asking.write(`GET /health/ready HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    while (!gateway.log.some((line) => line.includes('arrived') && line.includes('/health/ready')))
      await new Promise((next) => setImmediate(next))
    const gone = (socket: Socket) =>
      new Promise((over) => socket.on('error', () => undefined).once('close', over))
    await Promise.all([gateway.close(), gone(asking), gone(halting)])
    t.match(answer, /^HTTP\/1\.1 200 OK[^]*"ready"/)
  },
)

t.test('the description', async (t) => {
  const { url } = plain
  const text = await (await fetch(`${url}/openapi.json`)).text()
  const description: unknown = JSON.parse(text)
  t.match(description, { openapi: '3.1.0', components: { schemas: { Problem: { type: 'object' } } } })

  const listed = [...text.matchAll(/\| `([A-Z_]+)` \| (\d+) \| /g)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  t.strictSame(
    listed,
    Object.entries(errorCatalogue).map(([code, [status]]) => `${code} ${status}`),
  )
  const named = new Set([...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`: /g)].map(([, code]) => code))
  t.ok(named.has('RATE_LIMITED') && named.has('NOT_READY'))
  t.strictSame(
    [...named].filter((code) => code === undefined || !(code in errorCatalogue)),
    [],
    'routes name no others',
  )

  const shapes = entriesOf(at(description, 'paths')).map(([path]) => path.replaceAll(/\{\w+\}/g, '{}'))
  t.strictSame(
    shapes.filter((shape, i) => shapes.indexOf(shape) !== i),
    [],
    'no paths differ in the names of their parameters alone',
  )

  const page = await fetch(`${url}/docs`)
  t.equal(page.status, 200)
  t.match(await page.text(), 'swagger-ui')
  t.match(await (await fetch(`${url}/docs/static/swagger-initializer.js`)).text(), '/openapi.json')
})

t.test('the guide to the query language holds to the letter', async (t) => {
  const description: unknown = (await plain.as(undefined, 'GET', '/openapi.json')).body
  const guide =
    /## The query language([^]*?)\n## /.exec(textAt(at(description, 'info'), 'description'))?.[1] ?? ''
  const rows = [...guide.matchAll(/^\| `(.+?)` \| (?:`([A-Z_]+)`)?/gm)]
  t.ok(rows.length > 15, `${rows.length} examples`)
  for (const [, text = '', code] of rows) {
    const answer = text.startsWith('select ')
      ? await plain.as('alice', 'POST', '/query', { body: { query: text } })
      : await plain.as('alice', 'GET', `/modules/HelpDesk/records?where=${encodeURIComponent(text)}`)
    t.match(
      answer,
      code === undefined ? { status: 200 } : { body: { code } },
      `${text} ${answer.text.slice(0, 200)}`,
    )
  }
  for (const sign of ['<>', 'not in', 'not like', 'is not null', 'offset'])
    t.match(guide, sign, 'every word of the grammar')
  const linked = JSON.stringify(at(description, 'paths')).split('(#query-language)').length - 1
  t.ok(linked >= 8, `${linked} places lead to it`)
})

t.test('operators', async (t) => {
  const token = 'an-operator-token'
  const gateway = await startGateway(t, { env: { OPERATOR_TOKEN: token } })
  const { url, operatorUrl, log } = gateway
  const contact = '12x8549'
  const { accessToken } = await problemOf(await post(`${url}/auth/login`, alice))
  const authorization = `Bearer ${String(accessToken)}`
  const ask = async (path: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${operatorUrl}${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  await t.test('read metrics, which are not on the port for all', async (t) => {
    await fetch(`${url}/nope`)
    await fetch(`${url}/health/ready`)
    const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
    t.match(metrics, /http_request_duration_seconds_count\{method="GET",route="none",status="404"\} 1/)
    t.match(metrics, /portal_corebos_call_duration_seconds_count\{operation="listtypes",/)
    t.match(metrics, /# TYPE portal_rows_withheld_total counter/)
    t.equal((await fetch(`${url}/metrics`)).status, 404)
  })

  await t.test('have a statement of a contact explained', async (t) => {
    const query = 'select projecttaskname from ProjectTask'
    const lookup = { explanation: { statement: /linktoaccountscontacts in \('12x8549','11x8546'\)/ } }
    t.match(await ask('/explain', { contact, query }), {
      status: 200,
      body: { rule: 'ProjectTask', statement: /projectid in \('33x\d+'/, lookups: [lookup] },
    })
    t.match(await ask('/explain', { contact, query: 'select accesskey from Users' }), {
      body: { rejected: { code: 'UNKNOWN_MODULE' } },
    })
    const explain = (each: string) => ask('/explain', { contact: each, query: 'select id from HelpDesk' })
    for (const unknown of ['12x1', 'x']) t.match(await explain(unknown), { status: 404 })
    const byName = await explain(alice.username)
    t.strictSame(byName, await explain(contact))
    t.match(byName, { status: 200, body: { statement: /parent_id in/ } })
  })

  await t.test(
    'find sessions by contact, under the name that the log has for them, and end them',
    async (t) => {
      await post(`${url}/modules/Leads/records`, {}, { authorization })
      const lines = log.map((line): unknown => JSON.parse(line))
      const audited = lines.find((line) => at(line, 'audit') !== undefined)
      const by = textAt(audited, 'audit', 'by')
      t.match(by, /^[0-9a-f]{16}$/)
      const listed = { status: 200, body: { sessions: [{ contact, by }] } }
      t.match(await ask(`/sessions?contact=${contact}`), listed)
      t.match(await ask(`/sessions?contact=${alice.username}`), listed, 'also by the e-mail address')
      t.match(await ask('/cache/clear', {}), { status: 204 })
      t.match(await ask('/sessions/revoke', { contact }), { status: 200, body: { ended: 1 } })
      t.match(await ask(`/sessions?contact=${contact}`), { body: { sessions: [] } })
      const after = await fetch(`${url}/auth/session`, { headers: { authorization } })
      t.equal(after.status, 401, 'at the next request')
    },
  )

  await t.test('need the token, on their own port', async (t) => {
    for (const path of ['/explain', '/sessions/revoke', '/cache/clear']) {
      t.equal((await post(`${operatorUrl}${path}`, { contact })).status, 401, `${path} needs the token`)
      t.equal((await post(`${url}${path}`, { contact })).status, 404, `${path} is not on the port for all`)
    }
    const as = (sent: string) => fetch(`${operatorUrl}/anything`, { headers: { authorization: sent } })
    t.equal((await fetch(`${operatorUrl}/anything`)).status, 401)
    const wrong = await as(`Bearer ${token}x`)
    t.equal(wrong.status, 401)
    t.match(await wrong.text(), /Send OPERATOR_TOKEN as 'Authorization: Bearer TOKEN'/)
    t.equal((await as(`Bearer ${token}`)).status, 404, 'the token opens what there is')
  })

  await t.test('are not let in with an empty token where none is set', async (t) => {
    const headers = { authorization: 'Bearer ' }
    const closed = await fetch(`${plain.operatorUrl}/anything`, { headers })
    t.equal(closed.status, 401)
    t.match(await closed.text(), /OPERATOR_TOKEN is not set/)
  })
})

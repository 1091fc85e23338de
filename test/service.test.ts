import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { FormData as SentForm } from 'undici'
import { ConfigError, maskedConfig, readConfig, unknownNames } from '../src/config/config.ts'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import { errorCatalogue } from '../src/model/errors.ts'
import { cachedProbe } from '../src/http/probe.ts'
import { answerHeaderNames } from '../src/http/schemas.ts'
import { credentialsOf, modes, offerActions, policyFile, startPortal } from './support/portal.ts'
import { dereferenced, undescribed } from './support/openapi.ts'
import { startGateway } from './support/start.ts'
import { sample } from './support/thorough.ts'
import { at, rowsAt, textAt, WebserviceClient } from './support/webservice-client.ts'

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

t.test('bad requests are rejected with a problem document, never with a failure', async (t) => {
  const { url } = await startGateway(t)
  const alice = { username: 'alice@example.com', password: 'alice-pw' }
  const { accessToken } = await problemOf(await post(`${url}/auth/login`, alice))
  const bearer = { authorization: `Bearer ${String(accessToken)}` }
  const json = { 'content-type': 'application/json' }
  const sent = (body: string, headers: Readonly<Record<string, string>> = json): RequestInit => ({
    method: 'POST',
    headers: { ...bearer, ...headers },
    body,
  })
  const asked = (body: unknown): RequestInit => sent(JSON.stringify(body))
  const read: RequestInit = { headers: bearer }
  const one = "ticketstatus = 'Open'"

  const requests: readonly (readonly [
    what: string,
    path: string,
    init: RequestInit,
    status: number,
    code: string,
  ])[] = [
    ['an unknown path', '/nope', {}, 404, 'ROUTE_NOT_FOUND'],
    ['a known path with another method', '/health/live', { method: 'DELETE' }, 404, 'ROUTE_NOT_FOUND'],
    ['a method that is rare', '/health/live', { method: 'PROPFIND' }, 404, 'ROUTE_NOT_FOUND'],
    ['a path with an escape that is none', '/records/%zz', {}, 400, 'BAD_REQUEST'],
    ['a path that is no UTF-8', '/records/%ff%fe', {}, 400, 'BAD_REQUEST'],
    ['a path with NUL', '/nope%00', {}, 404, 'ROUTE_NOT_FOUND'],
    ['a path that climbs', '/docs/static/..%2f..%2fpackage.json', {}, 404, 'ROUTE_NOT_FOUND'],
    ['a path without end', `/records/${'a'.repeat(4000)}`, {}, 400, 'BAD_REQUEST'],

    ['a log-in that is no JSON', '/auth/login', sent('{"username":'), 400, 'BAD_REQUEST'],
    ['a log-in of nothing', '/auth/login', sent(''), 400, 'BAD_REQUEST'],
    ['a log-in that is null', '/auth/login', sent('null'), 400, 'VALIDATION_FAILED'],
    ['a log-in that is a list', '/auth/login', sent('[]'), 400, 'VALIDATION_FAILED'],
    ['a log-in with a number', '/auth/login', asked({ ...alice, password: 5 }), 400, 'VALIDATION_FAILED'],
    [
      'a log-in with more than is asked',
      '/auth/login',
      asked({ ...alice, admin: true }),
      400,
      'VALIDATION_FAILED',
    ],
    ['a log-in that poisons', '/auth/login', sent('{"__proto__":{"x":1}}'), 400, 'BAD_REQUEST'],
    ['a log-in with NUL', '/auth/login', asked({ ...alice, username: 'a\0b' }), 401, 'INVALID_CREDENTIALS'],
    [
      'a log-in with half a character',
      '/auth/login',
      asked({ ...alice, password: '\ud800' }),
      400,
      'BAD_REQUEST',
    ],
    [
      'a log-in as a form',
      '/auth/login',
      sent('username=a', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a log-in as text',
      '/auth/login',
      sent('{}', { 'content-type': 'text/plain' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a log-in as something unheard of',
      '/auth/login',
      sent('{}', { 'content-type': '%%%' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['2 MiB', '/auth/login', asked({ ...alice, password: 'x'.repeat(2 ** 21) }), 413, 'BODY_TOO_LARGE'],
    [
      'a refresh token that is none',
      '/auth/refresh',
      asked({ refreshToken: 'x' }),
      401,
      'INVALID_REFRESH_TOKEN',
    ],

    ['a query without a token', '/query?q=select', {}, 401, 'AUTHENTICATION_REQUIRED'],
    [
      'a token of nothing',
      '/query?q=select',
      { headers: { authorization: 'Bearer ' } },
      401,
      'AUTHENTICATION_REQUIRED',
    ],
    [
      'a token without a signature',
      '/modules',
      { headers: { authorization: `Bearer ${unsigned}` } },
      401,
      'AUTHENTICATION_REQUIRED',
    ],
    [
      'a token that was changed',
      '/modules',
      { headers: { authorization: `${bearer.authorization}x` } },
      401,
      'AUTHENTICATION_REQUIRED',
    ],
    ['a query of nothing', '/query', asked({ query: '' }), 400, 'VALIDATION_FAILED'],
    ['a query that is a number', '/query', asked({ query: 1 }), 400, 'VALIDATION_FAILED'],
    ['two queries', '/query?q=a&q=b', read, 400, 'VALIDATION_FAILED'],
    ['a query that is none', '/query', asked({ query: 'hello' }), 400, 'QUERY_SYNTAX'],
    [
      'a query with NUL',
      '/query',
      asked({ query: "select id from HelpDesk where ticket_title = '\0'" }),
      400,
      'QUERY_SYNTAX',
    ],
    [
      'a query with half a character',
      '/query',
      asked({ query: "select id from HelpDesk where ticket_title = '\udc00'" }),
      400,
      'BAD_REQUEST',
    ],
    [
      'a query of 1 MB',
      '/query',
      asked({ query: `select id from HelpDesk where ${one}${' '.repeat(1_000_000)}` }),
      400,
      'VALIDATION_FAILED',
    ],
    [
      '10,000 terms',
      '/query',
      asked({
        query: `select id from HelpDesk where ${Array.from({ length: 10_000 }, () => one).join(' or ')}`,
      }),
      400,
      'VALIDATION_FAILED',
    ],
    ['a module that is not there', '/modules/Nowhere/records', read, 404, 'UNKNOWN_MODULE'],
    ['a module that is closed', '/modules/CobroPago/records', read, 404, 'UNKNOWN_MODULE'],
    ['a field that is not there', '/modules/HelpDesk/records?fields=nothing', read, 400, 'UNKNOWN_FIELD'],
    ['a limit that is no number', '/modules/HelpDesk/records?limit=ten', read, 400, 'VALIDATION_FAILED'],
    [
      'a limit that begins as a number',
      '/modules/HelpDesk/records?limit=1e2',
      read,
      400,
      'VALIDATION_FAILED',
    ],
    ['a limit between two numbers', '/modules/HelpDesk/records?limit=2.5', read, 400, 'VALIDATION_FAILED'],
    ['a limit of nothing', '/modules/HelpDesk/records?limit=', read, 400, 'VALIDATION_FAILED'],
    ['a truth that is none', '/modules/HelpDesk/records?count=maybe', read, 400, 'VALIDATION_FAILED'],
    ['a limit below zero', '/modules/HelpDesk/records?limit=-1', read, 400, 'VALIDATION_FAILED'],
    ['a parameter that is not there', '/modules/HelpDesk/records?filter=x', read, 400, 'VALIDATION_FAILED'],
    [
      'a parameter of a record that is not there',
      '/records/17x8625?where=id',
      read,
      400,
      'VALIDATION_FAILED',
    ],
    ['a parameter where none is taken', '/modules?x', read, 400, 'VALIDATION_FAILED'],
    ['a parameter beside a body', '/query?q=x', asked({ query: 'x' }), 400, 'VALIDATION_FAILED'],
    ['a parameter of a probe', '/health/live?x=1', read, 400, 'VALIDATION_FAILED'],
    ['a parameter of the description', '/openapi.json?x=1', read, 400, 'VALIDATION_FAILED'],
    ['a condition with NUL', '/modules/HelpDesk/records?where=%00', read, 400, 'QUERY_SYNTAX'],
    ['a record that is not there', '/records/17x9999999', read, 404, 'NOT_FOUND'],
    ["another customer's record", '/records/17x8585', read, 404, 'NOT_FOUND'],
    ['an id beyond all ids', `/records/17x${'9'.repeat(30)}`, read, 400, 'VALIDATION_FAILED'],
  ]
  for (const [what, path, init, status, code] of requests) {
    const answer = await fetch(`${url}${path}`, init)
    const problem = await problemOf(answer)
    t.match({ status: answer.status, ...problem }, { status, code }, what)
    t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8', what)
    t.equal(problem['requestId'], answer.headers.get('x-request-id'), what)
    if ([400, 413, 415].includes(status)) t.match(problem['detail'], /\S/, `${what}: why`)
    t.equal(problem['type'], `urn:corebos-portal-gateway:${code}`, what)
  }

  const raw: readonly (readonly [what: string, text: string])[] = [
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
  for (const [what, text] of raw) t.match(await exchange(url, text), /^HTTP\/1\.1 4\d\d /, what)
})

/** A token that its own header says needs no signature. */
const unsigned = [{ alg: 'none', typ: 'at+jwt' }, { sub: '12x8549', exp: 4_102_444_800 }, '']
  .map((part) => (part === '' ? '' : Buffer.from(JSON.stringify(part)).toString('base64url')))
  .join('.')

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

  const closed = await startGateway(t)
  const answer = await fetch(`${closed.url}/health/live`, { headers: { origin } })
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
  const { url } = await startGateway(t)
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
  const portal = await startPortal(t)
  const description: unknown = (await portal.as(undefined, 'GET', '/openapi.json')).body
  const guide =
    /## The query language([^]*?)\n## /.exec(textAt(at(description, 'info'), 'description'))?.[1] ?? ''
  const rows = [...guide.matchAll(/^\| `(.+?)` \| (?:`([A-Z_]+)`)?/gm)]
  t.ok(rows.length > 15, `${rows.length} examples`)
  for (const [, text = '', code] of rows) {
    const answer = text.startsWith('select ')
      ? await portal.as('alice', 'POST', '/query', { body: { query: text } })
      : await portal.as('alice', 'GET', `/modules/HelpDesk/records?where=${encodeURIComponent(text)}`)
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

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

interface Operation {
  readonly name: string
  readonly method: string
  /** With examples in the place of parameters, as far as there are any. */
  readonly path: string
  readonly pattern: string
  /** From `?` on; empty where there are no examples. */
  readonly query: string
  readonly parameters: readonly string[]
  /** Empty where it takes no body. */
  readonly mediaType: string
  readonly body: unknown
  readonly description: string
  /** Whether it wants an access token. */
  readonly secured: boolean
  readonly responses: unknown
}

/** The example of a part of the description: its own, or put together from those of its fields. */
function exampleOf(schema: unknown, example?: unknown): unknown {
  const own = example ?? at(schema, 'example') ?? at(schema, 'examples', 0)
  if (own !== undefined) return own
  if (at(schema, 'format') === 'binary') return new File(['a note'], 'note.txt', { type: 'text/plain' })
  if (at(schema, 'type') === 'array') return [exampleOf(at(schema, 'items'))]
  if (at(schema, 'type') !== 'object') return undefined
  const fields = entriesOf(at(schema, 'properties')).map(([key, each]) => [key, exampleOf(each)] as const)
  return Object.fromEntries(fields.filter(([, each]) => each !== undefined))
}

function operationsIn(description: unknown): Operation[] {
  return entriesOf(at(dereferenced(description), 'paths')).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]): Operation => {
      let target = path
      const query = new URLSearchParams()
      const parameters = rowsAt(operation, 'parameters')
      for (const parameter of parameters) {
        const example = exampleOf(at(parameter, 'schema'), at(parameter, 'example'))
        const [key, place] = [textAt(parameter, 'name'), textAt(parameter, 'in')]
        if (typeof example === 'string' && place === 'path')
          target = target.replace(`{${key}}`, encodeURIComponent(example))
        if (typeof example === 'string' && place === 'query') query.set(key, example)
      }
      const [[mediaType, content] = ['', undefined]] = entriesOf(at(operation, 'requestBody', 'content'))
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: target,
        pattern: path,
        query: query.size === 0 ? '' : `?${query.toString()}`,
        parameters: parameters.map((parameter) => textAt(parameter, 'name')),
        mediaType,
        body: exampleOf(at(content, 'schema'), at(content, 'example')),
        description: textAt(operation, 'description'),
        secured: rowsAt(operation, 'security').length > 0,
        responses: at(operation, 'responses'),
      }
    }),
  )
}

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
  'getpdfdata id': '7x8628',
  'retrievedocattachment id': '15x8644',
  // As a whole, with its owner.
  'update element': JSON.stringify({ ...ticket, assigned_user_id: '19x5' }),
  'UpdateWithValidation element': JSON.stringify({ ...ticket, assigned_user_id: '19x5' }),
  'MassCreate elements': JSON.stringify([{ elementType: 'HelpDesk', referenceId: 'one', element: ticket }]),
}

function formOf(example: unknown): SentForm {
  const form = new SentForm()
  for (const [name, value] of entriesOf(example))
    for (const each of [value].flat()) form.append(name, each instanceof File ? each : String(each))
  return form
}

for (const mode of sample(modes, 1)) {
  t.test(`in ${mode} mode the examples of the description are requests that work`, async (t) => {
    // What the built-in policy closes would be rejected.
    const portal = await startPortal(t, {
      mode,
      env: {
        POLICY_FILE: await policyFile(t, { HelpDesk: { delete: true, actions: ['Call me back'] } }),
      },
    })
    offerActions(portal, 'Call me back')
    const { body: description } = await portal.as(undefined, 'GET', '/openapi.json')
    /** Names and passwords are those of coreBOS's users here, and theirs to change. */
    const rejectedBy: Readonly<Record<string, number>> =
      mode === 'user' ? { 'POST /auth/login': 401, 'PUT /auth/password': 403 } : {}

    async function run({ name, method, path, pattern, query, mediaType, body }: Operation): Promise<void> {
      const session = await portal.as(undefined, 'POST', '/auth/login', {
        body: credentialsOf('alice', mode),
      })
      const authorization = `Bearer ${textAt(session.body, 'accessToken')}`
      const put = async (how: string, where: string, sent?: unknown) =>
        portal.as(undefined, how, where, {
          // Many clients name a type also where there is no body.
          headers: { authorization, ...(sent === undefined && { 'content-type': 'application/json' }) },
          ...(sent !== undefined && { body: sent }),
        })
      /** What only a running gateway can give. */
      const given: Readonly<Record<string, () => Promise<string>>> = {
        'DELETE /auth/sessions/{id}': async () => textAt((await put('GET', '/auth/session')).body, 'id'),
        'GET /downloads/{secret}': async () => {
          const link = await put('POST', '/documents/15x8644/link')
          return textAt(link.body, 'url').replace(/.*\//, '')
        },
      }
      const only = await given[name]?.()
      const target = only === undefined ? path : pattern.replace(/\{\w+\}/, only)
      const sent =
        name === 'POST /auth/refresh' ? { refreshToken: textAt(session.body, 'refreshToken') } : body
      const answer = await put(
        method,
        `${target}${query}`,
        mediaType === 'multipart/form-data' ? formOf(sent) : sent,
      )
      const expected = rejectedBy[name]
      t.ok(
        expected === undefined ? answer.status < 300 : answer.status === expected,
        `${name}: ${answer.status} ${answer.text.slice(0, 200)}`,
      )
      // The others log in with the password that they are shown.
      if (name === 'PUT /auth/password')
        await put('PUT', path, { currentPassword: 'a better one', newPassword: 'alice-pw' })
    }

    const operations = operationsIn(description)
    const isProtocol = ({ path }: Operation) => path === '/webservice.php'
    // The record of the examples is in many of them, and goes last.
    const isLast = ({ name }: Operation) => name === 'DELETE /records/{id}'
    for (const each of operations) if (!isProtocol(each) && !isLast(each)) await run(each)
    t.ok(operations.length > 30, `${operations.length} examples`)

    for (const { method: how, description } of operations.filter(isProtocol)) {
      // What goes there is coreBOS's own; described are the operations and their parameters.
      const method = how === 'GET' ? 'GET' : 'POST'
      const client = new WebserviceClient(portal.url)
      const { username, password } = credentialsOf('alice', mode)
      await (mode === 'user'
        ? client.tryUser(username, password)
        : client.tryPortal(username, password, 'md5'))
      const made = async () => {
        const { result } = await client.call('create', { elementType: 'HelpDesk', element: ticket })
        return textAt(result, 'id')
      }
      const examples: Readonly<Record<string, string>> = {
        ...protocolExamples,
        'delete id': await made(),
        'MassDelete ids': await made(),
      }
      const call = async (form: Readonly<Record<string, string>>) => {
        const text = new URLSearchParams({ ...form, sessionName: client.session }).toString()
        return client.send(
          method === 'GET'
            ? { method, query: text }
            : { method, body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        )
      }
      const table = description.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)
      const known = [...table].map(([, each = '', parameters = '']) => [each, parameters] as const)
      t.ok(known.length > 40, `${known.length} operations by ${method}`)
      // Both take what is made of a challenge and a password, and were called to get here.
      const rest = known.filter(([each]) => !['loginPortal', 'login', 'logout'].includes(each))
      for (const [each, parameters] of [...rest, ['logout', ''] as const]) {
        const form = new Map([['operation', each]])
        for (const [, key = ''] of parameters.matchAll(/`(\w+)`/g))
          form.set(key, examples[`${each} ${key}`] ?? examples[key] ?? '')
        const { success, text } = await call(Object.fromEntries(form))
        const isOwn = mode !== 'user' || each !== 'changePortalUserPassword'
        t.equal(success, isOwn, `${method} ${each} ${text.slice(0, 150)}`)
      }
    }
    for (const each of operations.filter(isLast)) await run(each)
  })
}

t.test('whatever a route answers, the description names it, and shows what success looks like', async (t) => {
  let later = 0
  const env = { UPLOAD_MAX_BYTES: '1000', COREBOS_MAX_BYTES: String(2 ** 20) }
  const { url, relay } = await startPortal(t, { now: () => Date.now() + later, env })
  const description: unknown = await (await fetch(`${url}/openapi.json`)).json()
  for (const [path, methods] of entriesOf(at(description, 'paths'))) {
    for (const [method, operation] of entriesOf(methods)) {
      const speaksOf304 = JSON.stringify(at(operation, 'parameters') ?? '').includes('304')
      const answers304 = at(operation, 'responses', '304') !== undefined
      t.equal(speaksOf304, answers304, `${method} ${path} speaks of the 304 that it answers`)
    }
  }
  // Its answers are always envelopes.
  const operations = operationsIn(description).filter(({ name }) => !name.endsWith('/webservice.php'))
  const upload = operations.find(({ name }) => name === 'POST /documents')
  const { UPLOAD_MAX_BYTES, UPLOAD_TYPES } = readConfig({ ...enough, ...env })
  for (const limit of [`${UPLOAD_MAX_BYTES} bytes`, ...UPLOAD_TYPES])
    t.ok(upload?.description.includes(limit), `uploads: ${limit}`)
  for (const { name, path, mediaType, body, responses } of operationsIn(description)) {
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

  const logIn = async (name: string): Promise<string> => {
    const credentials = { username: `${name}@example.com`, password: `${name}-pw` }
    return String((await problemOf(await post(`${url}/auth/login`, credentials)))['accessToken'])
  }
  const alice = await logIn('alice')
  const ended = await logIn('alice')
  await post(`${url}/auth/logout`, {}, { authorization: `Bearer ${ended}` })
  /** Who ends sessions ends its own, and wrong passwords lock out another contact. */
  const others: Readonly<Record<string, string>> = {
    'POST /auth/logout': 'carol',
    'POST /auth/logout-all': 'carol',
    'DELETE /auth/sessions/{id}': 'carol',
    'PUT /auth/password': 'bob',
  }
  const tokenFor = async ({ name, secured }: Operation): Promise<string | undefined> => {
    const other = others[name]
    return other === undefined ? (secured ? alice : undefined) : logIn(other)
  }

  const wrong: string[] = []
  const seen = new Set<string>()
  interface Probe {
    readonly target?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | FormData | undefined
    readonly token?: string | undefined
    readonly at?: string
  }
  async function probe(what: string, operation: Operation, sent: Probe): Promise<void> {
    const { name, method, path, query, responses } = operation
    const { target = `${path}${query}`, token, headers, body } = sent
    const response = await fetch(`${sent.at ?? url}${target}`, {
      method,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && method !== 'GET' && { body }),
    })
    const text = await response.text()
    const documented = at(responses, String(response.status))
    const tell = (problem: string) => wrong.push(`${name}: ${what}: ${response.status} ${problem}`)
    if (documented === undefined) tell(`is not described: ${text.slice(0, 200)}`)
    if (!response.ok && response.status !== 304) {
      const problem: unknown = JSON.parse(text)
      const code = textAt(problem, 'code')
      seen.add(code)
      const schema = at(documented, 'content', 'application/problem+json', 'schema')
      const codes: unknown = at(schema, 'allOf', 1, 'properties', 'code', 'enum')
      if (!Array.isArray(codes) || !codes.includes(code)) tell(`${code} is not described`)
      const says = at(problem, 'detail')
      const isMute = says === undefined
      if ([400, 413, 415].includes(response.status) && isMute) tell(`${code} says no more`)
    }
    const schema = at(documented, 'content', 'application/json', 'schema')
    if (response.ok && text !== '' && schema !== undefined)
      for (const place of undescribed(JSON.parse(text), schema)) tell(`${place} is not described`)
    const described = entriesOf(at(documented, 'headers')).map(([header]) => header)
    for (const header of answerHeaderNames) {
      if (header === 'Cache-Control' || header === 'Content-Length') continue
      const isSent = response.headers.has(header)
      // A store that fails counts nothing, and an URL that cannot be read comes before counting.
      const isUncounted = response.status === 503 || text.includes('"code":"BAD_REQUEST"')
      const isMaybe = header.startsWith('RateLimit')
        ? isUncounted
        : header === 'Retry-After' && response.status === 503
      if (isSent !== described.includes(header) && !isMaybe)
        tell(`${header} is ${isSent ? 'not described' : 'described, but not sent'}`)
    }
  }

  const json = { 'content-type': 'application/json' }
  const example = ({ mediaType, body }: Operation): Probe =>
    mediaType === 'application/json' ? { headers: json, body: JSON.stringify(body) } : {}
  const form = (...parts: readonly (readonly [string, string | File])[]): FormData => {
    const data = new FormData()
    for (const [name, value] of parts) data.append(name, value)
    return data
  }
  const file = (name: string, size: number) => new File(['x'.repeat(size)], name)
  const forms = [
    form(),
    form(['notes_title', 'x'], ['file', file('a.txt', 10)]),
    form(['nothing', 'x'], ['file', file('a.txt', 10)]),
    form(['relatedTo', '12x8551'], ['file', file('a.txt', 10)]),
    form(['file', file('a.exe', 10)]),
    form(['file', file('a.txt', 2000)]),
    form(['file', file('a.txt', 10)], ['file', file('b.txt', 10)]),
  ]

  for (const operation of operations) {
    const { name, method, path, query, parameters, secured, mediaType } = operation
    const put = async (what: string, sent: Probe) =>
      probe(what, operation, { token: await tokenFor(operation), ...sent })
    if (secured) {
      await probe('nobody', operation, { ...example(operation) })
      await probe('a token that is none', operation, { token: 'x', ...example(operation) })
      await probe('a session that has ended', operation, { token: ended, ...example(operation) })
    }
    await put('the example', example(operation))
    await put('an unknown parameter', { ...example(operation), target: `${path}?surprise=1` })
    for (const id of sample(['17x8585', '17x9999999', '63x1', 'x', '%zz', 'Nowhere', 'CobroPago'], 3)) {
      const target = path.replace(/\d+x\d+|HelpDesk/, id)
      if (target !== path)
        await put(`${id} in the path`, { ...example(operation), target: `${target}${query}` })
    }
    for (const key of new URLSearchParams(query).keys()) {
      for (const value of sample(["'", 'nothing', 'Users.accesskey', 'a.b.c.d.e', 'not id'], 2)) {
        const changed = new URLSearchParams(query)
        changed.set(key, value)
        await put(`${key}=${value}`, { target: `${path}?${changed.toString()}` })
      }
    }
    if (parameters.includes('if-match'))
      await put('a tag of nothing', {
        body: example(operation).body,
        headers: { ...json, 'if-match': '"x"' },
      })
    if (parameters.includes('if-none-match'))
      await put('whatever there is', { headers: { 'if-none-match': '*' } })
    if (parameters.includes('range')) {
      await put('a part', { headers: { range: 'bytes=0-1' } })
      await put('no part', { headers: { range: 'bytes=999999-' } })
    }
    if (method === 'GET') continue
    for (const type of ['text/csv', '%%%', 'application/x-www-form-urlencoded'])
      await put(`a body that is ${type}`, { headers: { 'content-type': type }, body: 'a' })
    const texts = [
      '',
      '{"',
      'null',
      '[]',
      '{}',
      '{"nothing":"x"}',
      '{"__proto__":{}}',
      '{"refreshToken":"x"}',
      '{"username":"nobody@example.com","password":"x"}',
      `"${'x'.repeat(2 ** 21)}"`,
    ]
    for (const text of sample(texts, 5))
      await put(`a body of ${text.slice(0, 20)}`, { headers: json, body: text })
    if (parameters.includes('idempotency-key') && mediaType === 'application/json') {
      const key = { 'idempotency-key': name.replaceAll(/\W/g, '') }
      const body = JSON.stringify(operation.body)
      await put('a key', { headers: { ...json, ...key }, body })
      await put('the same key', { headers: { ...json, ...key }, body: body.replace(/"\}$/, '!"}') })
    }
    if (/^\/(records|modules)\//.test(path) && mediaType === 'application/json') {
      for (const body of [{ parent_id: '12x8551' }, { ticket_no: 'x' }, { ticketstatus: 'x'.repeat(300) }])
        await put(JSON.stringify(body).slice(0, 30), { headers: json, body: JSON.stringify(body) })
    }
    if (name === 'POST /documents') {
      for (const [i, body] of forms.entries()) await put(`form ${i}`, { body })
    }
  }

  const limited = await startGateway(t, { env: { RATE_LIMIT_IP: '1/600' } })
  await fetch(`${limited.url}/nope`)
  for (const operation of operations)
    await probe('too often', operation, { at: limited.url, ...example(operation) })

  const broken: readonly (readonly [string, () => void])[] = [
    [
      'a coreBOS that rejects',
      () => (relay.alter = () => ({ success: false, error: { code: 'X', message: '' } })),
    ],
    ['a coreBOS that is none', () => (relay.alter = () => 'nothing')],
    ['a coreBOS without end', () => (relay.alter = () => ({ success: true, result: 'x'.repeat(2 ** 21) }))],
    ['answers that get lost', () => relay.calls.forEach(({ operation }) => relay.lost.add(operation))],
  ]
  const tokens = new Map<string, string | undefined>()
  for (const operation of operations) {
    for (const [what] of broken) tokens.set(`${what} ${operation.name}`, await tokenFor(operation))
  }
  for (const [what, breaks] of broken) {
    breaks()
    for (const operation of operations) {
      const token = tokens.get(`${what} ${operation.name}`)
      await probe(what, operation, { token, ...example(operation) })
    }
  }
  later = 700_000
  for (const operation of operations) await probe('a token of before', operation, { token: alice })

  t.same(wrong, [])
  const never = Object.keys(errorCatalogue).filter((code) => !seen.has(code))
  t.comment(`never seen: ${never.join(', ')}`)
  t.ok(seen.size > 25, `${seen.size} codes`)
})

t.test('operators', async (t) => {
  const token = 'an-operator-token'
  const { url, operatorUrl, log } = await startGateway(t, { env: { OPERATOR_TOKEN: token } })
  await fetch(`${url}/nope`)
  await fetch(`${url}/health/ready`)
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  t.match(metrics, /http_request_duration_seconds_count\{method="GET",route="none",status="404"\} 1/)
  t.match(metrics, /portal_corebos_call_duration_seconds_count\{operation="listtypes",/)
  t.match(metrics, /# TYPE portal_rows_withheld_total counter/)
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'not on the port for all')

  const alice = { username: 'alice@example.com', password: 'alice-pw' }
  const { accessToken } = await problemOf(await post(`${url}/auth/login`, alice))
  const contact = '12x8549'
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
  t.match(await ask('/explain', { contact, query: 'select projecttaskname from ProjectTask' }), {
    status: 200,
    body: {
      rule: 'ProjectTask',
      statement: /projectid in \('33x\d+'/,
      lookups: [{ explanation: { statement: /linktoaccountscontacts in \('12x8549','11x8546'\)/ } }],
    },
  })
  t.match(await ask('/explain', { contact, query: 'select accesskey from Users' }), {
    body: { rejected: { code: 'UNKNOWN_MODULE' } },
  })
  t.match(await ask('/explain', { contact: '12x1', query: 'select id from HelpDesk' }), { status: 404 })
  t.match(await ask('/explain', { contact: 'x', query: 'select id from HelpDesk' }), { status: 404 })
  const byName = await ask('/explain', { contact: alice.username, query: 'select id from HelpDesk' })
  t.strictSame(byName, await ask('/explain', { contact, query: 'select id from HelpDesk' }))
  t.match(byName, { status: 200, body: { statement: /parent_id in/ } })
  await post(`${url}/modules/Leads/records`, {}, { authorization: `Bearer ${String(accessToken)}` })
  const audited = log.map((line): unknown => JSON.parse(line)).find((line) => at(line, 'audit') !== undefined)
  const by = textAt(at(audited, 'audit'), 'by')
  t.match(by, /^[0-9a-f]{16}$/)
  const listed = { status: 200, body: { sessions: [{ contact, by }] } }
  t.match(await ask(`/sessions?contact=${contact}`), listed, 'by the name that the log has for them')
  t.match(await ask(`/sessions?contact=${alice.username}`), listed, 'also by the e-mail address')
  t.match(await ask('/cache/clear', {}), { status: 204 })
  t.match(await ask('/sessions/revoke', { contact }), { status: 200, body: { ended: 1 } })
  t.match(await ask(`/sessions?contact=${contact}`), { body: { sessions: [] } })
  const after = await fetch(`${url}/auth/session`, {
    headers: { authorization: `Bearer ${String(accessToken)}` },
  })
  t.equal(after.status, 401, 'at the next request')
  for (const path of ['/explain', '/sessions/revoke', '/cache/clear']) {
    t.equal((await post(`${operatorUrl}${path}`, { contact })).status, 401, `${path} needs the token`)
    t.equal((await post(`${url}${path}`, { contact })).status, 404, `${path} is not on the port for all`)
  }

  const as = (authorization: string) => fetch(`${operatorUrl}/anything`, { headers: { authorization } })
  t.equal((await fetch(`${operatorUrl}/anything`)).status, 401)
  t.equal((await as(`Bearer ${token}x`)).status, 401)
  t.equal((await as(`Bearer ${token}`)).status, 404, 'the token opens what there is')
  const closed = await startGateway(t)
  t.equal(
    (await fetch(`${closed.operatorUrl}/anything`, { headers: { authorization: 'Bearer ' } })).status,
    401,
  )
})

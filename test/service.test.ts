import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { ConfigError, maskedConfig, readConfig, unknownNames } from '../src/config.ts'
import { errorCatalogue } from '../src/errors.ts'
import { cachedProbe } from '../src/probe.ts'
import { startGateway } from './start.ts'

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
      'COREBOS_URL is required (base URL of coreBOS, with or without /webservice.php)',
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
      [{ SESSION_IDLE_TTL: '100', SESSION_MAX_TTL: '99' }, /^SESSION_IDLE_TTL is longer/],
    ]
    for (const [env, line] of broken) t.match(problemsOf({ ...enough, ...env }), [line], JSON.stringify(env))

    const redis = problemsOf({ ...enough, REDIS_URL: 'redis://127.0.0.1' })
    t.ok(redis.includes('SESSION_KEYS is required with REDIS_URL'))
    t.ok(redis.includes('JWT_KEYS_FILE is required with REDIS_URL'))
    t.strictSame(problemsOf({ ...enough, METRICS_HOST: '127.0.0.2', TRUST_PROXY: '10.0.0.0/8, ::1' }), [])
  })

  t.test('reports names that are almost ours, and leaves others alone', async (t) => {
    t.strictSame(
      unknownNames({ COREBOS_URI: 'x', RATE_LIMT_IP: 'x', COREBOS_DEMO_PORT: '1', HOME: '/', TERM: 'x' }),
      [
        'COREBOS_URI means nothing here; did you mean COREBOS_URL?',
        'RATE_LIMT_IP means nothing here; did you mean RATE_LIMIT_IP?',
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

t.test('bad requests are refused with a problem document, never with a failure', async (t) => {
  const { url } = await startGateway(t)

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
  ]
  for (const [what, path, init, status, code] of requests) {
    const answer = await fetch(`${url}${path}`, init)
    const problem = await problemOf(answer)
    t.match({ status: answer.status, ...problem }, { status, code }, what)
    t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8', what)
    t.equal(problem['requestId'], answer.headers.get('x-request-id'), what)
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

t.test('other origins', async (t) => {
  const origin = 'https://portal.example.com'
  const { url } = await startGateway(t, { env: { CORS_ORIGINS: origin } })
  const preflight = (from: string) =>
    fetch(`${url}/health/live`, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    })
  t.equal((await preflight(origin)).headers.get('access-control-allow-origin'), origin)
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
      code: 'COREBOS_UNAVAILABLE',
      errors: [{ field: 'corebos', message: 'coreBOS cannot be reached' }],
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
      { fresh: 1000, patience: 5, now: () => now },
    )
    await Promise.all([probe(), probe(), probe()])
    t.equal(asked, 1)
    now = 1000
    await t.rejects(probe(), { code: 'COREBOS_TIMEOUT' })
    await t.rejects(probe(), { code: 'COREBOS_TIMEOUT' }, 'a failure is remembered as well')
    t.equal(asked, 2)
  })
})

t.test('a gateway that closes finishes what runs and refuses what comes', async (t) => {
  const gateway = await startGateway(t, { delayMs: 200 })
  const { hostname, port, host } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  let answers = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answers += chunk))
  const request = `GET /health/ready HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  socket.write(request)
  while (!gateway.log.some((line) => line.includes('arrived')))
    await new Promise((next) => setImmediate(next))

  const closed = gateway.close()
  socket.write(request)
  await Promise.all([once(socket, 'close'), closed])
  t.match(answers, /^HTTP\/1\.1 200 OK[^]*"ready"[^]*HTTP\/1\.1 503 [^]*connection: close[^]*SHUTTING_DOWN/i)
  await t.rejects(fetch(`${gateway.url}/health/live`), 'nobody listens any more')
})

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
  t.ok(named.has('RATE_LIMITED') && named.has('COREBOS_UNAVAILABLE'))
  t.strictSame(
    [...named].filter((code) => code === undefined || !(code in errorCatalogue)),
    [],
    'routes name no others',
  )

  const page = await fetch(`${url}/docs`)
  t.equal(page.status, 200)
  t.match(await page.text(), 'swagger-ui')
  t.match(await (await fetch(`${url}/docs/static/swagger-initializer.js`)).text(), '/openapi.json')
})

t.test('operators', async (t) => {
  const token = 'an-operator-token'
  const { url, operatorUrl } = await startGateway(t, { env: { OPERATOR_TOKEN: token } })
  await fetch(`${url}/nope`)
  await fetch(`${url}/health/ready`)
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  t.match(metrics, /portal_request_duration_seconds_count\{method="GET",route="none",status="404"\} 1/)
  t.match(metrics, /portal_corebos_call_duration_seconds_count\{operation="listtypes",/)
  t.match(metrics, /# TYPE portal_rows_withheld_total counter/)
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'not on the port for all')

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

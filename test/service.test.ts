/** The running service: its log, limits, addresses, origins, readiness, end and description. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { FormData as SentForm } from 'undici'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import { errorCatalogue } from '../src/model/errors.ts'
import { cachedProbe } from '../src/http/probe.ts'
import { startPortal } from './support/portal.ts'
import { entriesOf } from './support/described.ts'
import { startGateway } from './support/start.ts'
import { at, textAt } from './support/webservice-client.ts'
import { post, json, exchange } from './support/posted.ts'

/** With the settings that every installation needs, and no others. */
const plain = await startPortal(t)

t.test('nothing secret reaches the log, whatever is sent', async (t) => {
  const { url, operatorUrl, log } = await startGateway(t, {
    env: { OPERATOR_TOKEN: 'secret-operator-token' },
  })
  const type = { 'content-type': 'application/json' }
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
      await fetch(`${url}${path}`, { method: 'POST', headers: { ...type, ...headers }, body })
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
      t.match({ status: answer.status, ...(await json(answer)) }, { status: 429, code: 'RATE_LIMITED' }, path)
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
    const { accessToken } = await json(await logIn('alice@example.com'))
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
    t.match({ status: last.status, ...(await json(last)) }, { status: 429, code: 'RATE_LIMITED' })
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
    t.match(await json(answer), {
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

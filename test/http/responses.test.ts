/** Response headers, `HEAD` and compression. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { compressedRoutes, encode } from '../../src/http/compression.ts'
import { rateLimitHeaders, type Quota } from '../../src/http/rate-limit-headers.ts'
import { staticFile } from '../../src/http/static-files.ts'
import { credentialsOf, startPortal, type Portal } from '../support/portal.ts'
import { startGateway } from '../support/start.ts'

const list = '/modules/HelpDesk/records'

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

async function described(portal: Portal): Promise<Described> {
  return (await portal.as(undefined, 'GET', '/openapi.json')).body as unknown as Described // OpenAPI
}

const decoders = { br: brotliDecompressSync, gzip: gunzipSync }

async function fetched(portal: Portal, path: string, headers: Readonly<Record<string, string>>) {
  const { request } = await import('undici')
  const { statusCode, headers: answered, body } = await request(`${portal.url}${path}`, { headers })
  return { status: statusCode, headers: answered, body: Buffer.from(await body.arrayBuffer()) }
}

async function tokenOf(portal: Portal): Promise<string> {
  const { body } = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice') })
  return `Bearer ${String(body['accessToken'])}`
}

t.test('a response says how many requests are left, by limit', async (t) => {
  let now = Date.now()
  const env = { RATE_LIMIT_IP: '8/60', RATE_LIMIT_CONTACT: '3/30', RATE_LIMIT_LOGIN: '1/10' }
  const portal = await startPortal(t, { env, now: () => now })
  const login = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice') })
  t.equal(login.headers['ratelimit-policy'], '"address";q=8;w=60, "login";q=20;w=10')
  t.equal(login.headers['ratelimit'], '"address";r=7;t=60, "login";r=19;t=10')

  const headers = { authorization: `Bearer ${String(login.body['accessToken'])}` }
  now += 500
  const seen = []
  for (const path of ['/auth/session', '/records/17x1', '/nope', '/auth/session']) {
    const { status, headers: answered } = await portal.as(undefined, 'GET', path, { headers })
    seen.push([status, answered['ratelimit'], answered['retry-after']])
    t.equal(answered['ratelimit-policy'], '"address";q=8;w=60, "contact";q=3;w=30')
  }
  t.same(seen, [
    [200, '"address";r=6;t=60, "contact";r=2;t=30', undefined],
    [404, '"address";r=5;t=60, "contact";r=1;t=30', undefined],
    [404, '"address";r=4;t=60, "contact";r=0;t=30', undefined],
    [429, '"address";r=3;t=60, "contact";r=0;t=30', '30'],
  ])
  const live = await portal.as(undefined, 'GET', '/health/live')
  t.notOk('ratelimit' in live.headers, 'a route without limits says nothing')
  const webservice = await portal.as(undefined, 'GET', '/webservice.php?operation=getchallenge&username=x')
  t.equal(webservice.headers['ratelimit-policy'], '"address";q=8;w=60, "login";q=20;w=10')
})

t.test('of several limits of one name the tightest is shown', async (t) => {
  const quota = (remaining: number, name: Quota['name'] = 'address'): Quota => ({
    name,
    max: 10,
    seconds: 60,
    remaining,
    resetIn: 1001,
  })
  t.same(rateLimitHeaders([]), {})
  t.match(rateLimitHeaders([quota(3), quota(1), quota(2), quota(9, 'contact')]), {
    ratelimit: '"address";r=1;t=2, "contact";r=9;t=2',
  })
})

t.test('pages on other origins may read the headers', async (t) => {
  const portal = await startPortal(t, { env: { CORS_ORIGINS: 'https://app.example' } })
  const { headers } = await portal.as('alice', 'GET', '/me', { headers: { origin: 'https://app.example' } })
  const exposed = String(headers['access-control-expose-headers']).split(', ')
  for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'ETag', 'X-Request-Id'])
    t.ok(exposed.includes(name), name)
})

t.test('HEAD is answered like GET, without a body', async (t) => {
  const portal = await startPortal(t)
  const { paths } = await described(portal)
  const ids: Readonly<Record<string, string>> = { module: 'HelpDesk', other: 'Documents', id: '17x8625' }
  for (const path of Object.keys(paths).filter((each) => paths[each]?.['get'] !== undefined)) {
    // Asking about a one-time link must not use it up.
    if (path === '/downloads/{secret}') continue
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'x')
    const get = await portal.as('alice', 'GET', url)
    const head = await portal.as('alice', 'HEAD', url)
    t.equal(head.status, get.status, url)
    t.equal(head.text, '', url)
    for (const name of ['content-type', 'etag', 'cache-control', 'vary'])
      t.equal(head.headers[name], get.headers[name], `${name} of ${url}`)
    if (head.headers['content-length'] !== undefined && !path.startsWith('/auth/'))
      t.equal(Number(head.headers['content-length']), Buffer.byteLength(get.text), url)
  }
})

t.test('lists, records and metadata are compressed as the client accepts', async (t) => {
  const portal = await startPortal(t)
  const authorization = await tokenOf(portal)
  for (const path of [
    '/modules',
    '/modules/HelpDesk',
    list,
    '/me',
    '/openapi.json',
    '/docs/static/swagger-ui.css',
  ]) {
    const plain = await fetched(portal, path, { authorization })
    t.equal(plain.headers['content-encoding'], undefined, path)
    // Files are the same for every caller.
    const vary = path.includes('/static/') ? /^Accept-Encoding$/ : /Authorization, Cookie, Accept-Encoding/
    t.match(plain.headers['vary'], vary, path)
    for (const [accepted, coding] of [
      ['gzip, deflate, br', 'br'],
      ['br;q=0.5, gzip', 'gzip'],
      ['*', 'br'],
      ['gzip;q=0, br;q=0', undefined],
      ['identity, deflate', undefined],
    ] as const) {
      const { status, headers, body } = await fetched(portal, path, {
        authorization,
        'accept-encoding': accepted,
      })
      t.equal(status, 200)
      t.equal(headers['content-encoding'], coding, `${path} with ${accepted}`)
      t.equal(headers['vary'], plain.headers['vary'])
      if (coding === undefined) continue
      t.ok(body.length < plain.body.length, 'it is shorter')
      t.ok(decoders[coding](body).equals(plain.body), `${path} is the same in ${coding}`)
    }
  }
  const small = await fetched(portal, `${list}?limit=1&fields=id`, { authorization, 'accept-encoding': 'br' })
  t.equal(small.headers['content-encoding'], undefined, 'a short response is not compressed')
})

t.test('what holds a secret is not compressed, nor records for a browser that sends cookies', async (t) => {
  const env = { COOKIE_SESSIONS: 'true', PUBLIC_URL: 'http://localhost' }
  const portal = await startPortal(t, { env })
  const { paths } = await described(portal)
  const known = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((each) => `${each.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    ),
  )
  const named = Object.keys(compressedRoutes).filter((route) => !/ \/(docs|openapi|portal\/|$)/.test(route))
  t.same(
    named.filter((route) => !known.has(route)),
    [],
    'every route that is compressed exists',
  )
  t.same(
    named.filter((route) => /auth|links?|content|pdf|webservice/.test(route)),
    [],
    'none of them answers tokens, links or files',
  )

  const body = { ...credentialsOf('alice'), session: 'cookie' }
  const origin = 'http://localhost'
  const { headers } = await portal.as(undefined, 'POST', '/auth/login', { body, headers: { origin } })
  const cookie = [headers['set-cookie'] ?? []]
    .flat()
    .map((each) => each.split(';')[0])
    .join('; ')
  const codingOf = async (path: string) =>
    (await fetched(portal, path, { cookie, 'accept-encoding': 'br' })).headers['content-encoding']
  for (const path of [list, '/me']) t.equal(await codingOf(path), undefined, path)
  t.equal(await codingOf('/modules/HelpDesk'), 'br', 'metadata is')
  t.equal(await codingOf('/auth/sessions'), undefined)
})

t.test('a compressed record has an entity tag of its own, which reads and writes accept', async (t) => {
  const portal = await startPortal(t)
  const authorization = await tokenOf(portal)
  const path = '/records/17x8625'
  const write = async (description: string, tag: string) =>
    portal.as('alice', 'PATCH', path, { body: { description }, headers: { 'if-match': tag } })
  t.equal((await write('long '.repeat(400), '*')).status, 200)
  const plain = await fetched(portal, path, { authorization })
  const br = await fetched(portal, path, { authorization, 'accept-encoding': 'br' })
  const gzip = await fetched(portal, path, { authorization, 'accept-encoding': 'gzip' })
  const tags = [plain, br, gzip].map(({ headers }) => String(headers['etag']))
  t.equal(new Set(tags).size, 3, 'representations that differ have different tags')
  for (const tag of tags) {
    for (const accepted of ['br', 'identity']) {
      const headers = { authorization, 'accept-encoding': accepted, 'if-none-match': `"other", ${tag}` }
      const { status, headers: answered } = await fetched(portal, path, headers)
      t.equal(status, 304, `${tag} with ${accepted}`)
      t.match(answered['vary'], /Accept-Encoding/)
      if (tag.endsWith(`-${accepted}"`)) t.equal(answered['etag'], tag)
    }
  }
  t.equal((await write('short', tags[1] ?? '')).status, 200, 'a write may name any of them')
  for (const tag of tags) t.equal((await write('shorter', tag)).status, 412, 'the record has changed since')
})

t.test('what any caller may read is made and compressed once', async (t) => {
  const { url } = await startGateway(t)
  const read = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}${path}`, { headers })
    return { response, text: await response.text() }
  }
  const { text } = await read('/openapi.json')
  for (const path of ['/docs/json', '/docs/yaml']) t.equal((await read(path)).text, text, path)
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
    const path = `/docs/static/${name}`
    const plain = await read(path, { 'accept-encoding': 'identity' })
    t.equal(plain.response.status, 200)
    t.equal((await read(path, { 'accept-encoding': 'br' })).text, plain.text, path)
    const etag = plain.response.headers.get('etag') ?? ''
    t.equal((await read(path, { 'if-none-match': etag })).response.status, 304)
  }
  t.equal((await read('/docs/static/nothing.css')).response.status, 404)
  const { bytes } = staticFile('a.css', Buffer.alloc(10_000, 'x'))
  t.equal(await encode(bytes, 'br'), await encode(bytes, 'br'), 'the same bytes')
})

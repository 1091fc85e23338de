/** Sessions in cookies, as a browser sees them. */
import t, { type Test } from 'tap'
import {
  credentialsOf,
  startPortal,
  type Answer,
  type Portal,
  type PortalOptions,
} from '../support/portal.ts'

const origin = 'https://portal.example'
const app = 'https://app.example'
const strangers = ['https://evil.example', 'http://portal.example', 'null']
const withCookies = { COOKIE_SESSIONS: 'true', PUBLIC_URL: `${origin}/gw`, CORS_ORIGINS: app }
const query = { query: 'select id from HelpDesk' }

interface Sent {
  readonly origin?: string | undefined
  readonly host?: string
  readonly token?: string
  readonly body?: unknown
}

/** A browser, as far as cookies go: a cookie that is set empty is gone. */
class Browser {
  readonly cookies: Map<string, string>
  readonly attributes: string[] = []
  readonly portal: Portal

  constructor(portal: Portal, cookies: Iterable<readonly [string, string]> = []) {
    this.portal = portal
    this.cookies = new Map(cookies)
  }

  async send(method: string, path: string, { origin, host, token, body }: Sent = {}): Promise<Answer> {
    const answer = await this.portal.as(undefined, method, path, {
      body,
      headers: {
        ...(origin !== undefined && { origin }),
        ...(host !== undefined && { host }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    })
    for (const each of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = '', rest = ''] = /^([^=]+)=([^;]*);(.*)$/.exec(each) ?? []
      this.attributes.push(`${name};${rest}`)
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  async logIn(sent: Sent = { origin }, name = 'alice'): Promise<Answer> {
    const body = { ...credentialsOf(name), session: 'cookie' }
    return this.send('POST', '/auth/login', { body, ...sent })
  }

  cookie(name: string): string {
    return this.cookies.get(name) ?? ''
  }
}

async function start(t: Test, options: PortalOptions = {}): Promise<Portal> {
  return startPortal(t, { ...options, env: { ...withCookies, ...options.env } })
}

const codeOf = ({ status, body: { code } }: Answer) => `${status} ${code ?? ''}`.trim()

async function tokensOf(portal: Portal, name = 'alice') {
  const { body } = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf(name) })
  return { access: String(body['accessToken']), refresh: String(body['refreshToken']) }
}

t.test('a browser that asks for cookies gets no token that a script can read', async (t) => {
  const browser = new Browser(await start(t))
  for (const from of [undefined, ...strangers])
    t.equal(codeOf(await browser.logIn({ origin: from })), '403 CROSS_SITE', `from ${from ?? 'no page'}`)
  t.equal(browser.cookies.size, 0)

  const { status, body, text } = await browser.logIn()
  t.match(
    { status, body },
    { status: 200, body: { tokenType: 'Bearer', expiresIn: 600, contact: { id: '12x8549' } } },
  )
  t.same([...browser.cookies.keys()].toSorted(), [
    '__Host-portal-access',
    '__Host-portal-device',
    '__Host-portal-refresh',
  ])
  for (const each of browser.attributes) {
    for (const attribute of [/Path=\//, /HttpOnly/, /Secure/, /SameSite=Strict/]) t.match(each, attribute)
    t.notMatch(each, /Domain/i)
  }
  for (const token of browser.cookies.values()) t.notOk(text.includes(token))
  for (const name of ['accessToken', 'refreshToken', 'deviceToken']) t.notOk(name in body)
  t.match(await browser.send('GET', '/auth/session'), {
    status: 200,
    body: { contact: { id: '12x8549' } },
  })
})

t.test('only pages of the portal change something with cookies', async (t) => {
  const browser = new Browser(await start(t))
  await browser.logIn()
  const kept = new Map(browser.cookies)
  for (const from of [undefined, ...strangers]) {
    for (const [path, body] of [
      ['/query', query],
      ['/auth/refresh', {}],
      ['/auth/logout', undefined],
      ['/auth/logout-all', undefined],
      ['/auth/login', { ...credentialsOf('bob'), session: 'cookie' }],
    ] as const)
      t.equal(
        codeOf(await browser.send('POST', path, { origin: from, body })),
        '403 CROSS_SITE',
        `${path} from ${from ?? 'no page'}`,
      )
  }
  t.same(browser.cookies, kept, 'no other site sets or clears a cookie')
  for (const from of [origin, app])
    t.equal((await browser.send('POST', '/query', { origin: from, body: query })).status, 200, from)
})

t.test('tokens work beside cookies, and leave the cookies of the browser as they are', async (t) => {
  const portal = await start(t)
  const browser = new Browser(portal)
  await browser.logIn()
  const kept = new Map(browser.cookies)
  for (const session of [undefined, 'token']) {
    const body = { ...credentialsOf('bob'), ...(session !== undefined && { session }) }
    for (const from of [undefined, origin, ...strangers]) {
      const { status, body: answered } = await browser.send('POST', '/auth/login', { origin: from, body })
      t.equal(status, 200, `from ${from ?? 'a program'}`)
      for (const name of ['accessToken', 'refreshToken', 'deviceToken'])
        t.type(answered[name], 'string', name)
    }
  }
  const { access: token, refresh: refreshToken } = await tokensOf(portal, 'bob')
  t.match(
    await browser.send('GET', '/auth/session', { token }),
    { body: { contact: { id: '12x8550' } } },
    'a header takes precedence',
  )
  const refreshed = await browser.send('POST', '/auth/refresh', { origin, body: { refreshToken } })
  t.equal(refreshed.status, 200)
  t.type(refreshed.body['refreshToken'], 'string', 'a token in the body is exchanged in the body')
  t.equal(
    codeOf(await browser.send('POST', '/auth/refresh', { origin, body: { refreshToken: 'x' } })),
    '401 INVALID_REFRESH_TOKEN',
  )
  t.equal((await browser.send('POST', '/auth/logout', { token })).status, 204)
  t.equal(
    codeOf(await browser.send('POST', '/auth/refresh', { body: { refreshToken } })),
    '401 SESSION_ENDED',
    'of a session that has ended',
  )
  t.same(browser.cookies, kept)
  t.equal(
    (await portal.as(undefined, 'GET', '/auth/session', { headers: bearer(browser) })).status,
    200,
    'the token of a cookie works in a header as well',
  )
})

function bearer(browser: Browser) {
  return { authorization: `Bearer ${browser.cookie('__Host-portal-access')}` }
}

t.test('an empty refresh exchanges the cookie, and a use after the grace ends the session', async (t) => {
  let now = Date.now()
  const browser = new Browser(await start(t, { now: () => now }))
  await browser.logIn()
  const before = new Map(browser.cookies)
  const refreshed = await browser.send('POST', '/auth/refresh', { origin, body: {} })
  t.match(refreshed, { status: 200, body: { expiresIn: 600 } })
  for (const name of ['accessToken', 'refreshToken']) t.notOk(name in refreshed.body)
  t.not(browser.cookie('__Host-portal-refresh'), before.get('__Host-portal-refresh'))
  t.equal((await browser.send('POST', '/auth/refresh', { origin, body: {} })).status, 200)

  now += 10_001
  const thief = new Browser(browser.portal, before)
  t.equal(
    codeOf(await thief.send('POST', '/auth/refresh', { origin, body: {} })),
    '401 INVALID_REFRESH_TOKEN',
  )
  t.same([...thief.cookies.keys()], ['__Host-portal-device'], 'which opens no session')
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 SESSION_ENDED')
  t.equal(codeOf(await browser.send('POST', '/auth/refresh', { origin, body: {} })), '401 SESSION_ENDED')
  t.same([...browser.cookies.keys()], ['__Host-portal-device'])
})

t.test('an expired cookie of a running session is told apart from an ended session', async (t) => {
  let now = Date.now()
  const portal = await start(t, { now: () => now })
  const browser = new Browser(portal)
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 AUTHENTICATION_REQUIRED')
  await browser.logIn()
  const { access: token } = await tokensOf(portal)
  now += 601_000
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 TOKEN_EXPIRED')
  t.equal(codeOf(await browser.send('GET', '/auth/session', { token })), '401 TOKEN_EXPIRED')
  t.equal((await browser.send('POST', '/auth/refresh', { origin, body: {} })).status, 200)
  t.equal((await browser.send('GET', '/auth/session')).status, 200)

  const other = new Browser(portal)
  await other.logIn()
  t.equal((await other.send('POST', '/auth/logout-all', { origin })).status, 204)
  t.same([...other.cookies.keys()], ['__Host-portal-device'])
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 SESSION_ENDED')
  now += 601_000
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 SESSION_ENDED', 'expired as well')
  t.equal(codeOf(await browser.send('GET', '/auth/session', { token })), '401 SESSION_ENDED')
  t.equal(codeOf(await browser.send('POST', '/auth/refresh', { origin, body: {} })), '401 SESSION_ENDED')
})

t.test('without COOKIE_SESSIONS cookies are neither given nor read', async (t) => {
  const portal = await startPortal(t)
  const browser = new Browser(portal)
  const { status, body } = await browser.logIn()
  t.match(
    { status, body },
    { status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field: 'session' }] } },
  )
  t.match(body.errors?.[0]?.message, /COOKIE_SESSIONS is off; accepted: 'token'/)
  t.match(
    await browser.send('POST', '/auth/login', { body: { ...credentialsOf('alice'), session: 'both' } }),
    { status: 400, body: { code: 'VALIDATION_FAILED' } },
  )
  const { access, refresh } = await tokensOf(portal)
  browser.cookies.set('__Host-portal-access', access).set('__Host-portal-refresh', refresh)
  browser.cookies.set('portal-access', access).set('portal-refresh', refresh)
  t.equal(codeOf(await browser.send('GET', '/auth/session')), '401 AUTHENTICATION_REQUIRED')
  t.equal(
    codeOf(await browser.send('POST', '/auth/refresh', { origin, body: {} })),
    '401 INVALID_REFRESH_TOKEN',
  )
})

t.test('on localhost cookies work without TLS, for pages of the gateway itself', async (t) => {
  const env = { PUBLIC_URL: 'http://localhost:3000', CORS_ORIGINS: 'http://localhost:5173' }
  const browser = new Browser(await start(t, { env }))
  const host = new URL(browser.portal.url).host
  for (const from of ['http://localhost:4000', 'http://evil.example', `http://${host}.evil.example`, 'null'])
    t.equal(codeOf(await browser.logIn({ origin: from, host })), '403 CROSS_SITE', from)
  t.equal(
    codeOf(await browser.logIn({ origin: 'http://evil.example', host: 'evil.example' })),
    '403 CROSS_SITE',
    'a name that leads to this machine is not localhost',
  )
  for (const [from, at] of [
    ['http://localhost:3000', host],
    ['http://localhost:5173', host],
    [`http://${host}`, host],
    ['http://localhost:8080', 'localhost:8080'],
    ['http://[::1]:8080', '[::1]:8080'],
  ] as const)
    t.equal((await browser.logIn({ origin: from, host: at })).status, 200, `${from} at ${at}`)
  t.same([...browser.cookies.keys()].toSorted(), ['portal-access', 'portal-device', 'portal-refresh'])
  for (const each of browser.attributes) {
    for (const attribute of [/Path=\//, /HttpOnly/, /SameSite=Strict/]) t.match(each, attribute)
    t.notMatch(each, /Secure|Domain/i)
  }
  t.equal((await browser.send('GET', '/auth/session')).status, 200)
})

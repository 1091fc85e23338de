/** Log-in, refresh and log-out at the gateway, and what rejections tell. */
import t, { type Test } from 'tap'
import { request } from 'undici'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import type { PortalAccess } from '../../src/demo/database.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { until } from '../support/redis-server.ts'
import type { Relay } from '../support/relay.ts'
import { startRelayed, type Started, type StartOptions } from '../support/start.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: Body
}

/** What the routes of this test answer, rejections included. */
interface Body {
  readonly code?: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
  readonly contact: Record<string, unknown>
  readonly id: string
  readonly sessions: { readonly id: string; readonly current: boolean; readonly userAgent: string }[]
}

interface CallOptions {
  readonly body?: unknown
  readonly token?: string
  /** The address that a trusted proxy names. */
  readonly from?: string
}

interface Portal extends Started {
  readonly relay: Relay
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  login(username: string, password: string, entity?: string): Promise<Answer>
  access(name: string): PortalAccess
  /** Changes a record of coreBOS behind the gateway's back. */
  change(id: number, values: Readonly<Record<string, string>>): void
}

const noServiceUser = { COREBOS_USER: '', COREBOS_ACCESS_KEY: '' }

async function start(t: Test, options: StartOptions = {}): Promise<Portal> {
  const { relay, gateway: started } = await startRelayed(t, options)
  const { database } = started.corebos

  async function call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await request(`${started.url}${path}`, {
      // undici names the methods that it knows; this test uses those.
      method: method as 'GET',
      headers: {
        'user-agent': 'a browser',
        ...(options.from !== undefined && { 'x-forwarded-for': options.from }),
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    })
    const text = await response.body.text()
    const body = (text === '' ? {} : JSON.parse(text)) as Body // the tests below look at each part they need
    return { status: response.statusCode, headers: response.headers, text, body }
  }

  return {
    ...started,
    relay,
    call,
    login: async (username, password, entity) =>
      call('POST', '/auth/login', { body: { username, password, ...(entity !== undefined && { entity }) } }),
    access(name) {
      const access = database.portalAccess.find(({ userName }) => userName === `${name}@example.com`)
      if (access === undefined) throw new Error(`${name} has no portal access`)
      return access
    },
    change(id, values) {
      const record = database.entity(id)
      if (record === undefined) throw new Error(`there is no record ${id}`)
      for (const [name, value] of Object.entries(values)) record.values.set(name, value)
    },
  }
}

/** The coreBOS sessions that an operation has opened for a name, or for all names. */
function upstreamSessions(relay: Relay, operation = 'loginPortal', username?: string): string[] {
  return relay.calls.flatMap((call) => {
    if (call.operation !== operation || !call.answer.success) return []
    if (username !== undefined && call.params.get('username') !== username) return []
    const { sessionName } = call.answer.result as { readonly sessionName: string } // as recorded
    return sessionName
  })
}

const alice = 8549
const bob = 8550
const carol = 8551
const dave = 8552
const erin = 8553

t.test('contacts of all four password types log in with their own coreBOS session', async (t) => {
  const portal = await start(t)
  const expected = {
    alice: { id: '12x8549', accountId: '11x8546', user: { id: '19x7', name: 'alice' } },
    bob: { id: '12x8550', accountId: '11x8546', user: { id: '19x8', name: 'bob' } },
    carol: { id: '12x8551' },
    dave: { id: '12x8552' },
    erin: { id: '12x8553' },
  }
  for (const [name, contact] of Object.entries(expected)) {
    const { status, body, text, headers } = await portal.login(`${name}@example.com`, `${name}-pw`)
    t.equal(status, 200, name)
    t.match(body, {
      tokenType: 'Bearer',
      expiresIn: 600,
      contact: { ...contact, language: 'en', level: 'account' },
    })
    t.match(headers, { 'cache-control': /no-store/ })
    const session = upstreamSessions(portal.relay).at(-1) ?? ''
    t.notMatch(text, session, 'the coreBOS session does not leave the gateway')
    t.equal(await portal.relay.isAlive(session), true)
  }
  t.equal(
    (await portal.login('ÁLICE@example.com ', 'alice-pw')).status,
    200,
    'another spelling of the same name',
  )
  t.equal(portal.log.join('\n').includes('alice-pw'), false, 'no password is logged')
})

t.test('without a service user the type is fixed and the contact reads its own record', async (t) => {
  const portal = await start(t, { env: { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' } })
  const { status, body } = await portal.login('alice@example.com', 'alice-pw')
  t.equal(status, 200)
  t.match(body.contact, { id: '12x8549', accountId: '11x8546' })
  t.equal((await portal.login('bob@example.com', 'bob-pw')).status, 401, 'sha256 is not tried in turn')
  t.equal(portal.access('bob').failures, 1)
  t.equal((await portal.login('grace@example.com', 'grace-pw')).status, 401)
})

t.test('every rejection is the same answer', async (t) => {
  const portal = await start(t)
  portal.change(bob, { support_end_date: '2021-12-31' })
  portal.change(erin, { email: 'carol@example.com' })
  portal.access('erin').userName = 'carol@example.com'
  portal.access('dave').failures = 6
  const attempts: readonly (readonly [kind: string, username: string, password: string, entity?: string])[] =
    [
      ['unknown name', 'nobody@example.com', 'x'],
      ['wrong password', 'alice@example.com', 'wrong'],
      ['right by collation only', 'alice@example.com', 'ALICE-PW'],
      ['portal off', 'frank@example.com', 'frank-pw'],
      ['support over', 'bob@example.com', 'bob-pw'],
      ['mapped to an administrator', 'grace@example.com', 'grace-pw'],
      ['two contacts of one name', 'carol@example.com', 'carol-pw'],
      ['locked in coreBOS', 'dave@example.com', 'dave-pw'],
      ['an employee by a contact name', 'alice@example.com', 'alice-pw', 'Employee'],
      ['a CRM user', 'portal', 'portal-access-key'],
      ['no password', 'alice@example.com', ''],
      ['a name too long', 'a'.repeat(5000), 'x'],
      ['a password too long', 'alice@example.com', 'x'.repeat(5000)],
      ['not text', 'alice\0@example.com', 'x\0'],
      ['a name that no statement holds', "a where [b]'\\", 'x'],
    ]
  const answers = await Promise.all(
    attempts.map(async ([kind, username, password, entity]) => ({
      kind,
      answer: await portal.login(username, password, entity),
    })),
  )
  const shape = ({ status, headers, body }: Answer) => ({
    status,
    headers: { ...headers, date: '', 'x-request-id': '', ratelimit: '' },
    body: { ...body, requestId: '' },
  })
  const [first] = answers
  for (const { kind, answer } of answers) {
    t.equal(answer.body.code, 'INVALID_CREDENTIALS', kind)
    t.same(shape(answer), first && shape(first.answer), kind)
  }
  for (const body of [
    {},
    { username: 'alice@example.com' },
    { username: 1, password: 'x' },
    { username: 'a', password: 'b', entity: 'Users' },
  ]) {
    t.match(await portal.call('POST', '/auth/login', { body }), {
      status: 400,
      body: { code: 'VALIDATION_FAILED' },
    })
  }
  for (const session of upstreamSessions(portal.relay)) {
    t.equal(await portal.relay.isAlive(session), false, 'no rejected log-in leaves a coreBOS session behind')
  }
  t.equal(upstreamSessions(portal.relay).length, 1, 'that was the one of the administrator')
})

t.test('no stranger can lock a customer out of coreBOS', async (t) => {
  const spellings = [
    'alice@example.com',
    'ALICE@example.com',
    'álice@example.com',
    'alice@example.com ',
    'ALICÉ@EXAMPLE.COM',
  ]

  t.test('with a service user wrong passwords are not counted there at all', async (t) => {
    const portal = await start(t)
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => portal.login(spellings[i % 5] ?? '', `guess ${i}`)),
    )
    t.equal(portal.access('alice').failures, 0)
    t.equal(portal.relay.count('loginPortal'), 0)
    t.equal((await portal.login('alice@example.com', 'alice-pw')).status, 200)
  })

  t.test('with a service user a password right by collation alone meets the budget', async (t) => {
    const portal = await start(t)
    const { database } = portal.corebos
    let most = 0
    for (let i = 0; i < 3; i++) {
      await Promise.all(spellings.slice(0, 3).map((name) => portal.login(name, 'ALICE-PW')))
      most = Math.max(most, portal.access('alice').failures)
      t.equal((await portal.login('alice@example.com', 'alice-pw')).status, 200)
      t.equal(portal.access('alice').failures, 0)
    }
    await Promise.all(Array.from({ length: 30 }, (_, i) => portal.login(spellings[i % 5] ?? '', 'ALICE-PW')))
    t.equal(portal.access('alice').failures, failuresBefore.sure)
    t.equal(most, 3)
    t.equal((await portal.login('bob@example.com', 'bob-pw')).status, 200, 'others are not touched')
    t.equal((await portal.login('alice@example.com', 'alice-pw')).status, 401, 'spent')
    t.equal(portal.access('alice').failures, failuresBefore.sure)
    t.equal(
      database.portalAccess.every(({ failures }) => failures <= 5),
      true,
      'coreBOS locks nobody out',
    )
  })

  t.test('without a service user at most four failures reach coreBOS, whatever the spelling', async (t) => {
    const portal = await start(t, { env: { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' } })
    for (let round = 0; round < 2; round++) {
      await Promise.all(
        ['wrong', 'wrong again', 'alice-pw'].map((password) => portal.login('alice@example.com', password)),
      )
      t.equal((await portal.login('alice@example.com', 'alice-pw')).status, 200)
    }
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => portal.login(spellings[i % 5] ?? '', `guess ${i}`)),
    )
    t.equal(portal.access('alice').failures, failuresBefore.known)
    t.equal((await portal.login('erin@example.com', 'erin-pw')).status, 200)
  })

  t.test('failures are limited by name and address, whether or not somebody has the name', async (t) => {
    const portal = await start(t, { env: { RATE_LIMIT_LOGIN: '3/60', TRUST_PROXY: '127.0.0.1' } })
    const login = (username: string, password: string, from: string) =>
      portal.call('POST', '/auth/login', { body: { username, password }, from })
    const limited = { status: 429, body: { code: 'RATE_LIMITED' }, headers: { 'retry-after': /^\d+$/ } }
    for (const name of ['alice', 'nobody']) {
      for (const { status } of await Promise.all(
        Array.from({ length: 3 }, () => login(`${name}@example.com`, 'wrong', '192.0.2.1')),
      )) {
        t.equal(status, 401)
      }
      t.match(await login(`${name.toUpperCase()}@example.com`, 'wrong', '192.0.2.1'), limited)
      t.equal((await login(`${name}@example.com`, 'wrong', '192.0.2.2')).status, 401, 'another address')
    }
    t.match(await login('alice@example.com', 'alice-pw', '192.0.2.1'), limited, 'the right one as well')
    t.equal((await login('alice@example.com', 'alice-pw', '192.0.2.3')).status, 200)
    for (const name of ['bob', 'carol', 'dave'])
      t.equal((await login(`${name}@example.com`, `${name}-pw`, '192.0.2.1')).status, 200, 'other names')
  })
})

t.test('in service mode the gateway looks at flag, dates and exact password itself', async (t) => {
  const portal = await start(t, { env: { LOGIN_MODE: 'service' } })
  for (const name of ['alice', 'bob', 'carol', 'dave', 'erin', 'grace']) {
    const { status, body } = await portal.login(`${name}@example.com`, `${name}-pw`)
    t.equal(status, 200, name)
    t.match(body.contact, { user: { id: '19x5', name: 'portal' } }, 'the service user works for everybody')
  }
  await Promise.all(Array.from({ length: 6 }, () => portal.login('bob@example.com', 'BOB-PW')))
  t.equal(portal.access('bob').failures, failuresBefore.sure)
  portal.change(carol, { support_end_date: '2021-12-31' })
  portal.change(erin, { email: 'dave@example.com' })
  portal.access('erin').userName = 'dave@example.com'
  const rejected = await Promise.all([
    ...['carol', 'dave', 'frank', 'nobody'].map((name) => portal.login(`${name}@example.com`, `${name}-pw`)),
    portal.login('emil@example.com', 'emil-pw', 'Employee'),
  ])
  t.same(
    rejected.map(({ status }) => status),
    [401, 401, 401, 401, 401],
  )
  await portal.close()
  for (const session of upstreamSessions(portal.relay)) t.equal(await portal.relay.isAlive(session), false)
})

t.test('in user mode the contact is the one that is mapped to the CRM user', async (t) => {
  for (const env of [{ LOGIN_MODE: 'user' }, { LOGIN_MODE: 'user', ...noServiceUser }]) {
    const portal = await start(t, { env })
    const { body, status } = await portal.login('alice', 'alice-access-key')
    t.equal(status, 200)
    t.match(body.contact, { id: '12x8549', accountId: '11x8546', user: { id: '19x7', name: 'alice' } })
    t.equal((await portal.login('ALICE', 'alice-password')).status, 200, 'its own password does as well')
    t.equal((await portal.login('alice', 'wrong')).status, 401)

    const before = upstreamSessions(portal.relay, 'login', 'alice').length
    portal.change(bob, { portalloginuser: '7' })
    portal.change(carol, { portal: '0' })
    portal.change(dave, { support_start_date: '2099-01-01' })
    const kinds = {
      admin: 'an administrator',
      portal2: 'mapped to nobody',
      nobody: 'no user',
      'alice@example.com': 'a contact',
      alice: 'mapped to two contacts',
      carol: 'portal off',
      dave: 'support not begun',
    }
    await Promise.all(
      Object.entries(kinds).map(async ([name, kind]) =>
        t.equal((await portal.login(name, `${name}-access-key`)).status, 401, kind),
      ),
    )
    const rejected = [
      ...upstreamSessions(portal.relay, 'login', 'alice').slice(before),
      ...['admin', 'portal2', 'carol', 'dave'].flatMap((name) =>
        upstreamSessions(portal.relay, 'login', name),
      ),
    ]
    t.equal(rejected.length, 5)
    for (const session of rejected) t.equal(await portal.relay.isAlive(session), false)
  }
})

t.test(
  'in user mode the policy may say that the contact is the one with the e-mail of the CRM user',
  async (t) => {
    const file = `${t.testdir({ 'policy.json': JSON.stringify({ ...builtinPolicy, matchUsersBy: 'email' }) })}/policy.json`
    for (const others of [{}, noServiceUser]) {
      const portal = await start(t, { env: { LOGIN_MODE: 'user', POLICY_FILE: file, ...others } })
      portal.change(alice, { portalloginuser: '5' })
      const { status, body } = await portal.login('alice', 'alice-access-key')
      t.equal(status, 200)
      t.match(body.contact, { id: '12x8549', user: { id: '19x7', name: 'alice' } })
      portal.change(bob, { email: 'somebody@example.com' })
      portal.change(carol, { email: 'dave@example.com' })
      for (const [name, kind] of [
        ['bob', 'nobody has the e-mail'],
        ['dave', 'two contacts have the e-mail'],
      ] as const) {
        t.equal((await portal.login(name, `${name}-access-key`)).status, 401, kind)
      }
    }
  },
)

t.test('employees log in in portal mode', async (t) => {
  const portal = await start(t)
  const { status, body } = await portal.login('emil@example.com', 'emil-pw', 'Employee')
  t.equal(status, 200)
  t.match(body.contact, { accountId: null, user: { id: /^19x/ } })
  await Promise.all(Array.from({ length: 10 }, () => portal.login('emil@example.com', 'wrong', 'Employee')))
  t.equal(portal.access('emil').failures, failuresBefore.known)
  t.equal((await portal.login('emil@example.com', 'emil-pw')).status, 401, 'an employee is no contact')
})

t.test(
  'a refresh token is good for one pair, within its grace for the newest one, and its reuse ends the session',
  async (t) => {
    let now = Date.now()
    const portal = await start(t, { now: () => now, env: { REFRESH_GRACE: '10' } })
    const refresh = (refreshToken: string) => portal.call('POST', '/auth/refresh', { body: { refreshToken } })
    const { body: first } = await portal.login('alice@example.com', 'alice-pw')
    const [session = ''] = upstreamSessions(portal.relay)

    const { body: second, status } = await refresh(first.refreshToken)
    t.equal(status, 200)
    t.not(second.refreshToken, first.refreshToken)
    now += 5000
    const again = await refresh(first.refreshToken)
    t.equal(again.body.refreshToken, second.refreshToken, 'two tabs share one token')
    for (const { accessToken } of [first, second, again.body]) {
      t.match(await portal.call('GET', '/auth/session', { token: accessToken }), { status: 200 })
    }
    const { body: third } = await refresh(second.refreshToken)
    now += 100
    const late = await refresh(first.refreshToken)
    t.equal(late.body.refreshToken, third.refreshToken, 'a third tab gets the newest one')
    t.match(await refresh('forged'), { status: 401, body: { code: 'INVALID_REFRESH_TOKEN' } })
    now += 6000
    t.equal(await portal.relay.isAlive(session), true)
    t.match(
      await refresh(first.refreshToken),
      { status: 401, body: { code: 'INVALID_REFRESH_TOKEN' } },
      'after the grace',
    )
    t.match(await refresh(third.refreshToken), { status: 401 })
    t.match(await portal.call('GET', '/auth/session', { token: third.accessToken }), {
      status: 401,
      body: { code: 'SESSION_ENDED' },
    })
    t.equal(await portal.relay.isAlive(session), false, 'the coreBOS session went with it')
  },
)

t.test('sessions are listed and ended, and their coreBOS sessions with them', async (t) => {
  const portal = await start(t)
  const logins = []
  for (let i = 0; i < 4; i++) logins.push((await portal.login('alice@example.com', 'alice-pw')).body)
  const [a, b, c, d] = logins.map(({ accessToken }) => accessToken)
  const upstream = upstreamSessions(portal.relay)
  const alive = async () => Promise.all(upstream.map((session) => portal.relay.isAlive(session)))
  const stranger = (await portal.login('bob@example.com', 'bob-pw')).body.accessToken
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error('four log-ins')

  const current = await portal.call('GET', '/auth/session', { token: a })
  t.match(current, {
    status: 200,
    body: { current: true, userAgent: 'a browser', contact: { id: '12x8549' } },
  })
  const list = await portal.call('GET', '/auth/sessions', { token: a })
  t.equal(list.body.sessions.length, 4)
  t.equal(list.body.sessions.find((each) => each.current)?.id, current.body.id)

  t.match(await portal.call('POST', '/auth/logout', { token: a }), { status: 204, text: '' })
  t.match(await portal.call('GET', '/auth/session', { token: a }), {
    status: 401,
    body: { code: 'SESSION_ENDED' },
  })
  t.match(await portal.call('POST', '/auth/logout', { token: a }), { status: 401 })
  t.same(await alive(), [false, true, true, true])

  const { id } = (await portal.call('GET', '/auth/session', { token: b })).body
  t.match(
    await portal.call('DELETE', `/auth/sessions/${id}`, { token: stranger }),
    { status: 404 },
    "not the stranger's",
  )
  t.match(await portal.call('DELETE', `/auth/sessions/${id}`, { token: c }), { status: 204 })
  t.match(await portal.call('DELETE', `/auth/sessions/${id}`, { token: c }), {
    status: 404,
    body: { code: 'NOT_FOUND' },
  })
  t.same(await alive(), [false, false, true, true])

  t.match(await portal.call('POST', '/auth/logout-all', { token: c }), { status: 204 })
  t.same(await alive(), [false, false, false, false])
  t.match(await portal.call('GET', '/auth/session', { token: d }), { status: 401 })
  t.match(await portal.call('GET', '/auth/session', { token: stranger }), { status: 200 })

  for (const token of ['', 'x', `${stranger}x`, stranger.slice(0, -3)]) {
    t.match(await portal.call('GET', '/auth/session', { token }), {
      status: 401,
      body: { code: 'AUTHENTICATION_REQUIRED' },
    })
  }
})

t.test('a contact changes its own password, and its other sessions end', async (t) => {
  for (const env of [{}, { LOGIN_MODE: 'service' }, { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' }]) {
    const portal = await start(t, { env })
    const [here, there] = await Promise.all([1, 2].map(() => portal.login('alice@example.com', 'alice-pw')))
    const token = here?.body.accessToken ?? ''
    const change = (currentPassword: string, newPassword: string) =>
      portal.call('PUT', '/auth/password', { token, body: { currentPassword, newPassword } })

    t.match(await change('ALICE-PW', 'a better one'), { status: 422, body: { code: 'WRONG_PASSWORD' } })
    t.match(await change('alice-pw', 'short'), { status: 400, body: { code: 'VALIDATION_FAILED' } })
    for (const odd of ['emoji \u{1F600} password', ' blank before', '<b>password</b>', 'tab\tpassword']) {
      t.match(await change('alice-pw', odd), { status: 400, body: { code: 'INVALID_VALUE' } })
    }
    t.equal(portal.access('alice').password, 'alice-pw')
    t.match(await change('alice-pw', 'a better one'), { status: 204, text: '' })
    t.equal(portal.access('alice').password, 'a better one')
    t.match(await portal.call('GET', '/auth/session', { token }), { status: 200 })
    t.match(await portal.call('GET', '/auth/session', { token: there?.body.accessToken ?? '' }), {
      status: 401,
    })
    t.equal((await portal.login('alice@example.com', 'alice-pw')).status, 401)
    t.equal((await portal.login('alice@example.com', 'a better one')).status, 200)
    await portal.close()
    const upstream = upstreamSessions(portal.relay)
    const alive = await Promise.all(upstream.map((session) => portal.relay.isAlive(session)))
    t.equal(
      alive.filter(Boolean).length,
      env.LOGIN_MODE === 'service' ? 0 : 2,
      'the current one and the new one',
    )
  }
  const portal = await start(t, { env: { LOGIN_MODE: 'user' } })
  const { accessToken: token } = (await portal.login('alice', 'alice-access-key')).body
  const body = { currentPassword: 'alice-access-key', newPassword: 'a better one' }
  t.match(await portal.call('PUT', '/auth/password', { token, body }), {
    status: 403,
    body: { code: 'NOT_WRITABLE' },
  })
  t.match(await portal.call('PUT', '/auth/password', { body }), { status: 401 })
})

t.test('a forgotten password is mailed a few times, and nobody learns whose it is', async (t) => {
  const portal = await start(t)
  const recover = (username: string) => portal.call('POST', '/auth/password-recovery', { body: { username } })
  const answers = await Promise.all(
    ['alice@example.com', 'nobody@example.com', 'frank@example.com', '', 'x'.repeat(5000), '\0'].map(recover),
  )
  for (const { status, text } of answers) t.same({ status, text }, { status: 202, text: '' })
  for (let i = 0; i < 6; i++) await recover(`ALICE@example.com${' '.repeat(i)}`)
  await portal.close()
  const sent = portal.relay.calls.filter(
    ({ operation, answer }) => operation === 'sendRecoverPassword' && answer.success,
  )
  t.equal(sent.length, 3)

  const proxied = await start(t, {
    env: { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_LOGIN: '4/60' },
    delayMs: 300,
  })
  const from = (address: string, username: string) =>
    proxied.call('POST', '/auth/password-recovery', { body: { username }, from: address })
  const asked = () => proxied.relay.count('sendRecoverPassword')
  for (let i = 0; i < 9; i++) {
    const name = ['alice', 'bob', 'nobody'][i % 3] ?? ''
    t.match(await from('192.0.2.1', `${name}@example.com`), { status: 202, text: '' }, 'beyond the limit too')
  }
  t.equal(asked(), 0, 'no answer has waited for coreBOS')
  t.match(await from('192.0.2.1', 'carol@example.com'), { status: 202 })
  t.match(await from('192.0.2.2', 'carol@example.com'), { status: 202 }, 'her name is not used up')
  await until('five mails', async () => asked() >= 5)
  await proxied.close()
  t.strictSame(
    proxied.relay.calls
      .filter(({ operation }) => operation === 'sendRecoverPassword')
      .map(({ params }) => params.get('username'))
      .sort(),
    ['alice', 'alice', 'bob', 'carol', 'nobody'].map((name) => `${name}@example.com`),
    'four by one address, and one by another',
  )

  for (const env of [{ LOGIN_MODE: 'user' }, { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' }]) {
    const silent = await start(t, { env })
    const body = { username: 'alice@example.com' }
    t.match(await silent.call('POST', '/auth/password-recovery', { body }), { status: 202, text: '' })
    t.match(await silent.call('POST', '/auth/password-recovery', { body: {} }), { status: 400 })
    await silent.close()
    t.equal(silent.relay.count('sendRecoverPassword'), 0)
  }
})

/** @returns what makes alice and her CRM user what they were */
function remembered({ corebos: { database } }: Portal): () => void {
  const records = [database.entity(alice), database.row('Users', 7)]
  const before = records.map((record) => ({ record, values: [...(record?.values ?? [])] }))
  return () => {
    for (const { record, values } of before) {
      if (record === undefined) continue
      for (const [name, value] of values) record.values.set(name, value)
      record.deleted = false
    }
  }
}

t.test('a running session feels what changes in coreBOS within ACCESS_RECHECK', async (t) => {
  type Change = (portal: Portal) => void
  const ending: Readonly<Record<string, Change>> = {
    'portal off': (portal) => portal.change(alice, { portal: '0' }),
    'support over': (portal) => portal.change(alice, { support_end_date: '2021-12-31' }),
    'mapped to somebody else': (portal) => portal.change(alice, { portalloginuser: '5' }),
    'the user becomes an administrator': ({ corebos }) =>
      corebos.database.row('Users', 7)?.values.set('is_admin', 'on'),
    deleted: ({ corebos }) => {
      const record = corebos.database.entity(alice)
      if (record !== undefined) record.deleted = true
    },
  }
  const modes: readonly (readonly [
    mode: string,
    name: string,
    password: string,
    env: Record<string, string>,
    not: string[],
  ])[] = [
    ['portal', 'alice@example.com', 'alice-pw', {}, []],
    ['portal', 'alice@example.com', 'alice-pw', { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' }, []],
    [
      'service',
      'alice@example.com',
      'alice-pw',
      {},
      ['mapped to somebody else', 'the user becomes an administrator'],
    ],
    ['user', 'alice', 'alice-access-key', {}, []],
  ]
  for (const [mode, username, password, env, not] of modes) {
    let now = Date.now()
    const portal = await start(t, { now: () => now, env: { ...env, LOGIN_MODE: mode } })
    await portal.warmed()
    for (const [what, change] of Object.entries(ending)) {
      const { accessToken: token } = (await portal.login(username, password)).body
      const look = () => portal.call('GET', '/auth/session', { token })
      const undo = remembered(portal)
      change(portal)
      t.match(await look(), { status: 200 }, `${mode}: ${what}`)
      now += 61_000
      const calls = portal.relay.calls.length
      const answers = await Promise.all([look(), look(), look()])
      const survives = not.includes(what)
      for (const { status } of answers) t.equal(status, survives ? 200 : 401, `${mode}: ${what}`)
      t.ok(portal.relay.calls.length - calls <= 4, 'requests share one look')
      undo()
      if (survives) await portal.call('POST', '/auth/logout', { token })
      for (const session of upstreamSessions(portal.relay))
        t.equal(await portal.relay.isAlive(session), false)
    }
  }

  let now = Date.now()
  const portal = await start(t, { now: () => now })
  const { accessToken: token } = (await portal.login('alice@example.com', 'alice-pw')).body
  portal.change(alice, { account_id: '8547' })
  now += 61_000
  const { body } = await portal.call('GET', '/auth/session', { token })
  t.equal(body.contact['accountId'], '11x8547', 'a contact that moves to another account sees that one')
})

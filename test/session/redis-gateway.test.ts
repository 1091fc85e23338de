/** Gateways that share a Redis. */
import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { readConfig } from '../../src/config/config.ts'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { loginsByAddress } from '../../src/auth/login-limits.ts'
import { startService } from '../../src/service.ts'
import { startPortal, type Answer, type Portal } from '../support/portal.ts'
import {
  commandsOf,
  installed,
  sharedSettings,
  startRedis,
  until,
  type Server,
} from '../support/redis-server.ts'
import { passwordTypes, WebserviceClient } from '../support/webservice-client.ts'

const skip = installed('redis-server') ? false : 'skipped: redis-server is not on the PATH'
const operatorToken = 'an operator of this test'

interface Pair extends Portal {
  readonly redis: Server
  /** The second instance. */
  readonly other: { readonly url: string; readonly operatorUrl: string }
}

/** Two instances in front of one coreBOS, which share a Redis and their keys. */
async function startPair(t: Test, settings: Readonly<Record<string, string>> = {}): Promise<Pair> {
  const redis = await startRedis(t)
  const env = {
    ...(await sharedSettings(t, redis)),
    OPERATOR_TOKEN: operatorToken,
    ...settings,
  }
  const portal = await startPortal(t, { env })
  const other = await startService(readConfig({ ...portal.env }), { sink: { write: () => undefined } })
  t.teardown(() => other.close())
  return { ...portal, redis, other }
}

const credentials = (name: string, password = `${name}-pw`) => ({
  body: { username: `${name}@example.com`, password },
})

/** A session at `/webservice.php`. */
async function clientAt(url: string, name: string): Promise<WebserviceClient> {
  const client = new WebserviceClient(url)
  const answer = await client.tryPortal(`${name}@example.com`, `${name}-pw`, passwordTypes[name] ?? 'md5')
  if (answer.success !== true) throw new Error(answer.text)
  return client
}

async function operator(url: string, path: string, body: unknown): Promise<number> {
  const response = await request(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await response.body.dump()
  return response.statusCode
}

t.test('what requests cost, counted by Redis itself', { skip }, async (t) => {
  const portal = await startPair(t)
  const { redis, url } = portal
  const query = 'select ticket_title from HelpDesk limit 3'
  const client = await clientAt(url, 'alice')
  const form = `operation=query&query=${encodeURIComponent(query)}`
  const named = `${form}&sessionName=${client.session}`
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const requests: Readonly<
    Record<string, () => Promise<{ readonly status: number; readonly text: string }>>
  > = {
    'a page of records': () =>
      portal.as('alice', 'GET', '/modules/HelpDesk/records?fields=ticket_title&limit=3'),
    'a query': () => portal.as('alice', 'POST', '/query', { body: { query } }),
    'the session': () => portal.as('alice', 'GET', '/auth/session'),
    'coreBOS’s protocol, the session in a header': () => client.call('query', { query }),
    'coreBOS’s protocol, the session in the URL': () => client.send({ method: 'GET', query: named }),
    'coreBOS’s protocol, the session in the body': () => client.send({ body: named, headers: type }),
    'coreBOS’s protocol, the session in a large body': () =>
      client.send({ body: `${named}&other=${'x'.repeat(5000)}`, headers: type }),
  }
  for (const send of Object.values(requests))
    t.match(await send(), { status: 200, text: /alice|ticket_title/ })
  for (const [name, send] of Object.entries(requests)) {
    const commands = await commandsOf(redis, async () => {
      for (let n = 0; n < 10; n++) t.equal((await send()).status, 200)
    })
    // A large body is read after the request was counted, and its session looked up then.
    const trips = name.endsWith('in a large body') ? 2 : 1
    t.same(commands, { evalsha: 10 * trips }, `${name}: round trips of ten requests`)
  }

  const login = () => portal.as(undefined, 'POST', '/auth/login', credentials('bob'))
  await portal.as(undefined, 'POST', '/auth/login', credentials('bob', 'wrong'))
  t.same(
    await commandsOf(redis, async () => t.equal((await login()).status, 200)),
    { evalsha: 9 },
    'a log-in: its limits, where it comes from, a slot in the budget of failures, the session',
  )
  const rejected = async () =>
    t.equal((await portal.as(undefined, 'POST', '/auth/login', credentials('bob', 'wrong'))).status, 401)
  t.same(await commandsOf(redis, rejected), { evalsha: 4 }, 'one that is rejected')
  const dropIn = new WebserviceClient(url)
  const token = await dropIn.token('dave@example.com')
  t.same(
    await commandsOf(redis, async () => {
      const password = `${token}dave-pw`
      const sent = { username: 'dave@example.com', password, entity: 'Contacts' }
      t.equal((await dropIn.call('loginPortal', sent)).success, true)
    }),
    { evalsha: 9 },
    'one in coreBOS’s protocol',
  )
})

t.test('two instances are one', { skip }, async (t) => {
  const portal = await startPair(t)
  const { other, relay } = portal
  const here = (name: string | undefined, method: string, path: string, body?: unknown) =>
    portal.as(name, method, path, { body })
  const there = (name: string | undefined, method: string, path: string, body?: unknown) =>
    portal.as(name, method, path, { body, at: other.url })

  await t.test('for the length at which coreBOS was seen to cut a text', async (t) => {
    const path = '/records/12x8549'
    const change = (length: number) => ({ otherstreet: 'x'.repeat(length) })
    t.match(await here('alice', 'PATCH', path, change(300)), { status: 409 })
    const known = { status: 400, body: { errors: [{ message: /at most 255 are stored/ }] } }
    t.match(await there('alice', 'PATCH', path, change(256)), known)
    t.equal(await operator(portal.operatorUrl, '/cache/clear', {}), 204)
    t.match(await here('alice', 'PATCH', path, change(256)), { status: 409 }, 'a cleared cache forgets it')
  })

  await t.test('for guesses at a password', async (t) => {
    const before = relay.count('loginPortal')
    // Right by the collation of the database, so that it is known to be meant for her, and wrong to the letter.
    const guess = credentials('erin', 'ERIN-PW').body
    const guesses = Array.from({ length: 10 }, (_, n) =>
      (n % 2 === 0 ? here : there)(undefined, 'POST', '/auth/login', guess),
    )
    t.same(new Set((await Promise.all(guesses)).map(({ status }) => status)), new Set([401]))
    const failures = failuresBefore.sure
    t.equal(relay.count('loginPortal') - before, failures, 'no more than the budget reached coreBOS')
    for (const ask of [here, there])
      t.equal(
        (await ask(undefined, 'POST', '/auth/login', credentials('erin').body)).status,
        401,
        'it is spent',
      )
    t.equal(relay.count('loginPortal') - before, failures)
  })

  await t.test('for challenges of names that nobody has', async (t) => {
    const tokens = await Promise.all(
      [portal.url, other.url, portal.url].map((url) => new WebserviceClient(url).token('nobody@example.com')),
    )
    t.match(tokens[0], /^[\da-f]{13}$/)
    t.equal(new Set(tokens).size, 1)
  })

  await t.test('for what comes under one idempotency key', async (t) => {
    const body = { ticket_title: 'once', ticketstatus: 'Open' }
    const headers = { 'idempotency-key': 'click' }
    const before = relay.count('create')
    const answers = await Promise.all(
      [portal.url, other.url, portal.url, other.url].map((at) =>
        portal.as('alice', 'POST', '/modules/HelpDesk/records', { body, headers, at }),
      ),
    )
    const again = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
      body,
      headers,
      at: other.url,
    })
    t.equal(relay.count('create') - before, 1)
    const made = [...answers, again].filter(({ status }) => status === 201)
    t.equal(new Set(made.map(({ body }) => body.id)).size, 1)
    t.ok(
      answers.every(({ status }) => status === 201 || status === 409),
      'it is done, or under way',
    )
  })

  await t.test('for links that work once', async (t) => {
    const { body, status, text } = await here('alice', 'POST', '/documents/15x8644/link')
    t.equal(status, 201, text)
    const { pathname } = new URL(String(body['url']))
    const answers = await Promise.all(
      [other.url, portal.url, other.url].map(async (at) => (await request(`${at}${pathname}`)).statusCode),
    )
    t.same(answers.toSorted(), [200, 404, 404])
  })

  await t.test('for lists of ids that make up a scope, and for what operators clear', async (t) => {
    const documents = async () => {
      const { body } = await there('alice', 'GET', '/modules/Documents/records?fields=notes_title&limit=100')
      return (body.records ?? []).map(({ id }) => String(id)).toSorted()
    }
    const seen = await documents()
    const rest = seen.filter((id) => id !== '15x8644')
    const change = (operation: string) =>
      portal.admin.result(operation, {
        [operation === 'SetRelation' ? 'relate_this_id' : 'unrelate_this_id']: '12x8549',
        with_these_ids: ['15x8644'],
      })
    await change('UnsetRelation')
    t.same(await documents(), seen, 'what the other instance has read, it remembers for a while')
    t.equal((await here('bob', 'PATCH', '/records/12x8550', { phone: '0123' })).status, 200)
    t.same(await documents(), rest, 'until somebody writes, whoever and on whichever instance')
    await change('SetRelation')
    t.same(await documents(), rest)
    t.equal(await operator(portal.operatorUrl, '/cache/clear', {}), 204)
    const before = relay.count('describe')
    t.same(await documents(), seen, 'or an operator clears it, on whichever instance')
    t.ok(relay.count('describe') > before, 'modules and fields too')
    t.same(await documents(), seen)
  })

  await t.test('for the end of a session, at both interfaces', async (t) => {
    const client = await clientAt(other.url, 'carol')
    t.equal((await there('carol', 'GET', '/auth/session')).status, 200)
    t.equal((await client.call('listtypes')).success, true)
    const { body } = await there('carol', 'GET', '/auth/session')
    const { id } = body['contact'] as { readonly id: string } // as the description says
    t.equal(await operator(portal.operatorUrl, '/sessions/revoke', { contact: id }), 200)
    t.match(await there('carol', 'GET', '/auth/session'), { status: 401, body: { code: 'SESSION_ENDED' } })
    t.equal((await client.call('listtypes')).code, 'AUTHENTICATION_REQUIRED')

    const dropIn = await clientAt(portal.url, 'bob')
    const elsewhere = new WebserviceClient(other.url)
    elsewhere.session = dropIn.session
    t.equal((await elsewhere.call('listtypes')).success, true, 'a session name leads there from everywhere')
    t.equal((await here('bob', 'POST', '/auth/logout-all', {})).status, 204)
    for (const each of [dropIn, elsewhere])
      t.equal((await each.call('listtypes')).code, 'AUTHENTICATION_REQUIRED')
  })
})

t.test('limits of two instances are one limit', { skip }, async (t) => {
  const portal = await startPair(t, {
    RATE_LIMIT_CONTACT: '6/600',
    RATE_LIMIT_LOGIN: '4/600',
    TRUST_PROXY: '127.0.0.1',
  })
  const urls = [portal.url, portal.other.url]
  const at = (n: number) => urls[n % 2] ?? portal.url
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const statuses = async (count: number, send: (n: number) => Promise<Answer>) => {
    const answers = []
    for (let n = 0; n < count; n++) answers.push((await send(n)).status)
    return answers
  }

  t.same(
    await statuses(7, (n) => portal.as('alice', 'GET', '/auth/session', { at: at(n) })),
    [200, 200, 200, 200, 200, 200, 429],
    'requests of a contact',
  )
  const guess = (n: number, address: string) =>
    portal.as(undefined, 'POST', '/auth/login', {
      ...credentials('nobody', 'wrong'),
      headers: from(address),
      at: at(n),
    })
  t.same(
    await statuses(5, (n) => guess(n, '192.0.2.1')),
    [401, 401, 401, 401, 429],
    'failures at a name from an address',
  )
  const most = loginsByAddress({ max: 4, seconds: 600 }).max
  const logins = await statuses(most + 10, (n) =>
    portal.as(undefined, 'POST', '/auth/login', {
      ...credentials(`nobody${n}`, ''),
      headers: from('198.51.100.1'),
      at: at(n),
    }),
  )
  t.equal(logins.indexOf(429), most, 'log-ins from an address')
})

t.test('while Redis is away', { skip }, async (t) => {
  const portal = await startPair(t, { RATE_LIMIT_IP: '30/600', ACCESS_TOKEN_TTL: '3600' })
  const { relay, redis } = portal
  const client = await clientAt(portal.url, 'alice')
  t.equal((await portal.as('alice', 'GET', '/auth/session')).status, 200)
  await redis.kill()
  await until('it is noticed', async () => {
    const { status } = await portal.as(undefined, 'GET', '/health/ready')
    return status === 503
  })
  const calls = relay.calls.length
  const away = {
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'STORE_UNAVAILABLE', status: 503 },
  }

  t.match(await portal.as(undefined, 'GET', '/health/ready'), {
    status: 503,
    headers: { 'retry-after': '1' },
    body: {
      code: 'NOT_READY',
      errors: [{ field: 'redis', message: 'The session store is unreachable' }],
    },
  })
  t.equal((await portal.as(undefined, 'GET', '/health/live')).status, 200, 'a restart would not help')
  const began = performance.now()
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records?fields=ticket_title'), away)
  t.match(await portal.as('alice', 'POST', '/auth/logout-all', { body: {} }), away)
  t.match(await portal.as(undefined, 'POST', '/auth/login', credentials('bob')), away, 'the right password')
  t.match(
    await portal.as(undefined, 'POST', '/auth/login', credentials('bob', 'wrong')),
    away,
    'and a wrong one',
  )
  t.match(await portal.as(undefined, 'POST', '/auth/refresh', { body: { refreshToken: 'x.1.y' } }), {
    status: 401,
  })
  t.match(await client.call('listtypes'), {
    status: 200,
    code: 'STORE_UNAVAILABLE',
    headers: { 'retry-after': '1' },
  })
  t.match(
    await new WebserviceClient(portal.url).call('loginPortal', {
      username: 'bob@example.com',
      password: 'x',
    }),
    {
      status: 200,
      code: 'STORE_UNAVAILABLE',
    },
  )
  t.ok(performance.now() - began < 5000, 'nothing hangs')
  t.same(
    relay.calls.slice(calls).filter(({ operation }) => /login|authenticate|challenge/i.test(operation)),
    [],
    'budgets count as spent: no password reaches coreBOS',
  )

  const many = async (name?: string) => {
    const found = new Set<number>()
    for (let n = 0; n < 40; n++) found.add((await portal.as(name, 'GET', '/nope')).status)
    return found
  }
  t.same(await many(), new Set([404, 429]), 'limits are counted by each instance alone')
  t.same(await many('alice'), new Set([429]), 'with a token too')

  await startRedis(t, { port: redis.port })
  const back = performance.now()
  const ready = async () => (await portal.as(undefined, 'GET', '/health/ready')).status === 200
  await until('it is ready', ready)
  const took = performance.now() - back
  t.comment(`ready ${Math.round(took)} ms after Redis`)
  t.ok(took < 1000, 'recovered within a second')
  t.equal((await portal.as(undefined, 'POST', '/auth/login', credentials('bob'))).status, 200)
})

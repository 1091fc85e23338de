/** Log-in and sessions at `/webservice.php`. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { loginsByAddress } from '../../src/auth/login-limits.ts'
import { operations } from '../../src/webservice/operations.ts'
import { startGateway, startRelayed, type Started } from '../support/start.ts'
import {
  at,
  contactAt,
  hash,
  rowsAt,
  textAt,
  userAt,
  WebserviceClient,
  type Answer,
  type Sent,
} from '../support/webservice-client.ts'

// Most of their time is waited for rejections, which are all held back for as long.
t.jobs = 4

const people = ['alice', 'bob', 'carol', 'dave', 'erin']
const operatorToken = 'an-operator-token'
const noServiceUser = { COREBOS_USER: '', COREBOS_ACCESS_KEY: '' }

function accessOf({ corebos }: Started, name: string) {
  const access = corebos.database.portalAccess.find(({ userName }) => userName === `${name}@example.com`)
  if (access === undefined) throw new Error(`${name} has no portal access`)
  return access
}

/** Session, contact, signature. */
const sessionName = /^[\w-]+\.12x\d+\.[\w-]{22}$/

t.test('contacts log in as they do at coreBOS, with a session that is worth nothing there', async (t) => {
  const { relay, gateway } = await startRelayed(t)
  const comeAndGo = async (name: string) => {
    const client = await contactAt(gateway.url, name)
    t.match(client.session, sessionName)
    const login = relay.calls.find(
      ({ operation, params }) =>
        operation === 'loginPortal' && params.get('username') === `${name}@example.com`,
    )
    const upstream = textAt(login?.answer, 'result', 'sessionName')
    t.not(upstream, '')
    t.not(client.session, upstream)
    const there = new WebserviceClient(gateway.corebos.url)
    there.session = client.session
    t.match(await there.call('listtypes'), { success: false, code: 'AUTHENTICATION_REQUIRED' }, name)
    t.match(
      await client.call('query', { query: `select id from Contacts where email='${name}@example.com';` }),
      {
        result: [{ id: `12x${accessOf(gateway, name).owner}` }],
      },
    )
    const here = new WebserviceClient(gateway.url)
    here.session = upstream
    t.match(await here.call('listtypes'), { code: 'AUTHENTICATION_REQUIRED' }, 'nor the other way round')

    t.strictSame((await client.call('logout', { sessionName: 'undefined' })).result, {
      message: 'successfull',
    })
    t.equal(await relay.isAlive(upstream), false, 'the session of coreBOS ends with it')
    t.match(await client.call('listtypes'), { code: 'AUTHENTICATION_REQUIRED' })
    t.match(await client.call('logout'), { code: 'AUTHENTICATION_REQUIRED' })
  }
  await Promise.all(people.map(comeAndGo))

  const spelled = new WebserviceClient(gateway.url)
  t.match(await spelled.tryPortal('ÁLICE@example.com ', 'alice-pw', 'md5', 'Whatever'), {
    success: true,
    result: { user: { id: /^19x/, user_name: /./, contactid: '12x8549', language: 'en' } },
  })
  t.match(await spelled.call('extendsession'), {
    result: { sessionName: spelled.session, userId: spelled.userId },
  })
  t.match(await new WebserviceClient(gateway.url).call('extendsession'), { code: 'AUTHENTICATION_REQUIRED' })

  const emil = await contactAt(gateway.url, 'emil')
  t.same(rowsAt((await emil.call('query', { query: 'select productname from Products;' })).result).length, 3)
  t.match(await emil.call('query', { query: 'select id from HelpDesk;' }), { code: 'ACCESS_DENIED' })

  const metrics = await (await fetch(`${gateway.operatorUrl}/metrics`)).text()
  t.match(metrics, /portal_logins_total\{outcome="ok"\} 7/)
  t.notMatch(gateway.log.join(''), /alice-pw|[0-9a-f]{32}"/, 'neither passwords nor hashes are logged')
})

const hours = 3600

/** A challenge as it looks: how old in seconds, and whether it is said to be new. */
function looksOf(challenge: unknown) {
  const token = textAt(challenge, 'token')
  const made = Number.parseInt(token.slice(0, 8), 16)
  const expireTime = at(challenge, 'expireTime')
  return {
    token,
    made,
    age: Number(at(challenge, 'serverTime')) - made,
    isNew: typeof expireTime === 'number',
    expires: Number(expireTime),
  }
}

t.test('an answer never tells whether a name is that of a customer', async (t) => {
  let clock = Date.now()
  const gateway = await startGateway(t, { now: () => clock })
  const client = new WebserviceClient(gateway.url)
  gateway.corebos.database.entity(8553)?.values.set('email', 'boss@example.com')
  accessOf(gateway, 'erin').userName = 'boss@example.com'
  const names = ['alice', 'boss', 'ross', 'frank', 'grace', 'nobody', 'nobody.else', 'portal'].map((name) =>
    name === 'portal' ? name : `${name}@example.com`,
  )
  const challenge = async (username: string) => (await client.call('getchallenge', { username })).result
  const askAgain = async (name: string) => {
    const first = await challenge(name)
    const { token, made, age, isNew, expires } = looksOf(first)
    t.match(token, /^[0-9a-f]{13}$/, name)
    t.ok(Number.parseInt(token.slice(8), 16) < 1_000_000, 'microseconds')
    t.strictSame(Object.keys(first ?? {}), ['token', 'serverTime', 'expireTime'])
    t.ok(Math.abs(Number(at(first, 'serverTime')) - Date.now() / 1000) < 60)
    t.equal(expires, made + 2 * hours)
    if (isNew) t.ok(Math.abs(age) <= 1, 'it is as old as it looks')
    else t.ok(age >= 0 && age <= 2 * hours, 'somebody may have asked for it')
    const spellings = [name, name.toUpperCase(), `${name} `, name.replace('o', 'ó').replace('a', 'á')]
    for (const again of await Promise.all(spellings.map(challenge))) {
      t.equal(textAt(again, 'token'), token, `handed out again, however ${name} is spelled`)
      t.equal(at(again, 'expireTime'), String(made + 7200), 'as a text')
    }
  }
  await Promise.all(names.map(askAgain))
  for (const [name, odd] of [
    ['boss@example.com', 'boß@example.com'],
    ['ross@example.com', 'roẞ@example.com'],
  ] as const) {
    // One after the other: two tokens of the same microsecond would be equal.
    const one = await challenge(name)
    const other = await challenge(odd)
    t.not(textAt(one, 'token'), textAt(other, 'token'), `${odd} is another name`)
  }

  // A client that asks for months sees nothing that coreBOS could not have answered.
  const strangers = Array.from({ length: 24 }, (_, n) => `stranger${n}@example.com`)
  const seen = new Map(strangers.map((name): [string, ReturnType<typeof looksOf>[]] => [name, []]))
  for (const pause of [0, 1, 20, 2 * hours, 60, 5 * hours, 2 * hours + 1, 100 * hours]) {
    clock += pause * 1000
    await Promise.all(
      strangers.map(async (name) => {
        const now = looksOf(await challenge(name))
        const before = seen.get(name)?.at(-1)
        if (before !== undefined && before.token === now.token) {
          t.notOk(now.isNew, 'one that is handed out again is not said to be new')
          t.ok(now.age <= 2 * hours, 'and not for longer than two hours')
        } else if (before !== undefined) {
          t.ok(now.made >= before.expires, 'the next one begins after the end of the one before')
        }
        if (now.isNew) t.ok(Math.abs(now.age) <= 1)
        seen.get(name)?.push(now)
      }),
    )
  }
  const atFirst = strangers.map((name) => seen.get(name)?.[0]?.isNew)
  t.ok(atFirst.includes(true) && atFirst.includes(false), 'some look used, some do not')
})

t.test('a log-in leaves the same trace whether or not somebody has the name', async (t) => {
  const modes = [
    [{}, 'bob@example.com', 'frank@example.com', false],
    [{}, 'bob@example.com', 'frank@example.com', true],
    [{ LOGIN_MODE: 'service' }, 'bob@example.com', 'frank@example.com', false],
    [{ LOGIN_MODE: 'service' }, 'dave@example.com', 'frank@example.com', true],
    [{ LOGIN_MODE: 'user' }, 'bob', 'robert', false],
    [{ ...noServiceUser, COREBOS_PASSWORD_TYPE: 'sha256' }, 'bob@example.com', 'frank@example.com', false],
  ] as const
  const tryAt = async ([env, somebody, nobody, inProtocol]: (typeof modes)[number]) => {
    let clock = Date.now()
    const gateway = await startGateway(t, { env, now: () => clock })
    const client = new WebserviceClient(gateway.url)
    const logIn = async (username: string, password: string) =>
      inProtocol
        ? client.call('loginPortal', { username, password })
        : fetch(`${gateway.url}/auth/login`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ username, password }),
          })
    // Those that look used before the first request say nothing; with others there is one that does not.
    const nobodies = [nobody, ...Array.from({ length: 12 }, (_, n) => `${n}.${nobody}`)]
    for (const answer of await Promise.all([somebody, ...nobodies].map((name) => logIn(name, 'wrong')))) {
      t.equal(answer.status, inProtocol ? 200 : 401)
    }
    clock += 40_000
    const looks = async (username: string) =>
      looksOf((await client.call('getchallenge', { username })).result)
    const [his = NaN, ...others] = (await Promise.all([somebody, ...nobodies].map(looks))).map(
      ({ age, isNew }) => (isNew ? NaN : age),
    )
    // One that looked used may have come to its end in these seconds, one in 180; without traces most would be new.
    const fresh = others.filter(Number.isNaN).length
    t.ok(fresh <= 2, `${fresh} of ${others.length} are new`)
    const like = others.filter((age) => Math.abs(age - 40) <= 2)
    t.ok(like.length > 3, `${like.length} of ${others.length} begun with the log-in`)
    // coreBOS has a clock of its own here, so that his age is that of the log-in as the gateway's tells it.
    t.ok(Math.abs(his - 40) <= 2, `his is as old: ${his}`)
  }
  await Promise.all(modes.map(tryAt))
})

t.test('every rejected log-in is the same answer, and none comes early', async (t) => {
  const gateway = await startGateway(t)
  const { database } = gateway.corebos
  database.entity(8550)?.values.set('support_end_date', '2021-12-31')
  database.entity(8553)?.values.set('email', 'carol@example.com')
  accessOf(gateway, 'erin').userName = 'carol@example.com'
  accessOf(gateway, 'dave').failures = 6
  const client = new WebserviceClient(gateway.url)
  const [alice = '', bob = '', grace = '', dave = '', portal = ''] = await Promise.all(
    ['alice@example.com', 'bob@example.com', 'grace@example.com', 'dave@example.com', 'portal'].map((name) =>
      client.token(name),
    ),
  )
  const kinds: readonly (readonly [kind: string, params: Readonly<Record<string, string>>])[] = [
    ['unknown name', { username: 'nobody@example.com', password: 'x' }],
    ['wrong hash', { username: 'alice@example.com', password: 'x' }],
    [
      'hash of another type',
      {
        username: 'alice@example.com',
        password: hash('sha256', alice, 'alice-pw'),
      },
    ],
    ['portal off', { username: 'frank@example.com', password: 'x' }],
    [
      'support over',
      {
        username: 'bob@example.com',
        password: hash('sha256', bob, 'bob-pw'),
      },
    ],
    [
      'mapped to an administrator',
      {
        username: 'grace@example.com',
        password: hash('md5', grace, 'grace-pw'),
      },
    ],
    ['two contacts of one name', { username: 'carol@example.com', password: 'x' }],
    ['locked in coreBOS', { username: 'dave@example.com', password: `${dave}dave-pw` }],
    ['a contact as an employee', { username: 'alice@example.com', password: 'x', entity: 'Employee' }],
    ['a CRM user', { username: 'portal', password: 'x' }],
    ['no challenge asked for', { username: 'erin@example.com', password: 'x' }],
    ['nothing', {}],
    ['too long', { username: 'a'.repeat(5000), password: 'x'.repeat(5000) }],
    ['a name that no statement holds', { username: "a where [b]'\\", password: 'x' }],
  ]
  const attempts = [
    ...kinds.map(([kind, params]) => ({ kind, operation: 'loginPortal', params })),
    {
      kind: 'a CRM user where contacts log in',
      operation: 'login',
      params: {
        username: 'portal',
        accessKey: hash('md5', portal, 'portal-access-key'),
      },
    },
  ]
  const answers = await Promise.all(
    attempts.map(async ({ kind, operation, params }) => {
      const began = performance.now()
      const answer = await client.call(operation, params)
      return { kind, answer, took: performance.now() - began }
    }),
  )
  for (const { kind, answer, took } of answers) {
    t.equal(
      answer.text,
      '{"success":false,"error":{"message":"Invalid username or password","code":"INVALID_USER_CREDENTIALS"},"moreinfo":null}',
      kind,
    )
    t.equal(answer.status, 200, kind)
    t.ok(took > 400, `${kind} took ${Math.round(took)} ms`)
  }
})

t.test('hashes count towards the budget that a contact has at every route', async (t) => {
  const guessAt = async (env: Readonly<Record<string, string>>) => {
    const { relay, gateway } = await startRelayed(t, { env: { ...env, OPERATOR_TOKEN: operatorToken } })
    const client = new WebserviceClient(gateway.url)
    const guess = async (username: string) => client.call('loginPortal', { username, password: 'x' })
    await client.token('alice@example.com')
    await Promise.all(['ALICE@example.com', 'álice@example.com'].map(guess))
    t.equal(accessOf(gateway, 'alice').failures, 2)
    t.match(
      (await contactAt(gateway.url, 'alice')).session,
      sessionName,
      'the right one gives the budget back',
    )
    t.equal(accessOf(gateway, 'alice').failures, 0)

    await Promise.all(Array.from({ length: 12 }, () => guess('alice@example.com')))
    t.equal(accessOf(gateway, 'alice').failures, failuresBefore.known, 'no more reach coreBOS')
    const sent = relay.count('loginPortal')
    const token = await client.token('alice@example.com')
    const right = { username: 'alice@example.com', password: hash('md5', token, 'alice-pw') }
    t.match(await client.call('loginPortal', right), { code: 'INVALID_USER_CREDENTIALS' })
    t.equal(relay.count('loginPortal'), sent)
    t.ok((await contactAt(gateway.url, 'erin')).session, 'others are not touched')
    const elsewhere = await fetch(`${gateway.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' }),
    })
    if ('COREBOS_USER' in env) {
      t.equal(elsewhere.status, 401, 'at every interface')
      accessOf(gateway, 'alice').failures = 0
      const forgotten = await fetch(`${gateway.operatorUrl}/failures/forget`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${operatorToken}` },
        body: JSON.stringify({ username: 'alice@example.com' }),
      })
      t.strictSame(await forgotten.json(), { forgotten: failuresBefore.known })
    } else t.equal(elsewhere.status, 200, 'but for who proves to know it, which resets the counter')
    t.ok((await contactAt(gateway.url, 'alice')).session, 'and then with hashes again')
    t.equal(accessOf(gateway, 'alice').failures, 0)

    await guess('nobody@example.com')
    const nobody = relay.calls.filter(
      ({ operation, params }) =>
        operation === 'loginPortal' && params.get('username') === 'nobody@example.com',
    )
    t.equal(nobody.length, 'COREBOS_USER' in env ? 1 : 0, 'with a service user nothing is relayed for nobody')
  }
  await Promise.all([{}, { ...noServiceUser, COREBOS_PASSWORD_TYPE: 'md5' }].map(guessAt))
})

t.test('a password that comes in clear is looked at before coreBOS counts it', async (t) => {
  const tryAt = async (env: Readonly<Record<string, string>>) => {
    const { relay, gateway } = await startRelayed(t, { env })
    const client = new WebserviceClient(gateway.url)
    const username = 'dave@example.com'
    const token = await client.token(username)
    const guesses = ['x', token, `${token}wrong`, `${token.slice(1)}dave-pw`, hash('md5', token, 'dave-pw')]
    for (const answer of await Promise.all(
      guesses.flatMap((password) =>
        [1, 2].map(async () => client.call('loginPortal', { username, password })),
      ),
    ))
      t.match(answer, { code: 'INVALID_USER_CREDENTIALS' })
    t.equal(relay.count('loginPortal'), 0)
    t.equal(accessOf(gateway, 'dave').failures, 0)
    t.match((await contactAt(gateway.url, 'dave')).session, sessionName)
  }
  await Promise.all([{}, { LOGIN_MODE: 'service' }].map(tryAt))
})

t.test('in service mode a hash is checked at coreBOS, and that session ended at once', async (t) => {
  const { relay, gateway } = await startRelayed(t, { env: { LOGIN_MODE: 'service' } })
  const client = await contactAt(gateway.url, 'alice')
  const [login] = relay.calls.filter(({ operation }) => operation === 'loginPortal')
  t.equal(await relay.isAlive(textAt(login?.answer, 'result', 'sessionName')), false)
  t.match(await client.call('query', { query: 'select count(*) from HelpDesk;' }), {
    result: [{ count: '6' }],
  })
  t.match(
    await new WebserviceClient(gateway.url).tryPortal('emil@example.com', 'emil-pw', 'sha256', 'Employee'),
    {
      code: 'INVALID_USER_CREDENTIALS',
    },
  )
})

t.test('in user mode a contact is a CRM user', async (t) => {
  const { relay, gateway } = await startRelayed(t, { env: { LOGIN_MODE: 'user' } })
  const client = new WebserviceClient(gateway.url)
  t.match(await client.tryUser('alice', 'alice-access-key'), {
    result: { sessionName, userId: /^19x/, version: '0.22', vtigerVersion: '5.5.0' },
  })
  t.match(await client.call('query', { query: 'select count(*) from HelpDesk;' }), {
    result: [{ count: '6' }],
  })
  // Without a challenge coreBOS compares nothing, so that nothing would be guessed.
  await client.token('bob')
  await Promise.all(
    Array.from({ length: 8 }, () => client.call('login', { username: 'bob', accessKey: 'x' })),
  )
  const guesses = relay.calls.filter(
    ({ operation, params }) => operation === 'login' && params.get('username') === 'bob',
  )
  t.equal(guesses.length, 8, 'coreBOS counts none of them')
  t.match((await client.tryUser('bob', 'bob-access-key')).result, { sessionName })
  const others = ['admin', 'portal', 'nobody']
  const rejected = await Promise.all(
    others.map((name) => new WebserviceClient(gateway.url).tryUser(name, `${name}-access-key`)),
  )
  for (const { code } of rejected) t.equal(code, 'INVALID_USER_CREDENTIALS')
  t.match(await client.tryPortal('alice@example.com', 'alice-pw', 'md5'), {
    code: 'INVALID_USER_CREDENTIALS',
  })
})

const urlEncoded = { 'content-type': 'application/x-www-form-urlencoded' }

/** Every form of one request that PHP reads, by what is special about it. */
function formsOf(query: string, session: string): Readonly<Record<string, Sent>> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }
  const encoded = new URLSearchParams({ query }).toString()
  const named = `sessionName=${session}`
  const json = JSON.stringify({ operation: 'query', query, sessionName: session })
  const parts = Object.entries({ operation: 'query', query, sessionName: session }).map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const nonsense = `operation=query&${encoded}&sessionName=nonsense`
  return {
    GET: { method: 'GET', query: `operation=query&${encoded}&${named}` },
    'GET of PHP clients': { method: 'GET', query: `&operation=QUERY&${named}&${encoded}` },
    POST: { body: `operation=Query&${encoded}&${named}`, headers },
    'a body without escapes': { body: `operation=query&query=${query}&${named}`, headers },
    both: { query: 'operation=query&query=nonsense', body: `${encoded}&${named}`, headers },
    JSON: { body: json, headers: { 'content-type': 'application/json' } },
    'JSON without a type': { body: json, headers: { 'content-type': 'text/plain' } },
    multipart: {
      body: `${parts.join('')}--b--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    },
    'a header wins': { body: nonsense, headers: { ...headers, 'corebos-authorization': session } },
    'so does the other': { body: nonsense, headers: { ...headers, corebos_authorization: session } },
    'the last of two': { body: `operation=describe&query=x&operation=query&${encoded}&${named}`, headers },
  }
}

t.test('a request says the same in every form that PHP reads', async (t) => {
  const gateway = await startGateway(t)
  const client = await contactAt(gateway.url, 'alice')
  const query = "select ticket_title from HelpDesk where ticket_title like 'alice%' order by ticket_title;"
  const same = await client.call('query', { query })
  t.equal(rowsAt(same.result).length, 3)
  t.strictSame(same.moreinfo, { totalrows: '3' })

  await t.test('in the URL, in a form, in JSON and in parts', async (t) => {
    const forms = Object.entries(formsOf(query, client.session))
    const answers = await Promise.all(forms.map(([, sent]) => client.send(sent)))
    for (const [i, [how]] of forms.entries()) t.equal(answers[i]?.text, same.text, how)
  })

  await t.test('with lists of parameters in brackets', async (t) => {
    const related = { id: '12x8549', module: 'Contacts', relatedModule: 'HelpDesk' }
    const read = async (params: Readonly<Record<string, unknown>>) =>
      client.call('getRelatedRecords', { ...related, ...params })
    const json = await read({ queryParameters: { limit: '2', orderby: 'ticket_title' } })
    t.equal(rowsAt(json.result, 'records').length, 2)
    const brackets = { 'queryParameters[limit]': '2', 'queryParameters[orderby]': 'ticket_title' }
    t.equal((await read(brackets)).text, json.text)
    for (const id of ['17x8625', '17x8626']) {
      const comments = { id, module: 'HelpDesk', relatedModule: 'ModComments', queryParameters: {} }
      t.match(await read(comments), { success: true, result: { records: Array } })
    }
  })

  await t.test('and the answer comes row by row if asked for as a stream', async (t) => {
    const stream = await client.call('query', { query, format: 'Stream' })
    t.strictSame(
      stream.text.split('\n').map((line): unknown => JSON.parse(line)),
      [...rowsAt(same.result), { success: true, result: [], moreinfo: same.moreinfo }],
    )
  })
})

function inParts(count: number, length: number) {
  const part = (n: number) =>
    `--limit\r\ncontent-disposition: form-data; name="p${n}"\r\n\r\n${'a'.repeat(length)}\r\n`
  return {
    body: `${Array.from({ length: count }, (_, n) => part(n)).join('')}--limit--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=limit' },
  }
}

t.test('few large bodies are taken in at once', async (t) => {
  const gateway = await startGateway(t)
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => contactAt(gateway.url, name)))
  if (alice === undefined || bob === undefined) throw new Error('both are contacts')
  const { port } = new URL(gateway.url)
  const body = (length: number) => `operation=create&elementType=Documents&element=${'a'.repeat(length)}`
  const large = async (client: WebserviceClient) =>
    client.send({
      body: body(2 ** 20),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'corebos-authorization': client.session,
      },
    })
  // More than a client may send without a slot, and then nothing.
  const sockets = Array.from({ length: 5 }, () => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      `POST /webservice.php HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `corebos-authorization: ${alice.session}\r\nContent-Length: ${3 * 2 ** 20}\r\n\r\n`,
    )
    socket.write(body(2 ** 20 + 2 ** 19))
    return socket
  })
  const answered = await Promise.race(
    sockets.map(async (socket) => String(((await once(socket, 'data')) as [Buffer])[0])), // no encoding is set
  )
  t.match(answered, /^HTTP\/1.1 200 [^]*retry-after: 1\r\n[^]*"code":"GATEWAY_BUSY"/i)
  t.match(await large(alice), { code: 'GATEWAY_BUSY' })
  t.match(await large(bob), { code: 'BAD_REQUEST' }, 'of each contact')
  for (const socket of sockets) socket.destroy()
  for (;;) {
    const { code } = await large(alice)
    if (code === 'GATEWAY_BUSY') continue
    t.equal(code, 'BAD_REQUEST', 'and again when they are gone')
    break
  }
})

type Rejection = readonly [why: string, sent: Sent, code: string]

/** What cannot be read, by a contact whose session is in the headers, and by a caller without one. */
function unreadable(headers: Readonly<Record<string, string>>): readonly Rejection[] {
  const query = (text: string) => ({ body: `operation=query&query=${text}`, headers })
  const part = inParts(1, 9)
  return [
    ['bytes that are no UTF-8', query('%ff'), 'BAD_REQUEST'],
    ['NUL', query('a%00'), 'BAD_REQUEST'],
    ['too much', query('a'.repeat(32 * 2 ** 20)), 'BODY_TOO_LARGE'],
    ['much from nobody', { ...query('a'.repeat(2 ** 20)), headers: urlEncoded }, 'BODY_TOO_LARGE'],
    ['no boundary', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }, 'BAD_REQUEST'],
    ['a form that breaks off', { ...part, body: part.body.slice(0, -20) }, 'BAD_REQUEST'],
    ['a part without a name', { ...part, body: part.body.replace('; name="p0"', '') }, 'UNKNOWN_OPERATION'],
    ['much in parts from nobody', inParts(3, 2 ** 19), 'BODY_TOO_LARGE'],
    ['much in one part from nobody', inParts(1, 2 ** 20 + 1), 'BODY_TOO_LARGE'],
    ['an array for a text', { body: 'operation=retrieve&id[]=17x8625', headers }, 'BAD_REQUEST'],
  ]
}

const oneTicket = 'select id from HelpDesk limit 1;'

/** Calls of a contact that are rejected. */
const rejectedCalls: readonly (readonly [
  why: string,
  operation: string,
  params: Readonly<Record<string, unknown>>,
  code: string,
])[] = [
  ['no operation', '', {}, 'UNKNOWN_OPERATION'],
  ['an operation of JavaScript', 'constructor', {}, 'UNKNOWN_OPERATION'],
  ['cbwsOptions', 'query', { query: oneTicket, cbwsOptions: [] }, 'ACCESS_DENIED'],
  ['mode', 'query', { query: oneTicket, mode: 'saml' }, 'ACCESS_DENIED'],
  ['streamraw', 'query', { query: oneTicket, format: 'streamRAW' }, 'ACCESS_DENIED'],
  ['syntax', 'query', { query: 'select' }, 'QUERY_SYNTAX_ERROR'],
  ['a field that is not there', 'query', { query: 'select nosuch from HelpDesk;' }, 'ACCESS_DENIED'],
  ['a module that is not there', 'query', { query: 'select id from Nope;' }, 'ACCESS_DENIED'],
  ['a module that is closed', 'query', { query: 'select id from Leads;' }, 'ACCESS_DENIED'],
  ['describe of closed modules', 'describe', { elementType: 'Leads,Nope' }, 'ACCESS_DENIED'],
  ['describe of a closed module', 'describe', { elementType: 'Leads' }, 'ACCESS_DENIED'],
  ['not there', 'retrieve', { id: '17x99999999' }, 'ACCESS_DENIED'],
  ['not yours', 'retrieve', { id: '17x8665' }, 'ACCESS_DENIED'],
  ['an id of another module', 'retrieve', { id: '12x8625' }, 'ACCESS_DENIED'],
  ['no id', 'retrieve', {}, 'ACCESS_DENIED'],
  ['a time that is none', 'sync', { modifiedTime: '2020-01-01', elementType: 'HelpDesk' }, 'INVALID_VALUE'],
]

t.test('what is rejected is rejected in the envelope', async (t) => {
  const gateway = await startGateway(t)
  const client = await contactAt(gateway.url, 'alice')

  const isRejected = (t: Test, answer: Answer, code: string, why: string) => {
    t.match(answer, { status: 200, success: false, code, moreinfo: null }, why)
    t.match(answer.headers, { 'content-type': /^application\/json/, 'cache-control': /no-store/ })
  }

  await t.test('calls', async (t) => {
    for (const [why, operation, params, code] of rejectedCalls)
      isRejected(t, await client.call(operation, params), code, why)
    const outside = new WebserviceClient(gateway.url)
    isRejected(t, await outside.call('listtypes'), 'AUTHENTICATION_REQUIRED', 'no session')
  })

  await t.test('"not there" and "not yours" are the same', async (t) => {
    const [gone, foreign] = await Promise.all(
      ['17x99999999', '17x8665'].map((id) => client.call('retrieve', { id })),
    )
    t.equal(gone?.text, foreign?.text)
  })

  await t.test('bodies that cannot be read', async (t) => {
    const headers = { ...urlEncoded, 'corebos-authorization': client.session }
    for (const [why, sent, code] of unreadable(headers)) isRejected(t, await client.send(sent), code, why)
  })

  await t.test('a byte in the URL that is not UTF-8', async (t) => {
    // Node's own client would not send this.
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.end(
      `GET /webservice.php?operation=query&query=\xff&sessionName=${client.session} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      'latin1',
    )
    let raw = ''
    for await (const chunk of socket) raw += String(chunk)
    t.match(raw, /BAD_REQUEST/)
  })
})

t.test('what comes too often is rejected in the envelope', async (t) => {
  const tooOften = { status: 200, code: 'RATE_LIMITED', headers: { 'retry-after': /^[1-9][0-9]*$/ } }

  await t.test('log-ins of an address, also while coreBOS is away', async (t) => {
    const limited = await startGateway(t, { env: { RATE_LIMIT_LOGIN: '1/60' } })
    const outside = new WebserviceClient(limited.url)
    const most = loginsByAddress({ max: 1, seconds: 60 }).max
    await Promise.all(Array.from({ length: most }, () => outside.token('alice@example.com')))
    t.match(await outside.call('getchallenge', { username: 'alice@example.com' }), tooOften)
    await limited.corebos.close()
    const away = await outside.call('loginPortal', { username: 'alice@example.com', password: 'x' })
    t.match(away, { status: 200 })
    t.ok(['RATE_LIMITED', 'COREBOS_UNAVAILABLE'].includes(away.code ?? ''), String(away.code))
  })

  await t.test('requests of a contact', async (t) => {
    const byContact = await startGateway(t, { env: { RATE_LIMIT_CONTACT: '2/60' } })
    const contact = await contactAt(byContact.url, 'alice')
    for (let i = 0; i < 2; i++) t.equal((await contact.call('listtypes')).success, true)
    t.match(await contact.call('listtypes'), tooOften)
  })

  await t.test('requests of an address, whatever they are', async (t) => {
    const byAddress = await startGateway(t, { env: { RATE_LIMIT_IP: '1/60' } })
    const stranger = new WebserviceClient(byAddress.url)
    await stranger.call('listtypes')
    t.match(await stranger.call('listtypes'), tooOften)
    for (const [what, answer] of [
      ['what there is not', await stranger.call('nope')],
      ['what cannot be read', await stranger.send({ body: 'a=%ff', headers: urlEncoded })],
      ['what is too large', await stranger.send(inParts(3, 2 ** 19))],
    ] as const)
      t.equal(answer.code, 'RATE_LIMITED', what)
  })
})

t.test('whoever may not come in any more is sent to log in again', async (t) => {
  let clock = Date.now()
  const gateway = await startGateway(t, { now: () => clock })
  const client = await contactAt(gateway.url, 'alice')
  const admin = await userAt(gateway.corebos.url)
  t.equal((await client.call('listtypes')).success, true)
  t.equal((await admin.call('revise', { element: { id: '12x8549', portal: '0' } })).success, true)
  t.equal((await client.call('listtypes')).success, true, 'until somebody looks')
  clock += 61_000
  t.match(await client.call('listtypes'), { code: 'AUTHENTICATION_REQUIRED' })
})

t.test('the description names every operation', async (t) => {
  const gateway = await startGateway(t)
  const description = await (await fetch(`${gateway.url}/openapi.json`)).text()
  for (const { name } of operations) t.match(description, `\`${name}\``)
  t.equal(new Set(operations.map(({ name }) => name.toLowerCase())).size, operations.length)
})

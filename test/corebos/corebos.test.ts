/** Calls of coreBOS: what is sent, what comes back, and what is a failure. */
import { CorebosCrash, CorebosRejection } from '../../src/model/corebos-errors.ts'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import corebosPlugin from '../../plugins/corebos.ts'
import metrics from '../../plugins/metrics.ts'
import { readConfig } from '../../src/config/config.ts'
import { ask } from '../../src/corebos/caller.ts'
import { requestChallenge } from '../../src/corebos/challenge.ts'
import { clearId } from '../../src/model/cleared-id.ts'
import { describe, listTypes } from '../../src/corebos/describe.ts'
import { encodeForm, isSendable } from '../../src/corebos/form.ts'
import { parseId } from '../../src/model/webservice-id.ts'
import { authenticateContact, getPortalUserInfo, login, loginPortal } from '../../src/corebos/login.ts'
import { query, relatedRecords, retrieve, retrieveAttachment } from '../../src/corebos/read.ts'
import { Identities } from '../../src/corebos/trusted.ts'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { sealQuery } from '../../src/model/sendable-query.ts'
import { corebosAt, semaphore, handled, rejected, stubCorebos } from '../support/corebos-stub.ts'

const cleared = (id: string) => {
  const parsed = parseId(id)
  if (parsed === undefined) throw new Error(id)
  return clearId(parsed)
}
const tickets = sealQuery('select ticket_title from HelpDesk;', 'basic')
const call = { operation: 'query', params: { query: 'q' } }

/** The code that a promise rejects with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'nothing thrown'
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
}

t.test('webservice ids are taken in one spelling only', async (t) => {
  t.same(parseId('12x8549'), { prefix: '12', number: '8549', text: '12x8549' })
  for (const wrong of [
    '',
    '8549',
    '12x',
    'x8549',
    '12x0',
    '012x1',
    '12x01',
    ' 12x1',
    '12x1 ',
    '12X1',
    '12x1x1',
    '12x1\n',
  ]) {
    t.equal(parseId(wrong), undefined, JSON.stringify(wrong))
  }
})

t.test('what is sent', async (t) => {
  t.test('one encoding by POST, under one User-Agent, wherever the base URL ends', async (t) => {
    const stub = await stubCorebos(t)
    for (const base of ['', '/', '/crm', '/crm/', '/crm/webservice.php']) {
      await query(corebosAt(t, stub.url + base).session('abcdefgh'), tickets)
    }
    t.same(
      stub.received.map(({ url }) => url),
      [
        '/webservice.php',
        '/webservice.php',
        '/crm/webservice.php',
        '/crm/webservice.php',
        '/crm/webservice.php',
      ],
    )
    for (const { method, headers, body } of stub.received) {
      t.equal(method, 'POST')
      t.equal(headers['user-agent'], 'corebos-portal-gateway')
      t.equal(headers['content-type'], 'application/x-www-form-urlencoded')
      t.equal(body, 'operation=query&query=select+ticket_title+from+HelpDesk%3B&sessionName=abcdefgh')
    }
  })

  t.test('connections are kept for the calls that follow', async (t) => {
    const stub = await stubCorebos(t)
    const corebos = corebosAt(t, stub.url)
    for (let i = 0; i < 10; i++) await query(corebos.session('abcdefgh'), tickets)
    t.equal(stub.received.length, 10)
    t.ok(stub.connections <= 2, 'a second one may be opened while the first is being put back')
  })

  t.test(
    'texts as they are, the rest as JSON, and nothing that PHP would read as something else',
    async (t) => {
      const form = { a: "%27 +&=é😀'\\\n", limit: { limit: '5', list: [1, true, null, 'é'] } }
      const back = new URLSearchParams(encodeForm(form))
      t.equal(back.get('a'), form.a)
      t.same(JSON.parse(back.get('limit') ?? ''), form.limit)
      for (const text of ['a\0b', '\ud83d', '\ude00 x']) {
        t.equal(isSendable(text), false)
        for (const params of [{ text }, { deep: { list: [{ text }] } }, { deep: { [text]: 'x' } }]) {
          t.throws(() => encodeForm(params), { code: 'INVALID_VALUE' })
        }
      }
      const stub = await stubCorebos(t)
      const bad = { operation: 'x', params: { text: '\0' } }
      t.equal(await codeOf(ask(corebosAt(t, stub.url).outside, bad)), 'INVALID_VALUE')
      t.same(stub.received, [], 'and nothing was sent')
    },
  )
})

t.test('what comes back', async (t) => {
  const envelope = (moreinfo: unknown) => JSON.stringify({ success: true, result: [], moreinfo })

  t.test('an answer, a rejection and a crash are three different things', async (t) => {
    const stub = await stubCorebos(t)
    const { outside } = corebosAt(t, stub.url)
    for (const [moreinfo, expected] of [
      [null, undefined],
      [{}, undefined],
      [[], undefined],
      [{ totalrows: '153' }, 153],
      [{ totalrows: 1 }, 1],
      [{ totalrows: '0' }, 0],
    ] as const) {
      stub.answer = (_, response) => (response.end(envelope(moreinfo)), handled)
      t.equal((await ask(outside, call)).totalRows, expected, JSON.stringify(moreinfo))
    }
    stub.answer = () => rejected('QUERY_SYNTAX_ERROR', 'Syntax Error on line 1')
    const rejection = await ask(outside, call).catch((error: unknown) => error)
    t.ok(rejection instanceof CorebosRejection)
    t.match(rejection, { code: 'COREBOS_REFUSED', reason: 'QUERY_SYNTAX_ERROR', corebosMessage: /Syntax/ })
    t.notMatch(JSON.stringify(rejection), /Syntax Error on/, 'what coreBOS quotes stays out of logs')
    stub.answer = (_, response) => (response.writeHead(500).end(), handled)
    const crash = await ask(outside, call).catch((error: unknown) => error)
    t.ok(crash instanceof CorebosCrash)
    t.match(crash, { code: 'COREBOS_FAILED' })
  })

  t.test('everything that is no envelope is a failure', async (t) => {
    const stub = await stubCorebos(t)
    const { outside } = corebosAt(t, stub.url)
    const unavailable = 'COREBOS_UNAVAILABLE'
    for (const [status, body, code] of [
      [200, '<html>Fatal error</html>', 'COREBOS_FAILED'],
      [200, '', 'COREBOS_FAILED'],
      [200, `<b>Warning</b>: x in y${envelope(null)}`, 'COREBOS_FAILED'],
      [200, 'null', 'COREBOS_FAILED'],
      [200, '[]', 'COREBOS_FAILED'],
      [200, '{"success":true}', 'COREBOS_FAILED'],
      [200, '{"success":"true","result":[]}', 'COREBOS_FAILED'],
      [200, '{"success":false}', 'COREBOS_FAILED'],
      [200, '{"success":false,"error":{"code":1}}', 'COREBOS_FAILED'],
      [200, envelope({ totalrows: 'many' }), 'COREBOS_FAILED'],
      [200, envelope({ totalrows: -1 }), 'COREBOS_FAILED'],
      [200, Buffer.from([0x22, 0xff, 0x22]), 'COREBOS_FAILED'],
      [302, envelope(null), 'COREBOS_FAILED'],
      [404, '<html></html>', 'COREBOS_FAILED'],
      [500, envelope(null), 'COREBOS_FAILED'],
      [502, '<html></html>', unavailable],
      [503, '', unavailable],
      [504, '', unavailable],
    ] as const) {
      stub.answer = (_, response) => (response.writeHead(status, { location: '/' }).end(body), handled)
      t.equal(await codeOf(ask(outside, call)), code, `${status} ${String(body)}`)
    }
  })

  t.test('rows, records and files are checked before they are believed', async (t) => {
    const stub = await stubCorebos(t)
    const session = corebosAt(t, stub.url).session('abcdefgh')
    const answering = (result: unknown) => {
      stub.answer = () => result
    }
    for (const result of [{}, 'x', null, ['x'], [[]], [{ a: 1 }], [{ a: null }], [{ a: ['x'] }]]) {
      answering(result)
      t.equal(await codeOf(query(session, tickets)), 'COREBOS_FAILED', JSON.stringify(result))
    }
    answering([{ ['__proto__']: 'x', id: '17x1' }])
    t.same(Object.keys((await query(session, tickets)).rows[0] ?? {}), ['__proto__', 'id'])

    answering({ id: '17x2' })
    t.equal(await codeOf(retrieve(session, cleared('17x1'))), 'COREBOS_FAILED', 'another record')
    for (const code of ['ACCESS_DENIED', 'INVALID_ID_ATTRIBUTE']) {
      answering(rejected(code))
      t.equal(await retrieve(session, cleared('17x1')), undefined)
      t.equal(await retrieveAttachment(session, cleared('15x1')), undefined)
    }
    answering(rejected('DATABASE_QUERY_ERROR'))
    t.equal(await codeOf(retrieve(session, cleared('17x1'))), 'COREBOS_REFUSED')

    answering({ records: [{ 0: 'a', 1: 'b', title: 'a', status: 'b', '2nd': 'c' }] })
    const related = { id: cleared('12x1'), module: 'Contacts', relatedModule: 'HelpDesk' }
    t.same(await relatedRecords(session, { ...related, limit: 2 }), [{ title: 'a', status: 'b', '2nd': 'c' }])
    t.same(JSON.parse(stub.received.at(-1)?.params['queryParameters'] ?? ''), { limit: '2', offset: '0' })

    for (const empty of [[], { '15x1': [] }, {}]) {
      answering(empty)
      t.equal(await retrieveAttachment(session, cleared('15x1')), undefined, JSON.stringify(empty))
    }
    const file = {
      recordid: '1',
      filetype: 'text/plain',
      filename: 'a.txt',
      filesize: 5,
      attachment: 'aGVsbG8=',
    }
    answering({ '15x1': file })
    const read = await retrieveAttachment(session, cleared('15x1'))
    t.equal(read?.filename, 'a.txt')
    t.equal(String(await read?.content.bytes()), 'hello')
    answering({ '15x1': { ...file, attachment: 'aGVs*bG8=' } })
    t.equal(await codeOf(retrieveAttachment(session, cleared('15x1'))), 'COREBOS_FAILED')
  })
})

t.test('limits', async (t) => {
  t.test('an answer that does not come in time is a time-out, begun or not', async (t) => {
    const stub = await stubCorebos(t)
    const { outside } = corebosAt(t, stub.url, { timeoutMs: 60 })
    stub.answer = () => handled
    t.equal(await codeOf(ask(outside, call)), 'COREBOS_TIMEOUT')
    stub.answer = (_, response) => {
      response.write('{"success":true,')
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
      return handled
    }
    t.equal(await codeOf(ask(outside, call)), 'COREBOS_TIMEOUT', 'one byte now and then does not help')
    t.equal(stub.received.length, 2, 'and neither was sent again')
  })

  t.test('an answer that is too large is an error and never a shorter answer', async (t) => {
    const stub = await stubCorebos(t)
    const corebos = corebosAt(t, stub.url, { maxBytes: 1000 })
    const whole = (bytes: number) => {
      const frame = JSON.stringify({ success: true, result: '' }).length
      return JSON.stringify({ success: true, result: 'x'.repeat(bytes - frame) })
    }
    for (const chunked of [false, true]) {
      stub.answer = ({ params }, response) => {
        const body = whole(Number(params['query']))
        if (chunked) for (let i = 0; i < body.length; i += 100) response.write(body.slice(i, i + 100))
        response.end(chunked ? undefined : body)
        return handled
      }
      const sized = (bytes: number) =>
        ask(corebos.outside, { operation: 'query', params: { query: String(bytes) } })
      for (let i = 0; i < 3; i++)
        t.equal((await sized(1000)).result, 'x'.repeat(1000 - 28), 'just large enough')
      t.equal(await codeOf(sized(1001)), 'COREBOS_TOO_LARGE')
      t.equal(await codeOf(sized(100_000)), 'COREBOS_TOO_LARGE')
      t.equal((await sized(999)).kind, 'success', 'the next one is none the worse')
    }
  })

  t.test(
    'a coreBOS that is not there, or goes away, is unavailable, and nothing is sent twice',
    async (t) => {
      const closed = createServer().listen(0, '127.0.0.1')
      await once(closed, 'listening')
      const address = closed.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      closed.close()
      await once(closed, 'close')
      const nowhere = corebosAt(t, `http://127.0.0.1:${port}`)
      await t.rejects(nowhere.ping(), { code: 'COREBOS_UNAVAILABLE', retryAfter: 5 })

      const stub = await stubCorebos(t)
      const { outside } = corebosAt(t, stub.url)
      await ask(outside, call)
      for (const reset of [false, true]) {
        stub.received.length = 0
        stub.answer = (_, response) => {
          if (reset) response.write('{"success":true')
          response.socket?.[reset ? 'resetAndDestroy' : 'destroy']()
          return handled
        }
        t.equal(await codeOf(ask(outside, call)), 'COREBOS_UNAVAILABLE')
        t.equal(stub.received.length, 1)
      }
      stub.answer = () => []
      t.equal((await ask(outside, call)).kind, 'success', 'and it comes back by itself')
    },
  )

  t.test(
    'so many calls are under way, so many wait, and the next one hears that it is too much',
    async (t) => {
      const held = semaphore()
      const stub = await stubCorebos(t, () => held.opened)
      const corebos = corebosAt(t, stub.url, { concurrency: 2, queue: 3 })
      const inSession = (name: string, signal?: AbortSignal) =>
        ask(corebos.session(`session-${name}`), { operation: 'retrieve', params: { id: name } }, signal)
      stub.answer = async () => (await held.opened, [])
      const leaving = new AbortController()
      const first = ['a', 'b', 'c', 'd'].map((name) => inSession(name))
      const gone = inSession('e', leaving.signal)
      await t.rejects(inSession('f'), { code: 'COREBOS_BUSY', retryAfter: 1 })
      leaving.abort(new Error('left'))
      await t.rejects(gone, { message: 'left' })
      const last = inSession('g')
      while (stub.received.length < 2) await new Promise(setImmediate)
      held.open()
      await Promise.all([...first, last])
      t.same(
        stub.received.map(({ params }) => params['id']).toSorted(),
        ['a', 'b', 'c', 'd', 'g'],
        'who left was not sent',
      )
      t.equal(stub.most, 2)
    },
  )

  t.test('whoever waits in line for too long was not sent and loses no session', async (t) => {
    const stub = await stubCorebos(t, () => handled)
    const corebos = corebosAt(t, stub.url, { concurrency: 1, timeoutMs: 60 })
    const codes = ['a', 'b', 'c', 'd'].map((name) => codeOf(ask(corebos.session(`session-${name}`), call)))
    const [first, ...others] = await Promise.all(codes)
    t.equal(first, 'COREBOS_TIMEOUT')
    t.equal(others.at(-1), 'COREBOS_BUSY')
    const sent = stub.of('query').map(({ session }) => session)
    for (const name of ['a', 'b', 'c', 'd']) {
      t.equal(corebos.session(`session-${name}`).ended, sent.includes(`session-${name}`), name)
    }
  })

  t.test('a gateway that shuts down ends what is under way and takes nothing new', async (t) => {
    const stub = await stubCorebos(t, () => handled)
    const corebos = corebosAt(t, stub.url)
    const running = codeOf(ask(corebos.session('session-a'), call))
    while (stub.received.length === 0) await new Promise(setImmediate)
    await corebos.close()
    t.equal(await running, 'SHUTTING_DOWN')
    t.equal(await codeOf(ask(corebos.outside, call)), 'SHUTTING_DOWN')
  })

  t.test('every call is told to whoever observes', async (t) => {
    const seen: string[] = []
    const stub = await stubCorebos(t)
    const { outside } = corebosAt(t, stub.url, {
      maxBytes: 100,
      observe: (operation, waited) => ({
        headers: { 'x-observed': String(waited >= 0) },
        done: (outcome, seconds) => seen.push(`${operation} ${outcome} ${seconds >= 0}`),
      }),
    })
    for (const result of [[], rejected('X'), 'x'.repeat(200)]) {
      stub.answer = () => result
      await codeOf(ask(outside, call))
    }
    t.same(seen, ['query ok true', 'query COREBOS_REFUSED true', 'query COREBOS_TOO_LARGE true'])
  })
})

t.test('sessions', async (t) => {
  t.test('never two calls of one session under way, whoever holds it; others run beside it', async (t) => {
    const stub = await stubCorebos(t, async () => (await new Promise(setImmediate), []))
    const corebos = corebosAt(t, stub.url, { queue: 100 })
    const names = ['session-a', 'session-b', 'session-c']
    await Promise.all(Array.from({ length: 60 }, (_, i) => ask(corebos.session(names[i % 3] ?? ''), call)))
    t.equal(stub.received.length, 60)
    t.same([...stub.overlaps], [])
    t.ok(stub.most > 1, 'sessions do run in parallel')
  })

  t.test('a client that goes away leaves a call to its end, and the next one waits for it', async (t) => {
    const held = semaphore()
    const stub = await stubCorebos(t, async () => (await held.opened, []))
    const corebos = corebosAt(t, stub.url)
    const leaving = new AbortController()
    const left = ask(corebos.session('session-a'), call, leaving.signal)
    while (stub.received.length === 0) await new Promise(setImmediate)
    leaving.abort(new Error('left'))
    await t.rejects(left, { message: 'left' })
    const next = ask(corebos.session('session-a'), call)
    await ask(corebos.outside, { operation: 'getchallenge' })
    t.equal(stub.of('query').length, 1, 'still waiting')
    held.open()
    await next
    t.equal(stub.of('query').length, 2)
    t.same([...stub.overlaps], [])
  })

  t.test('one that coreBOS has ended is over for all who hold it', async (t) => {
    for (const code of ['AUTHENTICATION_REQUIRED', 'INVALID_SESSIONID']) {
      const stub = await stubCorebos(t, () => rejected(code))
      const corebos = corebosAt(t, stub.url)
      t.equal(await codeOf(ask(corebos.session('session-a'), call)), 'SESSION_ENDED')
      t.equal(await codeOf(ask(corebos.session('session-a'), call)), 'SESSION_ENDED')
      t.equal(stub.received.length, 1, 'and coreBOS is not asked again')
    }
  })

  t.test('one whose call got no answer is thrown away and ended behind our backs', async (t) => {
    const stub = await stubCorebos(t, () => handled)
    const corebos = corebosAt(t, stub.url, { timeoutMs: 60 })
    const slow = codeOf(ask(corebos.session('session-a'), call))
    while (stub.received.length === 0) await new Promise(setImmediate)
    const waiting = codeOf(ask(corebos.session('session-a'), call))
    t.equal(await slow, 'COREBOS_TIMEOUT')
    t.match(await waiting, /COREBOS_BUSY|SESSION_ENDED/)
    t.equal(await codeOf(ask(corebos.session('session-a'), call)), 'SESSION_ENDED')
    while (stub.of('logout').length === 0) await new Promise(setImmediate)
    t.equal(stub.of('query').length, 1, 'what waited was not sent')
    t.equal(stub.of('logout')[0]?.session, 'session-a')
  })

  t.test('one that is logged out is over at once, after the call under way', async (t) => {
    const held = semaphore()
    const stub = await stubCorebos(t, async () => (await held.opened, []))
    const corebos = corebosAt(t, stub.url)
    const running = ask(corebos.session('session-a'), call)
    const waiting = codeOf(ask(corebos.session('session-a'), call))
    while (stub.received.length === 0) await new Promise(setImmediate)
    const ending = corebos.session('session-a').end()
    held.open()
    t.equal((await running).kind, 'success')
    t.equal(await waiting, 'SESSION_ENDED')
    await ending
    await corebos.session('session-a').end()
    t.same(
      stub.received.map(({ operation }) => operation),
      ['query', 'logout'],
    )
    t.same([...stub.overlaps], [])
  })
})

t.test('the service user', async (t) => {
  const service = (corebos: ReturnType<typeof corebosAt>) => {
    if (corebos.service === undefined) throw new Error('no service user')
    return corebos.service
  }

  t.test('opens as many sessions as it needs and no more, and logs them out in the end', async (t) => {
    const stub = await stubCorebos(t)
    const corebos = corebosAt(t, stub.url)
    t.equal(stub.received.length, 0, 'none before the first call')
    for (let i = 0; i < 3; i++) await ask(service(corebos), call)
    t.equal(stub.of('login').length, 1, 'one after the other needs one')
    await Promise.all(Array.from({ length: 10 }, () => ask(service(corebos), call)))
    t.equal(stub.of('login').length, 2)
    t.same([...stub.overlaps], [])
    t.equal(
      stub.of('login')[0]?.params['accessKey'],
      createHash('md5').update('tokenportal-access-key').digest('hex'),
    )
    t.equal(await service(corebos).userId(), '19x5')
    await corebos.close()
    t.same(
      stub
        .of('logout')
        .map(({ session }) => session)
        .sort(),
      ['session-1', 'session-2'],
    )
  })

  t.test('gives whoever waits the session that is free first, and lets no more wait than may', async (t) => {
    const held = semaphore()
    const stub = await stubCorebos(t, async ({ params }) => {
      if (params['query'] === 'slow') await held.opened
      return []
    })
    const corebos = corebosAt(t, stub.url, { queue: 3 })
    const put = (statement: string) =>
      ask(service(corebos), { operation: 'query', params: { query: statement } })
    const slow = put('slow')
    const quick = ['a', 'b', 'c', 'd'].map((name) => put(name))
    t.equal(await codeOf(put('e')), 'COREBOS_BUSY')
    await Promise.all(quick)
    t.equal(stub.of('login').length, 2)
    held.open()
    await slow
  })

  t.test('logs in once more when coreBOS has ended its session, and once only', async (t) => {
    const stub = await stubCorebos(t, ({ session }) =>
      session === 'session-1' ? rejected('INVALID_SESSIONID') : [],
    )
    const corebos = corebosAt(t, stub.url, { serviceUser: { name: 'portal', accessKey: 'k', sessions: 1 } })
    await Promise.all(Array.from({ length: 5 }, () => ask(service(corebos), call)))
    t.equal(stub.of('login').length, 2, 'five calls share both log-ins')
    t.equal(stub.of('query').length, 6)
    stub.answer = () => rejected('AUTHENTICATION_REQUIRED')
    stub.received.length = 0
    t.equal(await codeOf(ask(service(corebos), call)), 'COREBOS_FAILED', 'never the 401 of whoever asked')
    t.equal(stub.of('query').length, 2)
  })

  t.test('throws a session away after a time-out and goes on in another', async (t) => {
    const stub = await stubCorebos(t, ({ session }) => (session === 'session-1' ? handled : []))
    const corebos = corebosAt(t, stub.url, {
      timeoutMs: 100,
      serviceUser: { name: 'p', accessKey: 'k', sessions: 1 },
    })
    t.equal(await codeOf(ask(service(corebos), call)), 'COREBOS_TIMEOUT')
    t.equal(stub.of('query').length, 1, 'what timed out is not sent again')
    await ask(service(corebos), call)
    t.same(
      stub.of('query').map(({ session }) => session),
      ['session-1', 'session-2'],
    )
    while (stub.of('logout').length === 0) await new Promise(setImmediate)
    t.equal(stub.of('logout')[0]?.session, 'session-1')
  })

  t.test('that is rejected says so with every call, and works again when coreBOS lets it in', async (t) => {
    const stub = await stubCorebos(t)
    stub.rejectLogin = true
    const corebos = corebosAt(t, stub.url)
    await t.rejects(ask(service(corebos), call), { code: 'COREBOS_REFUSED', reason: 'wrong' })
    stub.rejectLogin = false
    t.equal((await ask(service(corebos), call)).kind, 'success')
  })
})

t.test('modules', async (t) => {
  const described = (name: string) => ({
    name,
    label: name,
    idPrefix: String(name.length),
    isEntity: true,
    createable: true,
    updateable: false,
    deleteable: false,
    retrieveable: true,
    labelFields: 'title',
    fields: [
      {
        name: 'title',
        label: 'Title',
        mandatory: true,
        editable: true,
        nullable: false,
        uitype: '2',
        typeofdata: 'V~M',
        type: { name: 'string' },
      },
    ],
  })
  const known = ['A', 'Bb', 'Ccc', 'Dddd']
  const answer = ({ operation, params }: { operation: string; params: Readonly<Record<string, string>> }) => {
    if (operation === 'listtypes') return { types: known }
    const names = (params['elementType'] ?? '').split(',')
    if (names.some((name) => !known.includes(name))) return rejected('ACCESS_DENIED')
    const all = Object.fromEntries(names.map((name) => [name, described(name)]))
    return names.length === 1 ? described(names[0] ?? '') : all
  }

  t.test('that one may not see do not hide the others', async (t) => {
    const stub = await stubCorebos(t, answer)
    const session = corebosAt(t, stub.url).session('abcdefgh')
    t.same([...(await describe(session, known)).keys()], known)
    t.equal(stub.received.length, 1, 'one call for all')
    t.same([...(await describe(session, ['Nope', ...known, 'no'])).keys()], known)
    t.same([...(await describe(session, ['Nope'])).keys()], [])
    t.same([...(await describe(session, [])).keys()], [])
  })

  t.test('are remembered per CRM user for a while, and asked for once', async (t) => {
    const stub = await stubCorebos(t, answer)
    const clock = { at: 1000 }
    const corebos = corebosAt(t, stub.url, { metadataTtlMs: 500, now: () => clock.at })
    const of = (user: string, session = 'abcdefgh') =>
      corebos.metadata.of(user, corebos.session(session), ['A', 'Bb', 'Nope'])
    const [first] = await Promise.all([of('19x5'), of('19x5'), of('19x5')])
    t.same(first.names, ['A', 'Bb'])
    t.equal(first.byName('a'), undefined, 'names are exact')
    t.equal(first.byIdPrefix('2')?.name, 'Bb')
    t.equal(first.byName('A')?.fields.get('title')?.type, 'string')
    const calls = stub.received.length
    t.equal(calls, 2)
    clock.at += 500
    await of('19x5')
    t.equal(stub.received.length, calls)
    clock.at += 1
    t.equal((await of('19x5')).byName('A'), first.byName('A'), 'the earlier one is in use meanwhile')
    await corebos.metadata.settled()
    t.equal(stub.received.length, calls + 3, 'read again in the background, module by module')
    t.not((await of('19x5')).byName('A'), first.byName('A'))
    stub.received.length = 0
    await of('19x6')
    t.equal(stub.received.length, calls)
    corebos.metadata.clear()
    await of('19x6')
    t.equal(stub.received.length, calls * 2)

    const meanwhile = of('19x8')
    corebos.metadata.clear()
    t.same((await meanwhile).names, ['A', 'Bb'], 'cleared under way')

    stub.answer = (received) =>
      received.session === 'session-over' ? rejected('INVALID_SESSIONID') : answer(received)
    const [over, fine] = await Promise.allSettled([of('19x7', 'session-over'), of('19x7')])
    t.match(over, { status: 'rejected', reason: { code: 'SESSION_ENDED' } })
    t.equal(fine.status, 'fulfilled', "another contact's ended session is nobody else's trouble")
  })
})

t.test('the statements of the gateway itself hold a log-in name as nothing but a name', async (t) => {
  const stub = await stubCorebos(t)
  const identities = new Identities(corebosAt(t, stub.url).session('abcdefgh'))
  for (const [name, literal] of [
    ['alice@example.com', "'alice@example.com'"],
    ["o'brien@example.com", "'o''brien@example.com'"],
    ["x' or portal='1", "'x'' or portal=''1'"],
    ['back\\slash@x', "'back\\\\slash@x'"],
    ["end\\' or id!='", "'end\\\\'' or id!='''"],
  ] as const) {
    t.same(await identities.byName('Contacts', name), [])
    t.match(stub.received.at(-1)?.params['query'], ` where email=${literal} limit 50;`, name)
  }
  const sent = stub.received.length
  for (const name of [
    '',
    '   ',
    'a where [b]',
    'select [x]',
    'x not in (y)',
    "'a.b",
    "'@(x)",
    'a\0b',
    '\ud800',
  ]) {
    t.match(
      await codeOf(identities.byName('Contacts', name)),
      /QUERY_NOT_EXPRESSIBLE|INVALID_VALUE/,
      JSON.stringify(name),
    )
  }
  for (const id of ['', '12x0', "12x1'", '12x1 or 1=1']) {
    t.equal(await codeOf(identities.byId('Contacts', id)), 'INVALID_VALUE')
  }
  t.equal(stub.received.length, sent, 'what would be read otherwise is not sent')
})

t.test('against the demo coreBOS', async (t) => {
  const demo = await startDemoCorebos({ port: 0, state: 'recorded-helpdesk' })
  t.teardown(() => demo.close())
  const corebos = corebosAt(t, demo.url)
  const { outside, sessions, service } = corebos
  if (service === undefined) throw new Error('no service user')
  const enter = async (name: string, password: string, type: 'md5' | 'sha256' | 'sha512' | 'plaintext') => {
    const token = (await requestChallenge(outside, `${name}@example.com`))?.token
    if (token === undefined) return 'no challenge'
    return loginPortal(outside, sessions, `${name}@example.com`, { token, password, type }, 'Contacts')
  }

  t.test('contacts log in with each type of password, and the rest are told apart', async (t) => {
    for (const [name, type, user] of [
      ['alice', 'md5', '19x5'],
      ['bob', 'sha256', '19x6'],
      ['carol', 'sha512', '19x5'],
      ['dave', 'plaintext', '19x5'],
    ] as const) {
      const entered = await enter(name, `${name}-pw`, type)
      if (typeof entered === 'string') throw new Error(`${name}: ${entered}`)
      t.equal(entered.user.id, user)
      t.equal((await getPortalUserInfo(entered.session)).administrator, false)
      await entered.session.end()
    }
    const grace = await enter('grace', 'grace-pw', 'md5')
    if (typeof grace === 'string') throw new Error(grace)
    t.match(await getPortalUserInfo(grace.session), { id: '19x1', administrator: true })
    t.equal(await enter('frank', 'frank-pw', 'md5'), 'no challenge')
    t.equal(await enter('nobody', 'x', 'md5'), 'no challenge')
    for (let i = 0; i < 6; i++) t.equal(await enter('erin', 'bad', 'md5'), 'wrong')
    t.equal(await enter('erin', 'erin-pw', 'md5'), 'locked')
    const token = (await requestChallenge(outside, 'portal2'))?.token ?? ''
    t.match(
      await login(outside, sessions, 'portal2', { token, password: 'portal2-access-key', form: 'key' }),
      {
        userId: '19x6',
      },
    )
    t.equal(await login(outside, sessions, 'portal2', { token, password: 'no', form: 'key' }), 'wrong')
    t.equal(await authenticateContact(service, 'alice@example.com', 'alice-pw'), '12x8549')
    t.equal(await authenticateContact(service, 'alice@example.com', 'no'), false)
  })

  t.test('employees are found under their own kind', async (t) => {
    const withEmployees = await startDemoCorebos({ port: 0 })
    t.teardown(() => withEmployees.close())
    const other = corebosAt(t, withEmployees.url)
    if (other.service === undefined) throw new Error('no service user')
    t.match(await new Identities(other.service).byName('Employee', 'emil@example.com'), [
      { accountId: undefined, passwordType: 'sha256', portal: true },
    ])
  })

  t.test('identities come by id and by name', async (t) => {
    const identities = new Identities(service)
    const alice = await identities.byId('Contacts', '12x8549')
    t.match(alice, {
      id: '12x8549',
      accountId: '11x8546',
      portal: true,
      passwordType: 'md5',
      userId: '19x5',
      supportEnd: '2035-12-31',
    })
    t.same(await identities.byName('Contacts', 'ALICE@example.com'), [alice])
    t.match(await identities.byName('Contacts', 'frank@example.com'), [{ portal: false }])
    t.match(await identities.byName('Contacts', 'erin@example.com'), [{ accountId: undefined }])
    t.equal(await identities.byId('Contacts', '12x99999'), undefined)
  })

  t.test('statements, records, relations, files and modules have the shapes that are expected', async (t) => {
    const { rows, totalRows } = await query(
      service,
      sealQuery('select ticket_title from HelpDesk limit 2;', 'basic'),
    )
    t.equal(rows.length, 2)
    t.ok((totalRows ?? 0) > 2)
    const ticket = await retrieve(service, cleared('17x8625'))
    t.equal(ticket?.fields['parent_id'], '12x8549')
    t.match(ticket?.references.get('parent_id'), { module: 'Contacts', label: 'alice Aliceson' })
    const document = await retrieve(service, cleared('15x8644'))
    t.ok(document?.relations.includes('12x8549'))
    t.equal(await retrieve(service, cleared('17x99999999')), undefined)
    const related = { id: cleared('12x8549'), module: 'Contacts', relatedModule: 'HelpDesk' }
    const [first] = await relatedRecords(service, related)
    t.match(first, { title: 'alice ticket 1' })
    t.notOk(Object.keys(first ?? {}).some((name) => /^[0-9]+$/.test(name)))
    const attachment = await retrieveAttachment(service, cleared('15x8644'))
    t.match(attachment, { filename: 'alice.txt', mediaType: 'text/plain' })
    t.equal(String(await attachment?.content.bytes()), 'hello alice\n')
    t.ok((await listTypes(service)).includes('HelpDesk'))
    const modules = await corebos.metadata.of('19x5', service, ['HelpDesk', 'Contacts', 'Nope', 'Documents'])
    t.same(modules.names, ['HelpDesk', 'Contacts', 'Documents'])
    t.same(modules.byIdPrefix('17'), { name: 'HelpDesk' })
    t.match(modules.byName('HelpDesk')?.fields.get('parent_id'), {
      type: 'reference',
      refersTo: ['Accounts', 'Contacts'],
    })
    t.match(modules.byName('HelpDesk')?.fields.get('ticketstatus')?.picklist?.[0], { value: 'Open' })
  })
})

t.test(
  'the plugin gives the application its coreBOS, counts its calls and logs out at the end',
  async (t) => {
    const stub = await stubCorebos(t)
    const app = fastify()
    await app.register(metrics)
    const environment = { COREBOS_URL: stub.url, COREBOS_USER: 'portal', COREBOS_ACCESS_KEY: 'key' }
    await app.register(corebosPlugin, readConfig(environment))
    if (app.corebos.service === undefined) throw new Error('no service user')
    await ask(app.corebos.service, call)
    t.match(
      await app.metrics.registry.metrics(),
      /portal_corebos_call_duration_seconds_count\{operation="query",outcome="ok"\} 1/,
    )
    await app.close()
    t.equal(stub.of('logout').length, 1)
    t.equal(await codeOf(app.corebos.ping()), 'SHUTTING_DOWN')
  },
)

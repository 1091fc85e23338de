/**
 * Floods, at a gateway of 256 MB in a process of its own. They are judged by counts: calls of coreBOS, bytes that are answered,
 * seconds of CPU, memory, and what is in use. No answer is judged by the time that it takes.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { request, type Dispatcher } from 'undici'
import { largeBody } from '../../src/http/schemas.ts'
import { limits } from '../../src/model/limits.ts'
import { startSmallGateway, unlimited, type SmallGateway } from '../support/apart.ts'
import { ids, times, tooLarge, tooManyInParameters } from '../support/floods.ts'
import { builtPortal } from '../support/reference-portal.ts'
import { contactAt, textAt } from '../support/webservice-client.ts'

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const mebibyte = 2 ** 20

interface Answer {
  readonly status: number
  readonly bytes: number
  /** Of an error. */
  readonly code?: string
}

/** A client that is refused early may find its connection closed; nothing was answered then. */
async function ask(
  url: string,
  options: Omit<Dispatcher.RequestOptions, 'path' | 'origin'>,
): Promise<Answer> {
  try {
    const response = await request(url, options)
    const text = await response.body.text()
    const [, code] = /"code":"([A-Z_]+)"/.exec(text) ?? []
    return { status: response.statusCode, bytes: text.length, ...(code !== undefined && { code }) }
  } catch {
    return { status: 0, bytes: 0 }
  }
}

async function tokenOf(url: string, name: string): Promise<Readonly<Record<string, string>>> {
  const body = JSON.stringify({ username: `${name}@example.com`, password: `${name}-pw` })
  const login = await request(`${url}/auth/login`, { method: 'POST', headers: json, body })
  return { authorization: `Bearer ${textAt(await login.body.json(), 'accessToken')}` }
}

interface Flood {
  readonly what: string
  readonly count: number
  readonly send: (n: number) => Promise<Answer>
  /** What each request may cost: milliseconds of CPU, bytes that are answered, calls of coreBOS. */
  readonly cpu: number
  readonly bytes: number
  readonly calls: number
}

async function flood(t: Test, gateway: SmallGateway, { what, count, send, ...most }: Flood): Promise<void> {
  const [cpu, calls] = [await gateway.cpu(), await gateway.calls()]
  let bytes = 0
  for (let n = 0; n < count; n++) bytes += (await send(n)).bytes
  t.strictSame(await gateway.atRest(), {}, `${what}: nothing is kept`)
  const each = {
    cpu: (1000 * ((await gateway.cpu()) - cpu)) / count,
    bytes: bytes / count,
    calls: ((await gateway.calls()) - calls) / count,
  }
  const said = `${each.cpu.toFixed(0)} ms of CPU, ${each.bytes.toFixed(0)} bytes, ${each.calls} calls each`
  const isWithin = each.cpu <= most.cpu && each.bytes <= most.bytes && each.calls <= most.calls
  t.ok(isWithin, `${what}: ${said}`)
  t.equal(gateway.process.exitCode, null, 'the process lives')
}

/** Waits until the heap is about as small as before. */
async function memoryReturns(t: Test, gateway: SmallGateway, before: number): Promise<void> {
  const most = before + 60 * mebibyte
  let now = Infinity
  for (let n = 0; n < 1000 && now > most; n++) now = await gateway.figure('nodejs_heap_size_used_bytes')
  t.ok(now <= most, `${Math.round((now - before) / mebibyte)} MiB more than before`)
}

function keys(bytes: number): Buffer {
  const entries = Array.from({ length: bytes / 10 }, (_, n) => `"k${String(n).padStart(6, '0')}":1`)
  return Buffer.from(`{${entries.join(',')}}`)
}

t.test('large bodies, and many keys, cost little', async (t) => {
  const gateway = await startSmallGateway(t)
  const { url } = gateway
  const heap = await gateway.figure('nodejs_heap_size_used_bytes')
  const client = await contactAt(url, 'alice')
  const ended = await contactAt(url, 'alice')
  await ended.call('logout')
  const token = await tokenOf(url, 'alice')
  const session = { 'corebos-authorization': client.session }
  const many = keys(largeBody - 100)
  const escapes = Buffer.from(
    `operation=create&elementType=Documents&element=${'%41'.repeat(10 * largeBody)}`,
  )
  const parts = Buffer.from(
    `${Array.from({ length: 15_000 }, (_, n) => `--x\r\ncontent-disposition: form-data; name="${n}"\r\n\r\n1\r\n`).join('')}--x--\r\n`,
  )
  const multipart = { 'content-type': 'multipart/form-data; boundary=x' }
  const pairs = Buffer.from(Array.from({ length: 100_000 }, (_, n) => `k${n}=1`).join('&'))
  const open = ['/auth/login', '/auth/refresh', '/auth/password-recovery', '/webservice.php', '/nope']
  const inSession = ['/modules/HelpDesk/records', '/query', '/records/17x8625/comments', '/auth/password']
  const sent: readonly (readonly [what: string, path: string, headers: object, body: Buffer, cpu: number])[] =
    [
      ...open.map((path) => ['keys', path, json, many, 150] as const),
      ...inSession.map((path) => ['keys in a session', path, { ...json, ...token }, many, 150] as const),
      ['a form', '/webservice.php', form, pairs, 150],
      ['parts', '/webservice.php', multipart, parts, 150],
      ['parts in a session', '/webservice.php', { ...multipart, ...session }, parts, 600],
      ['a form in a session', '/webservice.php', { ...form, ...session }, pairs, 300],
      ['keys in a session', '/webservice.php', { ...json, ...session }, many, 150],
      [
        'a file in a session that has ended',
        '/webservice.php',
        { ...form, 'corebos-authorization': ended.session },
        escapes,
        200,
      ],
      ['escapes of a file', '/webservice.php', { ...form, ...session }, escapes, 3000],
      ['a document without a session', '/documents', multipart, parts, 150],
      ['a document of parts', '/documents', { ...multipart, ...token }, parts, 600],
    ]
  for (const [what, path, headers, body, cpu] of sent)
    for (const whole of [true, false]) {
      const chunked = () => Readable.from([body.subarray(0, 1000), body.subarray(1000)])
      await flood(t, gateway, {
        what: `${what}, ${path}, ${whole ? 'with its length' : 'in chunks'}`,
        count: body.length > 2 * largeBody ? 2 : 10,
        send: async () =>
          ask(`${url}${path}`, {
            method: path === '/auth/password' ? 'PUT' : 'POST',
            headers: { ...headers },
            body: whole ? body : chunked(),
          }),
        cpu,
        bytes: 1000,
        // The first document of a contact is preceded by looks at what it may write.
        calls: 2,
      })
    }
  await memoryReturns(t, gateway, heap)
})

t.test('a text takes as long to read as it is', async (t) => {
  const gateway = await startSmallGateway(t)
  const { url } = gateway
  const token = await tokenOf(url, 'alice')
  const create = { ticket_title: `${'a'.repeat(240)} not in x`, ticketstatus: 'Open' }
  const post = (path: string, headers: object, body: string) => async (): Promise<Answer> =>
    ask(`${url}${path}`, { method: 'POST', headers: { ...headers }, body })
  await post('/modules/HelpDesk/records', { ...json, ...token }, JSON.stringify(create))()
  const titled = (condition: string) =>
    post(
      '/query',
      { ...json, ...token },
      JSON.stringify({ query: `select id from HelpDesk where ticket_title ${condition}` }),
    )
  await titled("= 'x'")()
  const part = (blanks: number) =>
    `--x\r\ncontent-disposition: form-data; name*=utf-8''a${' '.repeat(blanks)}x\r\n\r\n1\r\n--x--\r\n`
  const parts = { 'content-type': 'multipart/form-data; boundary=x' }
  const repeated = 'a&'.repeat(7_900)
  const routes = ['/health/live', '/', '/nope', '/auth/session', '/webservice.php', '/docs', '/search']
  const sent: readonly (readonly [what: string, send: () => Promise<Answer>])[] = [
    ...routes.map(
      (path) => [`a parameter, ${path}`, () => ask(`${url}${path}?${repeated}`, { method: 'GET' })] as const,
    ),
    [
      'an encoding',
      post('/auth/login', { ...json, 'content-encoding': `${'\u00a0'.repeat(15_000)}x` }, '{}'),
    ],
    ['the name of a part', post('/webservice.php', parts, part(15_000))],
    ['the name of a part, in a session', post('/documents', { ...parts, ...token }, part(75_000))],
    ['blanks', titled(`= 'x not in (${' '.repeat(120_000)}x'`)],
    ['a pattern', titled(`like '${'%a'.repeat(100)}% not in (%'`)],
  ]
  for (const [what, send] of sent)
    await flood(t, gateway, { what, count: 10, send, cpu: 150, bytes: 20_000, calls: 2 })
})

t.test('what any caller may read costs little, compressed or not', async (t) => {
  await builtPortal()
  const gateway = await startSmallGateway(t)
  const { url } = gateway
  const token = await tokenOf(url, 'alice')
  const page = await (await fetch(`${url}/`)).text()
  const script = `/${/src="([^"]+)"/.exec(page)?.[1] ?? ''}`
  const docs = ['/openapi.json', '/docs', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui-bundle.js']
  for (const path of ['/', script, '/portal/settings.json', ...docs, '/modules/openapi.json'])
    for (const coding of ['br', 'gzip', 'identity']) {
      const send = () =>
        ask(`${url}${path}`, { method: 'GET', headers: { ...token, 'accept-encoding': coding } })
      // It is made by the first request.
      await send()
      await flood(t, gateway, {
        what: `${path}, ${coding}`,
        count: 20,
        send,
        cpu: 25,
        bytes: 2_000_000,
        calls: 0.5,
      })
    }
})

t.test('a log-in that is malformed counts as one', async (t) => {
  const gateway = await startSmallGateway(t, { env: {} })
  const bodies = ['{}', '{', '{"username":1}', String(keys(10_000)), 'x'.repeat(20_000)]
  const calls = await gateway.calls()
  const statuses: number[] = []
  for (let n = 0; n < 700; n++) {
    const body = bodies[n % bodies.length] ?? ''
    statuses.push((await ask(`${gateway.url}/auth/login`, { method: 'POST', headers: json, body })).status)
  }
  t.ok(statuses.filter((status) => status === 429).length >= 100, 'within the default limits')
  t.equal(await gateway.calls(), calls, 'coreBOS is asked nothing')
})

t.test('what a contact may ask costs a bounded amount of work', async (t) => {
  const gateway = await startSmallGateway(t)
  const { url } = gateway
  const token = await tokenOf(url, 'alice')
  const client = await contactAt(url, 'alice')
  await ask(`${url}/modules/HelpDesk/records`, { method: 'GET', headers: token })
  await client.call('retrieve', { id: '17x8625' })
  const heap = await gateway.figure('nodejs_heap_size_used_bytes')

  const post = (path: string, body: unknown) => async (): Promise<Answer> =>
    ask(`${url}${path}`, { method: 'POST', headers: { ...json, ...token }, body: JSON.stringify(body) })
  const call =
    (operation: string, params: Readonly<Record<string, unknown>>) => async (): Promise<Answer> => {
      const { status, text } = await client.call(operation, params)
      return { status, bytes: text.length }
    }
  const rejected = { count: 5, cpu: 300, bytes: 1000 }
  for (const [what, [method, path, sent]] of tooLarge) {
    const body = sent?.body === undefined ? undefined : JSON.stringify(sent.body)
    const headers = { ...token, ...(body !== undefined && json) }
    const send = async () => ask(`${url}${path}`, { method, headers, ...(body && { body }) })
    // Related records are of a record that is looked up.
    await flood(t, gateway, { ...rejected, what, send, calls: path.includes('/related/') ? 2 : 0 })
    if (path !== '/query') continue
    await flood(t, gateway, {
      ...rejected,
      what: `${what}, explained`,
      send: post('/query/explain', sent?.body),
      calls: 0,
    })
  }
  for (const [operation, params] of tooManyInParameters)
    await flood(t, gateway, { ...rejected, what: operation, send: call(operation, params), calls: 0 })

  const hops = times(100, (i) => `Contacts.lastname like '%${i}%'`, ' or ')
  const names = times(480, () => 'HelpDesk,Contacts,Accounts,Documents,Faq,Products,Services').slice(0, 4000)
  const ticket = { ticket_title: 'flood', ticketstatus: 'Open' }
  const accepted: readonly (readonly [what: string, send: () => Promise<Answer>, calls: number])[] = [
    ['100 hops', post('/query', { query: `select id from HelpDesk where ${hops};` }), 110],
    ['100 hops, explained', post('/query/explain', { query: `select id from HelpDesk where ${hops};` }), 110],
    [
      'names of modules',
      call('getReferenceAutocomplete', { term: 'a', filter: 'contains', searchinmodules: names, limit: '5' }),
      60,
    ],
    ['names of modules', call('getSearchResultsArrayWithTotals', { query: 'a', search_onlyin: names }), 60],
    ['names of modules', call('describe', { elementType: names }), 60],
    ['ids', call('MassRetrieve', { ids: ids(500) }), 60],
    [
      'records',
      call('MassCreate', {
        elements: Array.from({ length: 50 }, () => ({ elementType: 'HelpDesk', element: ticket })),
      }),
      450,
    ],
    [
      'changes',
      call('MassUpdate', {
        elements: Array.from({ length: 50 }, () => ({ id: '17x8625', description: 'x' })),
      }),
      450,
    ],
    [
      'relations',
      call('SetRelation', { relate_this_id: '17x8625', with_these_ids: ids(50).split(',') }),
      450,
    ],
  ]
  for (const [what, send, calls] of accepted) {
    t.ok(calls <= limits.calls)
    await flood(t, gateway, { what: `${what}, accepted`, count: 2, send, cpu: 6000, bytes: mebibyte, calls })
  }
  await memoryReturns(t, gateway, heap)
})

t.test('requests whose clients have left cause no further calls', async (t) => {
  const slots = 8
  const gateway = await startSmallGateway(t, {
    env: {
      RATE_LIMIT_CONTACT: '1000000/60',
      RATE_LIMIT_IP: '1000000/60',
      COREBOS_CONCURRENCY: String(slots),
    },
    delayMs: 700,
  })
  const { url } = gateway
  const client = await contactAt(url, 'alice')
  const token = await tokenOf(url, 'alice')
  await client.call('listtypes')
  await ask(`${url}/modules/HelpDesk/records`, { method: 'GET', headers: token })
  const hops = times(100, (i) => `Contacts.lastname like '%${i}%'`, ' or ')
  const operation = (name: string, params: Readonly<Record<string, string>>) => ({
    path: '/webservice.php',
    headers: { ...form, 'corebos-authorization': client.session },
    body: new URLSearchParams({ operation: name, ...params }).toString(),
  })
  const rest = (path: string, body?: unknown) => ({
    path,
    headers: { ...token, ...(body !== undefined && json) },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const names = 'HelpDesk,Contacts,Accounts,Documents,Faq,Products,Services,Assets,Invoice'
  const kinds = [
    rest('/query', { query: `select id from HelpDesk where ${hops};` }),
    rest('/search?q=alice'),
    rest('/modules/HelpDesk/records?expand=parent_id.account_id,product_id,comments&count=true'),
    operation('getReferenceAutocomplete', {
      term: 'a',
      filter: 'contains',
      searchinmodules: names,
      limit: '5',
    }),
    operation('getSearchResultsArrayWithTotals', { query: 'a', search_onlyin: names }),
    operation('MassRetrieve', { ids: ids(300) }),
  ]
  for (const { path, headers, body } of kinds) {
    const before = await gateway.calls()
    const clients = Array.from({ length: 30 }, () => new AbortController())
    const answers = clients.map(async ({ signal }) =>
      request(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body !== undefined && { body }),
        signal,
      }).catch(() => undefined),
    )
    let running = 0
    while (running === 0) ({ calls_running: running = 0 } = await gateway.inUse())
    const made = (await gateway.calls()) + running
    for (const each of clients) each.abort()
    await Promise.all(answers)
    t.strictSame(await gateway.atRest(), {}, `${path}: nothing is kept`)
    const after = (await gateway.calls()) - made
    // Some may have begun between the count and the end of the clients.
    t.ok(after <= 2 * slots, `${path}: ${after} calls after ${made - before}, of 30 requests`)
  }
})

t.test('a flood of one contact does not stop the others', async (t) => {
  const gateway = await startSmallGateway(t, { delayMs: 20 })
  const { url } = gateway
  const [alice, bob] = [await tokenOf(url, 'alice'), await tokenOf(url, 'bob')]
  const list = async (headers: Readonly<Record<string, string>>) =>
    ask(`${url}/modules/HelpDesk/records`, { method: 'GET', headers })
  await list(bob)
  const statuses = new Map<number, number>()
  const attacked = new AbortController()
  const attack = pMap(
    Array.from({ length: 400 }, (_, n) => `${url}/search?q=a${n}`),
    async (path) => {
      const { status } = await ask(path, { method: 'GET', headers: alice })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    },
    { concurrency: 100 },
  ).finally(() => attacked.abort())
  const others: string[] = []
  const note = (what: string, { status, code = '' }: Answer) =>
    others.push(`${what}: ${status} ${code}`.trim())
  while (!attacked.signal.aborted) {
    note('list', await list(bob))
    const body = JSON.stringify({ username: 'carol@example.com', password: 'carol-pw' })
    note('log-in', await ask(`${url}/auth/login`, { method: 'POST', headers: json, body }))
  }
  await attack
  t.strictSame(
    [...new Set(others)],
    ['list: 200', 'log-in: 200'],
    `${others.length} requests of others beside the flood`,
  )
  t.ok(
    [...statuses.keys()].every((status) => [200, 429, 503].includes(status)),
    [...statuses].join(' '),
  )
  t.strictSame(await gateway.atRest(), {}, 'nothing is kept')
})

/** A client that reads nothing. */
async function silent(
  t: Test,
  url: string,
  head: readonly string[],
  body: string | Buffer = '',
): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(`${[...head, 'Host: here'].join('\r\n')}\r\n\r\n`)
  socket.write(body)
  return socket
}

t.test('downloads that are not read, and uploads that do not end, are few', async (t) => {
  // The demo takes its time to read a large form.
  const env = { ...unlimited, COREBOS_TIMEOUT_MS: '120000' }
  const gateway = await startSmallGateway(t, { env })
  const { url } = gateway
  const heap = await gateway.figure('nodejs_heap_size_used_bytes')
  const [alice, bob] = [await tokenOf(url, 'alice'), await tokenOf(url, 'bob')]
  const upload = async (headers: Readonly<Record<string, string>>, size: number) => {
    const data = new FormData()
    data.set('file', new Blob([Buffer.alloc(size, 'x')], { type: 'text/plain' }), 'flood.txt')
    const response = await fetch(`${url}/documents`, { method: 'POST', headers, body: data })
    return { status: response.status, id: textAt(await response.json(), 'id') }
  }
  const { id, status } = await upload(alice, 12 * mebibyte)
  t.equal(status, 201)
  const headed = (headers: Readonly<Record<string, string>>) =>
    Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const downloads = await Promise.all(
    Array.from({ length: 30 }, async () =>
      silent(t, url, [`GET /documents/${id}/content HTTP/1.1`, ...headed(alice)]),
    ),
  )
  let held: Readonly<Record<string, number>> = {}
  // A download that stalls is ended after a while, so that not all need be seen at once.
  let most = 0
  for (let n = 0; n < 2000 && (most === 0 || (n < 100 && most < 20)); n++) {
    held = await gateway.inUse()
    most = Math.max(most, held['downloads'] ?? 0)
  }
  t.ok(most > 0 && most <= 20, `${most} downloads of one contact at once`)
  t.equal((await upload(bob, 1000)).status, 201, 'others are answered')
  for (const each of downloads) each.destroy()
  t.strictSame(await gateway.atRest(), {}, 'nothing is kept')
  t.equal(await gateway.figure('portal_download_bytes'), 0)

  const head = [
    'POST /documents HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Length: 9000000',
  ]
  const start = `--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n`
  const body = Buffer.concat([Buffer.from(start), Buffer.alloc(65_536, 'x')])
  const uploads = await Promise.all(
    Array.from({ length: 40 }, async () => silent(t, url, [...head, ...headed(alice)], body)),
  )
  for (let n = 0; n < 2000 && held['large_bodies'] !== 4; n++) held = await gateway.inUse()
  t.equal(held['large_bodies'], 4, 'one contact has four')
  t.equal((await upload(bob, 1000)).status, 201, 'others have theirs')
  for (const each of uploads) each.destroy()
  t.strictSame(await gateway.atRest(), {}, 'nothing is kept')
  t.equal(gateway.process.exitCode, null, 'the process lives')
  await memoryReturns(t, gateway, heap)
})

t.test('responses that are not read, and requests that do not end, do not fill the memory', async (t) => {
  const gateway = await startSmallGateway(t)
  const { url } = gateway
  const before = await gateway.figure('nodejs_heap_size_used_bytes')
  const answers = Array.from({ length: 30 }, () => 'GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n').join(
    '',
  )
  const sockets: Socket[] = []
  for (let n = 0; n < 200; n++) sockets.push(await silent(t, url, ['GET /openapi.json HTTP/1.1'], answers))
  for (let n = 0; n < 300; n++)
    sockets.push(await silent(t, url, ['POST /auth/login HTTP/1.1', 'Content-Length: 9000'], 'x'))
  t.equal((await ask(`${url}/health/live`, { method: 'GET' })).status, 200, 'others are answered')
  t.equal(gateway.process.exitCode, null, 'the process lives')
  const during = await gateway.figure('process_resident_memory_bytes')
  t.ok(during < 700 * mebibyte, `${Math.round(during / mebibyte)} MiB in all`)
  for (const socket of sockets) socket.destroy()
  t.strictSame(await gateway.atRest(), {}, 'nothing is kept')
  await memoryReturns(t, gateway, before)
})

/** The client library against a gateway: sessions, lists, writes, uploads, and what it repeats. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import {
  ConnectionError,
  Gateway,
  GatewayError,
  sessionEnded,
  type GatewayOptions,
  type SessionStore,
  memoryStore,
} from '../../src/client/index.ts'
import { idsWhere, startPortal, type Portal, type PortalOptions } from '../support/portal.ts'

/** What `npm run types` would write, in short. */
interface Modules {
  readonly HelpDesk: {
    readonly record: {
      readonly id: string
      readonly ticket_title: string | null
      readonly ticketstatus: 'Open' | 'In Progress' | 'Wait For Response' | 'Closed' | null
      readonly parent_id: string | null
      readonly createdtime: string
    }
    readonly create: { readonly ticket_title: string; readonly ticketstatus: 'Open' }
    readonly update: { readonly ticket_title?: string }
  }
}

const ticket = { ticketstatus: 'Open' } as const

interface Client {
  readonly portal: Portal
  readonly gateway: Gateway<Modules>
  /** Method and path of each request that was sent. */
  readonly sent: string[]
  /** Milliseconds of each wait. */
  readonly waits: number[]
}

interface ClientOptions extends PortalOptions {
  readonly client?: GatewayOptions
  /** Called after each answer has arrived; what it throws is a lost connection to the client. */
  readonly after?: (line: string, response: Response) => void
}

async function startClient(t: Test, { client, after, ...options }: ClientOptions = {}): Promise<Client> {
  const portal = await startPortal(t, options)
  const sent: string[] = []
  const waits: number[] = []
  const gateway = new Gateway<Modules>({
    url: portal.url,
    fetch: async (url, init) => {
      const line = `${init?.method ?? 'GET'} ${new Request(url).url.slice(portal.url.length)}`
      sent.push(line)
      const response = await fetch(url, init)
      after?.(line, response)
      return response
    },
    wait: async (milliseconds) => {
      waits.push(milliseconds)
    },
    ...client,
  })
  await gateway.login({ username: 'alice@example.com', password: 'alice-pw' })
  return { portal, gateway, sent, waits }
}

t.test('lists, pages and filters without writing a query', async (t) => {
  const { portal, gateway } = await startClient(t)
  const tickets = gateway.records('HelpDesk')
  const { records, total } = await tickets.list({
    fields: ['ticket_title'],
    filter: { parent_id: '12x8549', ticketstatus: { in: ['Open', 'Closed'] } },
    sort: ['-ticket_title'],
    count: true,
  })
  const expected = await idsWhere(
    portal.admin,
    'HelpDesk',
    "parent_id='12x8549' and ticketstatus in ('Open','Closed')",
  )
  t.strictSame(new Set(records.map(({ id }) => id)), new Set(expected))
  t.equal(total, expected.length)

  const everything: { readonly id: string }[] = []
  for await (const each of tickets.all({ fields: ['ticket_title'], limit: 2 })) everything.push(each)
  const [named] = (
    await tickets.list({ fields: ['ticketstatus', 'parent_id'], display: true, lang: 'es', limit: 1 })
  ).records
  t.match(named?.display, { ticketstatus: 'Abierta', parent_id: 'Acme' })
  const groups = await tickets.aggregate({
    groupBy: ['ticketstatus'],
    count: true,
    max: ['createdtime'],
    display: true,
    lang: 'es',
  })
  const open = groups.find(({ ticketstatus }) => ticketstatus === 'Open')
  t.equal(open?.display?.['ticketstatus'], 'Abierta')
  t.match(open?.max?.createdtime, /^[0-9-]+T[0-9:]+Z$/)
  t.equal(
    groups.reduce((sum, { count = 0 }) => sum + count, 0),
    (await tickets.list({ count: true, limit: 1 })).total,
  )
  const { records: whole } = await tickets.list()
  t.ok(whole.length > 2)
  t.strictSame(everything.map(({ id }) => id).sort(), whole.map(({ id }) => id).sort())
})

t.test('creates once although the answer is lost, and changes only what has not changed', async (t) => {
  let isLost = true
  const { portal, gateway, waits } = await startClient(t, {
    after: (line) => {
      if (!isLost || !line.startsWith('POST /modules/HelpDesk/records')) return
      isLost = false
      throw new TypeError('the connection was lost')
    },
  })
  const tickets = gateway.records('HelpDesk')
  const made = await tickets.create({ ...ticket, ticket_title: 'made by the client' })
  t.equal(waits.length, 1)
  t.strictSame(await idsWhere(portal.admin, 'HelpDesk', "ticket_title='made by the client'"), [made.id])

  const { record, etag } = await tickets.read(made.id)
  t.equal(record.ticket_title, 'made by the client')
  if (etag === undefined) return t.fail('a record has an ETag')
  await tickets.update(made.id, { ticket_title: 'changed' }, { ifMatch: etag })
  await t.rejects(tickets.update(made.id, { ticket_title: 'again' }, { ifMatch: etag }), {
    name: 'GatewayError',
    code: 'PRECONDITION_FAILED',
  })
  t.equal((await tickets.get(made.id)).ticket_title, 'changed')
})

t.test('does not repeat a change whose answer is lost', async (t) => {
  const { gateway } = await startClient(t, {
    after: (line) => {
      if (line.startsWith('PATCH')) throw new TypeError('the connection was lost')
    },
  })
  const { id } = await gateway.records('HelpDesk').create({ ...ticket, ticket_title: 'x' })
  await t.rejects(gateway.records('HelpDesk').update(id, { ticket_title: 'y' }), ConnectionError)
})

t.test('refreshes once for all requests that find the token expired', async (t) => {
  let now = Date.now()
  const { gateway, sent } = await startClient(t, { now: () => now, client: { now: () => 0 } })
  now += 11 * 60_000
  await Promise.all(Array.from({ length: 5 }, async () => gateway.records('HelpDesk').list({ limit: 1 })))
  t.equal(sent.filter((line) => line === 'POST /auth/refresh').length, 1)
})

t.test('refreshes before the token expires', async (t) => {
  let now = Date.now()
  const { gateway, sent } = await startClient(t, { now: () => now, client: { now: () => now } })
  now += 595_000
  await gateway.records('HelpDesk').list({ limit: 1 })
  t.strictSame(
    sent.slice(1).map((line) => line.replace(/\?.*/, '')),
    ['POST /auth/refresh', 'GET /modules/HelpDesk/records'],
  )
})

t.test('waits as long as a 429 says, and no longer than a minute', async (t) => {
  const { waits, gateway } = await startClient(t, { env: { RATE_LIMIT_CONTACT: '1/30' } })
  await gateway.records('HelpDesk').list({ limit: 1 })
  await t.rejects(gateway.records('HelpDesk').list({ limit: 1 }), {
    name: 'GatewayError',
    code: 'RATE_LIMITED',
  })
  t.equal(waits.length, 3)
  t.ok(waits.every((wait) => wait > 0 && wait <= 30_000))
})

t.test('reports the end of the session once, whichever request finds it', async (t) => {
  const { portal, gateway } = await startClient(t)
  let ends = 0
  gateway.addEventListener(sessionEnded, () => (ends += 1))
  const other = new Gateway<Modules>({ url: portal.url })
  await other.login({ username: 'alice@example.com', password: 'alice-pw' })
  await other.logoutAll()
  const attempts = await Promise.allSettled(
    Array.from({ length: 3 }, async () => gateway.records('HelpDesk').list({ limit: 1 })),
  )
  for (const attempt of attempts)
    t.ok(
      attempt.status === 'rejected' &&
        attempt.reason instanceof GatewayError &&
        attempt.reason.status === 401,
    )
  t.equal(ends, 1)
  t.notOk(await gateway.isLoggedIn())
  t.notOk(await other.isLoggedIn())
})

t.test('two clients that share a store refresh once, and end together', async (t) => {
  let now = Date.now()
  const listeners: (() => void)[] = []
  const shared = memoryStore()
  const store: SessionStore = {
    ...shared,
    subscribe: (changed) => {
      listeners.push(changed)
    },
  }
  const { portal, gateway, sent } = await startClient(t, { now: () => now, client: { store, now: () => 0 } })
  let ends = 0
  const second = new Gateway<Modules>({ url: portal.url, store, now: () => 0 })
  second.addEventListener(sessionEnded, () => (ends += 1))
  now += 11 * 60_000
  await gateway.records('HelpDesk').list({ limit: 1 })
  await second.records('HelpDesk').list({ limit: 1 })
  t.equal(sent.filter((line) => line === 'POST /auth/refresh').length, 1)
  await gateway.logout()
  const ended = once(second, sessionEnded)
  for (const changed of listeners) changed()
  await ended
  t.equal(ends, 1)
})

t.test('uploads with progress and downloads the same bytes', async (t) => {
  const { gateway } = await startClient(t)
  const bytes = new Uint8Array(200_000).fill(65)
  const seen: [number, number][] = []
  const { id } = await gateway.upload(new Blob([bytes], { type: 'text/plain' }), {
    name: 'notes.txt',
    fields: { notes_title: 'Notes' },
    onProgress: (sent, total) => seen.push([sent, total]),
  })
  const [sent, total] = seen.at(-1) ?? []
  t.equal(sent, total)
  t.ok((total ?? 0) > bytes.length)
  const file = await gateway.download(id)
  t.strictSame(new Uint8Array(await file.arrayBuffer()), bytes)
})

t.test('comments and finds', async (t) => {
  const { gateway } = await startClient(t)
  const { id } = await gateway.records('HelpDesk').create({ ...ticket, ticket_title: 'a rare wombat' })
  await gateway.comment(id, 'It still smokes.')
  t.match(await gateway.comments(id), [{ text: 'It still smokes.' }])
  const results = await gateway.search('wombat', { modules: ['HelpDesk'] })
  t.strictSame(
    results.flatMap(({ records }) => records.map((record) => record.id)),
    [id],
  )
})

/** Checked by the compiler and never called. */
export const rejectedByTheCompiler = {
  values: async (gateway: Gateway<Modules>) =>
    // @ts-expect-error: not a value of the picklist
    gateway.records('HelpDesk').list({ filter: { ticketstatus: 'Opne' } }),
  fields: async (gateway: Gateway<Modules>) =>
    // @ts-expect-error: not a field of the module
    gateway.records('HelpDesk').list({ filter: { ticket_titel: 'x' } }),
  modules: (gateway: Gateway<Modules>) =>
    // @ts-expect-error: not a module of the installation
    gateway.records('Helpdesk'),
  chosen: async (gateway: Gateway<Modules>) => {
    const { records } = await gateway.records('HelpDesk').list({ fields: ['ticket_title'] })
    // @ts-expect-error: the field was not requested
    const status: unknown = records[0]?.ticketstatus
    return status
  },
  grouped: async (gateway: Gateway<Modules>) => {
    const [group] = await gateway.records('HelpDesk').aggregate({ groupBy: ['ticketstatus'], count: true })
    // @ts-expect-error: no group by this field was requested
    const title: unknown = group?.ticket_title
    return title
  },
  measured: async (gateway: Gateway<Modules>) =>
    // @ts-expect-error: not a field of the module
    gateway.records('HelpDesk').aggregate({ sum: ['hourz'] }),
  mandatory: async (gateway: Gateway<Modules>) =>
    // @ts-expect-error: the title is missing
    gateway.records('HelpDesk').create({}),
}

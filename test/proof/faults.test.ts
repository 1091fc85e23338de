/**
 * Every fault of the connection to coreBOS and to Redis, during every kind of request: no row of another contact, nothing
 * written twice, no session alive after an acknowledged end, every request answered, and all well after the fault.
 */
import { performance } from 'node:perf_hooks'
import t from 'tap'
import { FormData, request } from 'undici'
import { faults, startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.ts'
import { installed, sharedSettings, startRedis, until } from '../support/redis-server.ts'
import { startGateway } from '../support/start.ts'

const skip = !installed('redis-server') && 'skipped: redis-server is missing'

/** What a request may be answered with during a fault, besides success. */
const acceptable = new Set([
  'OUTCOME_UNKNOWN',
  'IDEMPOTENCY_KEY_IN_USE',
  'COREBOS_UNAVAILABLE',
  'COREBOS_BUSY',
  'COREBOS_TIMEOUT',
  'COREBOS_FAILED',
  'COREBOS_REFUSED',
  'STORE_UNAVAILABLE',
  'RATE_LIMITED',
  // Of a contact whose coreBOS session has not answered: it may hang for as long as coreBOS does.
  'SESSION_ENDED',
])

/** Milliseconds until an answer counts as missing: no request takes more calls one after the other than that. */
const longest = 30_000

const body = { username: 'alice@example.com', password: 'alice-pw' }

interface Answer {
  readonly status: number
  readonly code: string
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

t.test('faults of coreBOS and of Redis', { skip, timeout: 900_000 }, async (t) => {
  const redis = await startRedis(t)
  let corebosPort = 0
  const proxies: Readonly<Record<'coreBOS' | 'Redis', FaultProxy>> = {
    coreBOS: await startFaultProxy(t, () => corebosPort),
    Redis: await startFaultProxy(t, () => redis.port),
  }
  const { url, corebos } = await startGateway(t, {
    env: {
      ...(await sharedSettings(t, { port: proxies.Redis.port })),
      COREBOS_URL: `http://127.0.0.1:${proxies.coreBOS.port}`,
      COREBOS_TIMEOUT_MS: '1000',
      ACCESS_RECHECK: '1',
    },
    onCorebos: (at) => (corebosPort = Number(new URL(at).port)),
  })

  async function send(method: 'GET' | 'POST', path: string, token?: string, sent?: object): Promise<Answer> {
    const isForm = sent instanceof FormData
    const response = await request(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(longest),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(sent !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...('key' in (sent ?? {}) && { 'idempotency-key': String(Object.entries(sent ?? {})[0]?.[1]) }),
      },
      ...(sent !== undefined && {
        body: isForm
          ? sent
          : JSON.stringify(Object.fromEntries(Object.entries(sent).filter(([k]) => k !== 'key'))),
      }),
    })
    const text = await response.body.text()
    const isJson = String(response.headers['content-type']).includes('json')
    const parsed = (isJson && text !== '' ? JSON.parse(text) : {}) as Answer['body'] // problems and records are objects
    return {
      status: response.statusCode,
      code: typeof parsed['code'] === 'string' ? parsed['code'] : '',
      text,
      body: parsed,
    }
  }
  const login = async () => {
    const answer = await send('POST', '/auth/login', undefined, body)
    if (answer.status !== 200) throw new Error(answer.text)
    return { access: String(answer.body['accessToken']), refresh: String(answer.body['refreshToken']) }
  }
  const idsIn = ({ body: { records = [] } }: Answer) =>
    (records as { readonly id: string }[]).map(({ id }) => id)
  const list = '/modules/HelpDesk/records?fields=ticket_title&limit=200'
  const form = (title: string) => {
    const data = new FormData()
    data.append('notes_title', title)
    data.append('file', new Blob(['the content'], { type: 'text/plain' }), 'note.txt')
    return data
  }
  const titled = (module: string, field: string, title: string) =>
    corebos.database.records(module).filter(({ values }) => values.get(field) === title).length
  const ownersOf = new Set(
    corebos.database
      .records('HelpDesk')
      .filter(({ values }) => ['8549', '8546'].includes(String(values.get('parent_id'))))
      .map((record) => corebos.database.webserviceId(record)),
  )

  const first = await login()
  const uploaded = await send('POST', '/documents', first.access, form('A document to download'))
  t.equal(uploaded.status, 201)
  const content = `/documents/${String(uploaded.body['id'])}/content`

  const failures: string[] = []
  let survived = 0
  let slowest = 0
  const check = (is: boolean, what: string) => {
    if (is) return
    failures.push(what)
  }

  async function endure(target: 'coreBOS' | 'Redis', fault: Fault): Promise<void> {
    const [reading, writing, ending] = await Promise.all([login(), login(), login()])
    const refreshing = await login()
    const title = `${target} ${fault}`
    const values = {
      key: `write-${target}-${fault}`,
      ticket_title: title,
      ticketstatus: 'Open',
      ticketpriorities: 'Low',
    }
    const write = async () => send('POST', '/modules/HelpDesk/records', writing.access, values)
    proxies[target].set(fault)
    const actions: Readonly<Record<string, () => Promise<Answer>>> = {
      'log-in': async () => send('POST', '/auth/login', undefined, body),
      refresh: async () => send('POST', '/auth/refresh', undefined, { refreshToken: refreshing.refresh }),
      read: async () => send('GET', list, reading.access),
      write,
      revoke: async () => send('POST', '/auth/logout', ending.access),
      upload: async () => send('POST', '/documents', writing.access, form(title)),
      download: async () => send('GET', content, reading.access),
    }
    const begun = Object.entries(actions).map(async ([name, act]) => {
      const what = `${target} ${fault} ${name}`
      const answer = await act().catch((error: unknown) => ({
        status: 0,
        code: String(error),
        text: '',
        body: {},
      }))
      const before = failures.length
      check(answer.status < 300 || acceptable.has(answer.code), `${what}: ${answer.status} ${answer.code}`)
      if (name === 'read' && answer.status === 200)
        for (const id of idsIn(answer)) check(ownersOf.has(id) || titleOf(id), `${what}: foreign ${id}`)
      if (name === 'download' && answer.status === 200)
        check(answer.text === 'the content', `${what}: other content`)
      return { name, what, answer, fine: failures.length === before }
    })
    const results = await Promise.all(begun)
    const again = await write().catch(() => undefined)
    check(
      again === undefined || again.status < 300 || acceptable.has(again.code),
      `${title}: again ${again?.code}`,
    )
    proxies[target].set(undefined)
    const ended = performance.now()
    const isWell = async () => {
      const read = await send('GET', list, reading.access)
      return read.status === 200 || (read.code === 'SESSION_ENDED' && (await login()).access !== '')
    }
    await until(`${title}: recovery`, isWell, 20_000).catch(() => check(false, `${title}: no recovery`))
    slowest = Math.max(slowest, performance.now() - ended)

    for (const { name, what, answer, fine } of results) {
      const before = failures.length
      if (name === 'write') {
        await write()
        const count = titled('HelpDesk', 'ticket_title', title)
        check(count <= 1, `${what}: written ${count} times`)
        check(answer.status !== 201 || count === 1, `${what}: acknowledged and not written`)
      }
      if (name === 'upload') check(titled('Documents', 'notes_title', title) <= 1, `${what}: uploaded twice`)
      if (name === 'revoke' && answer.status === 204)
        check((await send('GET', '/auth/session', ending.access)).status === 401, `${what}: still alive`)
      if (fine && failures.length === before) survived += 1
    }
  }

  function titleOf(id: string): boolean {
    const record = corebos.database
      .records('HelpDesk')
      .find((each) => corebos.database.webserviceId(each) === id)
    return /^(coreBOS|Redis) /.test(record?.values.get('ticket_title') ?? '')
  }

  for (const target of ['coreBOS', 'Redis'] as const) for (const fault of faults) await endure(target, fault)
  const all = 2 * faults.length * 7
  t.comment(`faults ${all} survived ${survived}; slowest recovery ${Math.round(slowest)} ms`)
  process.stderr.write(`faults ${all} survived ${survived}\n`)
  t.strictSame(failures, [])
  t.equal(survived, all)
})

t.test('a coreBOS that is down is not hammered, and callers are told when to come back', async (t) => {
  let port = 0
  const proxy = await startFaultProxy(t, () => port)
  const { url } = await startGateway(t, {
    env: { COREBOS_URL: `http://127.0.0.1:${proxy.port}` },
    onCorebos: (at) => (port = Number(new URL(at).port)),
  })
  const login = await request(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { accessToken } = (await login.body.json()) as { accessToken: string } // as documented
  proxy.set('down')
  const before = proxy.connections
  const answers = []
  for (let i = 0; i < 100; i += 1) {
    const answer = await request(`${url}/modules/HelpDesk/records?limit=${i + 1}`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
    await answer.body.dump()
    answers.push(answer)
  }
  t.ok(
    answers.every(({ statusCode, headers }) => statusCode === 503 && Number(headers['retry-after']) >= 1),
    'each is a 503 with Retry-After',
  )
  const tried = proxy.connections - before
  t.ok(tried < 60, `${tried} connections for 100 requests`)
})

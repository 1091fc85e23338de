/**
 * Every fault of the connection to coreBOS and to Redis, during every kind of request: no row of another contact, nothing
 * written twice, no session alive after an acknowledged end, every request answered, and all well after the fault.
 */
import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import { FormData, request } from 'undici'
import type { Database } from '../../src/demo/database.ts'
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

const targets = ['coreBOS', 'Redis'] as const
type Target = (typeof targets)[number]

interface Sent {
  readonly token?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

interface Tokens {
  readonly access: string
  readonly refresh: string
}

const list = '/modules/HelpDesk/records?fields=ticket_title&limit=200'

function form(title: string): FormData {
  const data = new FormData()
  data.append('notes_title', title)
  data.append('file', new Blob(['the content'], { type: 'text/plain' }), 'note.txt')
  return data
}

/** A gateway that reaches coreBOS and Redis through proxies with faults. */
class FaultyGateway {
  readonly url: string
  readonly proxies: Readonly<Record<Target, FaultProxy>>
  /** Where a document with a known content is downloaded. */
  content = ''
  private readonly database: Database
  /** Tickets of alice and of her account, from before the faults. */
  private readonly visible: ReadonlySet<string>

  private constructor(url: string, database: Database, proxies: Readonly<Record<Target, FaultProxy>>) {
    this.url = url
    this.database = database
    this.proxies = proxies
    const seen = database
      .records('HelpDesk')
      .filter(({ values }) => ['8549', '8546'].includes(String(values.get('parent_id'))))
    this.visible = new Set(seen.map((record) => database.webserviceId(record)))
  }

  static async start(t: Test): Promise<FaultyGateway> {
    const redis = await startRedis(t)
    let corebosPort = 0
    const proxies = {
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
    return new FaultyGateway(url, corebos.database, proxies)
  }

  async send(method: 'GET' | 'POST', path: string, sent: Sent = {}): Promise<Answer> {
    const isForm = sent.body instanceof FormData
    const response = await request(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(longest),
      headers: {
        ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
        ...(sent.body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(sent.body !== undefined && {
        body: sent.body instanceof FormData ? sent.body : JSON.stringify(sent.body),
      }),
    })
    const text = await response.body.text()
    const isJson = String(response.headers['content-type']).includes('json')
    const parsed = (isJson && text !== '' ? JSON.parse(text) : {}) as Answer['body'] // problems and records are objects
    const code = typeof parsed['code'] === 'string' ? parsed['code'] : ''
    return { status: response.statusCode, code, text, body: parsed }
  }

  async login(): Promise<Tokens> {
    const answer = await this.send('POST', '/auth/login', { body })
    if (answer.status !== 200) throw new Error(answer.text)
    return { access: String(answer.body['accessToken']), refresh: String(answer.body['refreshToken']) }
  }

  /** How many records have a title. */
  count(module: string, field: string, title: string): number {
    return this.database.records(module).filter(({ values }) => values.get(field) === title).length
  }

  /** Whether alice may see a ticket: one of hers, or one that was created here. */
  isVisible(id: string): boolean {
    if (this.visible.has(id)) return true
    const record = this.database.records('HelpDesk').find((each) => this.database.webserviceId(each) === id)
    return /^(coreBOS|Redis) /.test(record?.values.get('ticket_title') ?? '')
  }
}

/** Sessions that are used during one fault, each for one thing. */
interface Sessions {
  readonly reading: Tokens
  readonly writing: Tokens
  readonly ending: Tokens
  readonly refreshing: Tokens
}

type ActionName = 'log-in' | 'refresh' | 'read' | 'write' | 'revoke' | 'upload' | 'download'

/** One request of every kind. */
function actionsOf(
  gateway: FaultyGateway,
  { reading, writing, ending, refreshing }: Sessions,
  title: string,
): Readonly<Record<ActionName, () => Promise<Answer>>> {
  const values = { ticket_title: title, ticketstatus: 'Open', ticketpriorities: 'Low' }
  const headers = { 'idempotency-key': `write-${title.replace(' ', '-')}` }
  const post = (path: string, sent: Sent) => gateway.send('POST', path, sent)
  return {
    'log-in': () => post('/auth/login', { body }),
    refresh: () => post('/auth/refresh', { body: { refreshToken: refreshing.refresh } }),
    read: () => gateway.send('GET', list, { token: reading.access }),
    write: () => post('/modules/HelpDesk/records', { token: writing.access, body: values, headers }),
    revoke: () => post('/auth/logout', { token: ending.access }),
    upload: () => post('/documents', { token: writing.access, body: form(title) }),
    download: () => gateway.send('GET', gateway.content, { token: reading.access }),
  }
}

const isAcceptable = ({ status, code }: Answer): boolean => status < 300 || acceptable.has(code)

/** What is wrong with an answer that was given during a fault. */
function wrongDuring(gateway: FaultyGateway, name: string, answer: Answer): readonly string[] {
  const wrong = isAcceptable(answer) ? [] : [`${answer.status} ${answer.code}`]
  if (answer.status !== 200) return wrong
  if (name === 'read') {
    const { records = [] } = answer.body as { readonly records?: readonly { readonly id: string }[] } // as documented
    const foreign = records.filter(({ id }) => !gateway.isVisible(id))
    return [...wrong, ...foreign.map(({ id }) => `foreign ${id}`)]
  }
  return name === 'download' && answer.text !== 'the content' ? [...wrong, 'other content'] : wrong
}

/** What is wrong with the effect of a request once the fault is over. */
async function wrongAfter(
  gateway: FaultyGateway,
  { write }: Readonly<Record<ActionName, () => Promise<Answer>>>,
  { ending }: Sessions,
  { name, answer, title }: { readonly name: string; readonly answer: Answer; readonly title: string },
): Promise<readonly string[]> {
  if (name === 'write') {
    await write()
    const count = gateway.count('HelpDesk', 'ticket_title', title)
    if (count > 1) return [`written ${count} times`]
    return answer.status === 201 && count !== 1 ? ['acknowledged and not written'] : []
  }
  if (name === 'upload') return gateway.count('Documents', 'notes_title', title) > 1 ? ['uploaded twice'] : []
  if (name === 'revoke' && answer.status === 204) {
    const { status } = await gateway.send('GET', '/auth/session', { token: ending.access })
    return status === 401 ? [] : ['still alive']
  }
  return []
}

/** Waits until a session reads again. @returns milliseconds; undefined if it does not */
async function recovery(gateway: FaultyGateway, { access }: Tokens): Promise<number | undefined> {
  const began = performance.now()
  const isWell = async () => {
    const read = await gateway.send('GET', list, { token: access })
    return read.status === 200 || (read.code === 'SESSION_ENDED' && (await gateway.login()).access !== '')
  }
  return until('recovery', isWell, 20_000).then(
    () => performance.now() - began,
    () => undefined,
  )
}

/** Sends every kind of request during a fault. @returns what went wrong, by kind, and the time of recovery */
async function endure(gateway: FaultyGateway, target: Target, fault: Fault) {
  const [reading, writing, ending] = await Promise.all([gateway.login(), gateway.login(), gateway.login()])
  const sessions = { reading, writing, ending, refreshing: await gateway.login() }
  const title = `${target} ${fault}`
  const actions = actionsOf(gateway, sessions, title)
  gateway.proxies[target].set(fault)
  const missing = (error: unknown) => ({ status: 0, code: String(error), text: '', body: {} })
  const results = await Promise.all(
    Object.entries(actions).map(async ([name, act]) => {
      const answer = await act().catch(missing)
      return { name, answer, title, wrong: wrongDuring(gateway, name, answer) }
    }),
  )
  const again = await actions.write().catch(() => undefined)
  gateway.proxies[target].set(undefined)
  const recovered = await recovery(gateway, reading)
  const wrong = new Map<string, readonly string[]>()
  for (const result of results) {
    const after = await wrongAfter(gateway, actions, sessions, result)
    wrong.set(result.name, [...result.wrong, ...after])
  }
  return { wrong, again, recovered }
}

t.test('faults of coreBOS and of Redis', { skip, timeout: 900_000 }, async (t) => {
  const gateway = await FaultyGateway.start(t)
  const { access: token } = await gateway.login()
  const uploaded = await gateway.send('POST', '/documents', { token, body: form('A document to download') })
  t.equal(uploaded.status, 201)
  gateway.content = `/documents/${String(uploaded.body['id'])}/content`
  let [survived, all, slowest] = [0, 0, 0]

  for (const target of targets) {
    for (const fault of faults) {
      await t.test(`${target}: ${fault}`, async (t) => {
        const { wrong, again, recovered } = await endure(gateway, target, fault)
        for (const [action, problems] of wrong) {
          t.strictSame(problems, [], action)
          all += 1
          if (problems.length === 0) survived += 1
        }
        t.ok(again === undefined || isAcceptable(again), `the same write again: ${again?.code}`)
        t.type(recovered, 'number', 'all is well after it')
        slowest = Math.max(slowest, recovered ?? 0)
      })
    }
  }

  t.comment(`faults ${all} survived ${survived}; slowest recovery ${Math.round(slowest)} ms`)
  t.equal(all, targets.length * faults.length * 7)
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

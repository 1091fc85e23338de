/**
 * Requests that have the shape of the description, or nearly so, at every route, as a contact and as a stranger; and
 * clients that send slowly, too many headers or too large a body. Judged by statuses, time limits and places in use.
 * `FUZZ_REQUESTS` sets the number of requests, `FUZZ_SEED` their kind.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import t from 'tap'
import { Agent, request } from 'undici'
import { dereferenced } from '../support/openapi.ts'
import { credentialsOf } from '../support/portal.ts'
import { startGateway, type Started } from '../support/start.ts'

const count = Number(process.env['FUZZ_REQUESTS'] ?? 2000)
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const atOnce = 16
/** No answer may take longer. Milliseconds. */
const patience = 60_000

t.setTimeout(Math.max(600_000, count * 60))

interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema?: Schema
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> }
}

interface Route extends Operation {
  readonly method: string
  readonly path: string
}

/** Numbers that look random, the same for the same seed. */
function generator(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const hostile: readonly unknown[] = [
  ...['', ' ', '0', '-1', '1e999', 'null', '[]', '{}', "' or 1=1 --", '../..', '\0', '\u{1f600}', '\ud800'],
  ...['12x8549', '17x8625', '17x1', '17x99999999999', 'x'.repeat(70_000), 'HelpDesk', 'Users', '__proto__'],
  ...[null, true, 0, -1, 1.5, 1e308, [], {}, [[]], { a: { b: {} } }],
]
const known: Readonly<Record<string, readonly string[]>> = {
  module: ['HelpDesk', 'Contacts', 'Invoice', 'Documents', 'Leads', 'Nowhere'],
  id: ['17x8625', '12x8549', '7x8628', '17x8665', '15x8644'],
  other: ['Documents', 'HelpDesk', '15x8644'],
  where: ["ticketstatus='Open'", "ticket_title like '%a%'", "not (hours > 1 or id in ('17x8625'))"],
  q: ['alice', "select * from HelpDesk where ticketstatus='Open' limit 5"],
  query: ["select id,ticket_title from HelpDesk where id!='17x1' order by ticket_title desc limit 3"],
}

type Random = (below: number) => number
const oneOf = <T>(items: readonly T[], random: Random): T | undefined => items[random(items.length)]

/** A value that the schema accepts, or one time in four another one. */
function valueFor(name: string, schema: Schema | undefined, random: Random, depth = 0): unknown {
  if (random(4) === 0 || schema === undefined || depth > 4) return oneOf(hostile, random)
  const { type, examples, properties = {}, items, anyOf } = schema
  const listed = known[name] ?? schema.enum ?? examples
  if (listed !== undefined && random(3) > 0) return oneOf(listed, random)
  if (schema.const !== undefined) return schema.const
  if (anyOf !== undefined) return valueFor(name, oneOf(anyOf, random), random, depth + 1)
  if (type === 'object') {
    const chosen = Object.entries(properties).filter(() => random(3) > 0)
    const more = random(6) === 0 ? [[String(oneOf(hostile, random)).slice(0, 20), 1] as const] : []
    return Object.fromEntries([
      ...chosen.map(([key, each]) => [key, valueFor(key, each, random, depth + 1)] as const),
      ...more,
    ])
  }
  if (type === 'array')
    return Array.from({ length: random(4) }, () => valueFor(name, items, random, depth + 1))
  if (type === 'integer' || type === 'number')
    return (schema.minimum ?? 0) + random(Math.min(schema.maximum ?? 100, 100))
  if (type === 'boolean') return random(2) === 0
  return Array.from({ length: random(12) }, () => String.fromCodePoint(32 + random(400))).join('')
}

const escaped = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return encodeURIComponent(text.toWellFormed()).slice(0, 20_000)
}

/** Ends of sessions and changes of passwords are sent without a session, so that the others keep theirs. */
const isEnd = (path: string): boolean => /logout|sessions|password/.test(path)

interface Made {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
}

function made({ method, path, parameters = [], requestBody }: Route, random: Random): Made {
  const at = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    escaped(valueFor(name, { type: 'string' }, random)).slice(0, 200),
  )
  const search = parameters
    .filter((each) => each.in === 'query' && random(3) === 0)
    .map(
      ({ name, schema }) =>
        `${encodeURIComponent(name)}=${escaped(valueFor(name, schema, random)).slice(0, 3000)}`,
    )
    .join('&')
  const schema = requestBody?.content['application/json']?.schema
  const body = schema === undefined ? undefined : JSON.stringify(valueFor('', schema, random))
  return {
    method,
    path: `${at}${search === '' ? '' : `?${search}`}`,
    body: random(50) === 0 ? body?.slice(1) : body,
  }
}

async function routesOf(url: string): Promise<Route[]> {
  const described = (await (await fetch(`${url}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> // OpenAPI
  }
  return Object.entries(dereferenced(described).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    })),
  )
}

async function tokenOf(url: string): Promise<string> {
  const { body } = await request(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentialsOf('alice')),
  })
  const { accessToken } = (await body.json()) as { accessToken: string } // of a log-in that is let in
  return accessToken
}

/** The places that requests hold, as operators see them. */
async function inUse({ operatorUrl }: Pick<Started, 'operatorUrl'>): Promise<string[]> {
  const text = await (await fetch(`${operatorUrl}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => /^portal_in_use\{/.test(line) && !/ 0$/.test(line) && !/session/.test(line))
}

const settings = {
  LOG_LEVEL: 'silent',
  RATE_LIMIT_IP: '10000000/60',
  RATE_LIMIT_CONTACT: '10000000/60',
  RATE_LIMIT_LOGIN: '10000000/60',
  ACCESS_TOKEN_TTL: '86400',
}

t.test('every route, with what is nearly right', async (t) => {
  const gateway = await startGateway(t, { env: settings })
  const { url } = gateway
  const routes = await routesOf(url)
  const token = await tokenOf(url)
  const agent = new Agent({ connections: atOnce })
  t.teardown(async () => agent.close())
  const random = generator(seed)
  const statuses = new Map<number, number>()
  const findings: string[] = []
  let sent = 0
  async function client(): Promise<void> {
    while (sent < count) {
      const route = routes[sent % routes.length]
      const isAlice = random(4) > 0
      sent += 1
      if (route === undefined) throw new Error('there are routes')
      const { method, path, body } = made(route, random)
      const headers = {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(isAlice && !isEnd(path) && { authorization: `Bearer ${token}` }),
      }
      const what = `${method} ${path.slice(0, 300)} ${(body ?? '').slice(0, 300)}`
      try {
        const answer = await request(`${url}${path}`, {
          method: method as 'GET', // undici names the methods that it knows
          headers,
          body: body ?? null,
          dispatcher: agent,
          signal: AbortSignal.timeout(patience),
        })
        const text = await answer.body.text()
        const { statusCode: status } = answer
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status >= 500 && !(status === 503 && 'retry-after' in answer.headers))
          findings.push(`${what}: ${status} ${text.slice(0, 300)}`)
      } catch (error) {
        findings.push(`${what}: ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  t.strictSame(findings.slice(0, 20), [])
  t.equal((await fetch(`${url}/health/live`)).status, 200)
  t.strictSame(await inUse(gateway), [], 'every place is given back')
  const told = [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, times]) => `${status}: ${times}`)
  t.comment(
    `fuzz ${sent} requests over ${routes.length} routes, ${findings.length} findings (${told.join(', ')})`,
  )
})

/** A client that sends its head, and then one byte each second until the server ends the connection. */
async function dribbled(port: number, head: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('error', () => undefined).on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
  await once(socket, 'connect')
  socket.write(head)
  const timer = setInterval(() => socket.write('x'), 1000)
  await once(socket, 'close')
  clearInterval(timer)
  return answer
}

t.test('clients that dribble are cut off, and others are served meanwhile', async (t) => {
  const gateway = await startGateway(t, { env: settings })
  const port = Number(new URL(gateway.url).port)
  const head = `host: a\r\ncontent-type: application/json\r\n`
  const slow = Array.from({ length: 200 }, async (_, i) =>
    dribbled(
      port,
      i % 2 === 0
        ? `POST /auth/login HTTP/1.1\r\n${head}x-slow: `
        : `POST /auth/login HTTP/1.1\r\n${head}content-length: 1000\r\n\r\n{"`,
    ),
  )
  const token = await tokenOf(gateway.url)
  for (let i = 0; i < 20; i += 1) {
    const { status } = await fetch(`${gateway.url}/me`, { headers: { authorization: `Bearer ${token}` } })
    t.equal(status, 200)
  }
  const answers = await Promise.all(slow)
  const firstLines = new Set(answers.map((answer) => answer.split('\r\n')[0]))
  t.ok(
    [...firstLines].every((line) => line === '' || /^HTTP\/1\.1 40[08] /.test(line ?? '')),
    [...firstLines].join(),
  )
  t.strictSame(await inUse(gateway), [], 'every place is given back')
})

t.test('floods of headers and endless bodies are refused early', async (t) => {
  const gateway = await startGateway(t, { env: settings })
  const token = await tokenOf(gateway.url)
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x-${i}`, 'y']))
  for (let i = 0; i < 50; i += 1) {
    const { statusCode, body } = await request(`${gateway.url}/me`, { headers: many })
    await body.dump()
    t.equal(statusCode, 431)
  }
  const chunk = Buffer.alloc(65_536, 0x20)
  for (const authorization of ['', `Bearer ${token}`]) {
    let bytes = 0
    const endless = Readable.from(
      (function* () {
        for (; bytes < 2 ** 30; bytes += chunk.length) yield chunk
      })(),
    )
    const headers = { 'content-type': 'application/json', ...(authorization !== '' && { authorization }) }
    const status = await request(`${gateway.url}/query`, { method: 'POST', headers, body: endless }).then(
      async ({ statusCode, body }) => (await body.dump(), statusCode),
      () => 0, // the connection ended before the body did
    )
    t.ok([0, 401, 413].includes(status), `${status}`)
    t.ok(bytes < 128 * 2 ** 20, `${bytes} bytes were taken in`)
  }
  t.strictSame(await inUse(gateway), [], 'every place is given back')
})

/**
 * The coreBOS of a bench, in a process of its own: the demo coreBOS, which counts its calls and takes as long as it is told.
 * With `BENCH_TICKETS` queries on tickets are answered at once with as many tickets and all of their fields, so that nothing
 * but the gateway is measured.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as send, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { startDemoCorebos } from '../../demo/server.ts'

const tickets = Number(process.env['BENCH_TICKETS'] ?? 0)
const callMs = Number(process.env['BENCH_CALL_MS'] ?? 0)
/** `describe` takes as long for each module. */
const describeMs = Number(process.env['BENCH_DESCRIBE_MS'] ?? 0)

const demo = await startDemoCorebos({ port: 0 })
if (process.env['BENCH_MAPPING'] === 'service') {
  for (const { values } of demo.database.records('Contacts')) values.set('portalloginuser', '5')
}

let calls = 0
/** How often each operation was called, with the module where it names one. */
const operations = new Map<string, number>()

function count(params: URLSearchParams): void {
  calls += 1
  const query = params.get('query') ?? ''
  const [, from] = / from (\w+)/i.exec(query) ?? []
  const module = from ?? params.get('elementType')?.split(',').length ?? ''
  const name = `${params.get('operation') ?? 'getchallenge'} ${module}`.trim()
  operations.set(name, (operations.get(name) ?? 0) + 1)
}

/** The end of the last call of each session: coreBOS runs them one after the other. */
const busy = new Map<string, Promise<void>>()

function timeOf(params: URLSearchParams): number {
  const modules = (params.get('elementType') ?? '').split(',').length
  return params.get('operation') === 'describe' ? Math.max(callMs, describeMs * modules) : callMs
}

/** A call takes its time from when the one before it in its session has ended until its answer, the work included. */
async function inTurn(params: URLSearchParams, work: () => Promise<() => void>): Promise<void> {
  const ms = timeOf(params)
  const session = ms === 0 ? '' : (params.get('sessionName') ?? '')
  const before = session === '' ? undefined : busy.get(session)
  const run = async (): Promise<void> => {
    await before
    const began = performance.now()
    const answer = await work()
    const left = ms - (performance.now() - began)
    if (left > 0) await delay(left)
    answer()
  }
  const done = run()
  if (session !== '') busy.set(session, done)
  await done
}

const template = tickets === 0 ? undefined : await ticketOf(demo.url)
const many = template && answerOf(Array.from({ length: tickets }, (_, n) => ({ ...template, id: `17x${8600 + n}` })))

function answerOf(rows: readonly object[]): string {
  return JSON.stringify({ success: true, result: rows, moreinfo: { totalrows: String(rows.length) } })
}

function canned(params: URLSearchParams): string | undefined {
  const query = params.get('query') ?? ''
  if (many === undefined || !query.includes(' from HelpDesk')) return undefined
  const [, id] = /\bid='(17x\d+)'/.exec(query) ?? []
  return id === undefined ? many : answerOf([{ ...template, id }])
}

const server = createServer((request, response) => {
  if (request.url === '/calls') {
    response.end(String(calls))
    return
  }
  if (request.url === '/operations') {
    response.end(JSON.stringify(Object.fromEntries(operations)))
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const params = new URLSearchParams(body.toString())
    count(params)
    void inTurn(params, async () => {
      const known = canned(params)
      if (known !== undefined) {
        return () => {
          response.setHeader('content-type', 'application/json')
          response.end(known)
        }
      }
      const { status, headers, text } = await asked(body, request.headers)
      return () => response.writeHead(status, headers).end(text)
    })
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  // It listens on a TCP port, and its address is then of this kind.
  const { port } = server.address() as AddressInfo
  console.log(`ready url=http://127.0.0.1:${port}`)
})

/** What the demo coreBOS answers. */
async function asked(body: Buffer, sent: IncomingHttpHeaders) {
  const passed = send(`${demo.url}/webservice.php`, { method: 'POST', headers: sent })
  passed.end(body)
  // The event has one argument, of this kind.
  const [answer] = (await once(passed, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await answer.toArray())
  return { status: answer.statusCode ?? 500, headers: answer.headers, text }
}

/** A ticket of alice with all fields, as the service user reads it. */
async function ticketOf(url: string): Promise<object> {
  const ask = async (params: Record<string, string>) => {
    const response = await fetch(`${url}/webservice.php`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(params).toString(),
    })
    // As recorded.
    return ((await response.json()) as { readonly result: Readonly<Record<string, string>> }).result
  }
  const { token = '' } = await ask({ operation: 'getchallenge', username: 'portal' })
  const accessKey = createHash('md5').update(`${token}portal-access-key`).digest('hex')
  const login = { operation: 'login', username: 'portal', accessKey }
  const { sessionName = '' } = await ask(login)
  const record = await ask({ operation: 'retrieve', id: '17x8625', sessionName })
  // A query answers texts alone.
  const texts = Object.entries(record).filter(([name, value]) => typeof value === 'string' && name !== 'cbuuid')
  return Object.fromEntries(texts)
}

/** The demo coreBOS on HTTP: `webservice.php` and the files under `storage/`. */
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Demo } from './call.ts'
import { Challenges } from './challenges.ts'
import type { Database } from './database.ts'
import { decodeForm, decodeMultipart, plain } from './php.ts'
import { Queue } from './queue.ts'
import { Sessions } from './sessions.ts'
import { clocksOf, startingState } from './states.ts'
import type { State } from './states.ts'
import { storedFile } from './storage.ts'
import { answer, type Reply } from './webservice.ts'

export interface DemoCorebosOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host?: string
  readonly state?: State
  /** How long each call takes; calls of one session take it one after the other. */
  readonly delayMs?: number
  /** Milliseconds; the clock in place of those of the state. */
  readonly now?: () => number
}

export interface DemoCorebos {
  readonly url: string
  readonly database: Database
  /** What `webservice.php` answers to a form, without a connection of its own. */
  readonly ask: (form: string, userAgent: string) => Promise<Reply>
  readonly close: () => Promise<void>
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array)) // no encoding is set: bytes
  return Buffer.concat(chunks)
}

const jsonParameters = (body: Buffer): Record<string, unknown> => {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {}
    return Object.fromEntries(Object.entries(parsed))
  } catch {
    return {}
  }
}

const plainParameters = (form: ReturnType<typeof decodeForm>): Record<string, unknown> =>
  Object.fromEntries([...form].map(([name, value]) => [name, plain(value)]))

/** `$_REQUEST`: the query string, then the form over it; a JSON body where there is neither. */
const readParameters = async (request: IncomingMessage, query: string): Promise<Record<string, unknown>> => {
  const form = decodeForm(query)
  const contentType = request.headers['content-type'] ?? ''
  const body = await readBody(request)
  if (contentType.startsWith('application/x-www-form-urlencoded')) decodeForm(body.toString('utf8'), form)
  if (contentType.startsWith('multipart/form-data')) decodeMultipart(body, contentType, form)
  if (form.size === 0) return jsonParameters(body)
  return plainParameters(form)
}

const sessionName = (headers: IncomingHttpHeaders, parameters: Record<string, unknown>): string => {
  const header = headers['corebos-authorization'] ?? headers['corebos_authorization']
  if (typeof header === 'string' && header !== '') return header
  const given = parameters['sessionName']
  return typeof given === 'string' ? given : ''
}

const send = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void => {
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers })
  response.end(body)
}

class Handling {
  readonly #demo: Demo
  readonly #delayMs: number
  /** The end of the last call of each session: coreBOS locks a session while a call of it runs. */
  readonly #busy = new Map<string, Promise<void>>()

  constructor(demo: Demo, delayMs: number) {
    this.#demo = demo
    this.#delayMs = delayMs
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, query } = splitUrl(request.url ?? '/')
    if (!pathname.endsWith('/webservice.php')) {
      await readBody(request)
      const { status, headers, body } = storedFile(this.#demo.database, pathname)
      send(response, status, headers, request.method === 'HEAD' ? '' : body)
      return
    }
    const parameters = await readParameters(request, query)
    const { status, contentType, location, body } = await this.ask(parameters, request.headers)
    send(response, status, { 'content-type': contentType, ...(location !== undefined && { location }) }, body)
  }

  async ask(parameters: Record<string, unknown>, headers: IncomingHttpHeaders): Promise<Reply> {
    const name = sessionName(headers, parameters)
    return this.#inTurn(name, () => {
      const userAgent = headers['user-agent'] ?? ''
      const session = name === '' ? undefined : this.#demo.sessions.use(name, userAgent)
      return answer({ ...this.#demo, parameters, userAgent, session })
    })
  }

  async #inTurn(name: string, work: () => Reply): Promise<Reply> {
    const slow = async (): Promise<Reply> => {
      if (this.#delayMs > 0) await delay(this.#delayMs)
      return work()
    }
    if (name === '') return slow()
    const turn = (this.#busy.get(name) ?? Promise.resolve()).then(slow)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#busy.set(name, settled)
    const reply = await turn
    if (this.#busy.get(name) === settled) this.#busy.delete(name)
    return reply
  }
}

const splitUrl = (url: string): { pathname: string; query: string } => {
  const mark = url.indexOf('?')
  return mark < 0
    ? { pathname: url, query: '' }
    : { pathname: url.slice(0, mark), query: url.slice(mark + 1) }
}

const listen = async (server: Server, port: number, host: string): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Starts a coreBOS of its own state; rejects where the port is taken. */
export const startDemoCorebos = async (options: DemoCorebosOptions): Promise<DemoCorebos> => {
  const { port, host = '127.0.0.1', state = 'demo', delayMs = 0 } = options
  const { now, today } =
    options.now === undefined ? clocksOf(state) : { now: options.now, today: options.now }
  let url = ''
  const database = startingState(state)
  const demo: Demo = {
    database,
    sessions: new Sessions(now),
    challenges: new Challenges(now),
    queue: new Queue(),
    now,
    today,
    url: () => url,
  }
  const handling = new Handling(demo, delayMs)
  const server = createServer((request, response) => {
    handling.handle(request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else send(response, 500, { 'content-type': 'text/html; charset=UTF-8' }, '')
    })
  })
  url = `http://${host}:${await listen(server, port, host)}`
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    })
  }
  const ask = async (form: string, userAgent: string): Promise<Reply> =>
    handling.ask(plainParameters(decodeForm(form)), { 'user-agent': userAgent })
  return { url, database, ask, close }
}

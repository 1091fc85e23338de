/** A coreBOS that misbehaves on request: it says what it was sent, and each test says what it answers. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { Corebos, type CorebosOptions } from '../../src/corebos/corebos.ts'

export interface Received {
  readonly operation: string
  readonly session: string
  readonly params: Readonly<Record<string, string>>
  readonly body: string
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** What to answer: an envelope's result, or the effect of the function on the response. */
export type Answer = (received: Received, response: ServerResponse) => unknown

export const rejected = (code: string, message = ''): Rejected => new Rejected(code, message)

class Rejected {
  readonly code: string
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

/** Returned by an {@link Answer} that has seen to the response, or never will. */
export const handled = Symbol('handled')

export class StubCorebos {
  readonly received: Received[] = []
  /** Sessions that had two calls under way at once. */
  readonly overlaps = new Set<string>()
  /** Most calls under way at once. */
  most = 0
  url = ''
  connections = 0
  rejectLogin = false
  answer: Answer
  #sessions = 0
  readonly #underWay: string[] = []

  constructor(answer: Answer) {
    this.answer = answer
  }

  /** Log-ins and log-outs as coreBOS does them; the rest is the test's. */
  #respond(received: Received, response: ServerResponse): unknown {
    switch (received.operation) {
      case 'getchallenge':
        return { token: 'token', serverTime: 1795460896, expireTime: '1795468096' }
      case 'login':
        if (this.rejectLogin) return rejected('INVALID_USER_CREDENTIALS', 'Invalid username or password')
        return { sessionName: `session-${(this.#sessions += 1)}`, userId: '19x5' }
      case 'logout':
        return { message: 'successfull' }
      default:
        return this.answer(received, response)
    }
  }

  async start(t: Test): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const params = Object.fromEntries(new URLSearchParams(body))
        const received: Received = {
          operation: params['operation'] ?? '',
          session: params['sessionName'] ?? '',
          params,
          body,
          method: request.method ?? '',
          url: request.url ?? '',
          headers: request.headers,
        }
        this.received.push(received)
        if (received.session !== '') {
          if (this.#underWay.includes(received.session)) this.overlaps.add(received.session)
          this.#underWay.push(received.session)
          // Like coreBOS, it finishes a call even when the client has left.
          response.on('finish', () => this.#underWay.splice(this.#underWay.indexOf(received.session), 1))
          this.most = Math.max(this.most, this.#underWay.length)
        }
        void this.#reply(received, response)
      })
    })
    server.on('connection', () => (this.connections += 1))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.url = `http://127.0.0.1:${portOf(server.address())}`
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
  }

  async #reply(received: Received, response: ServerResponse): Promise<void> {
    const result: unknown = await this.#respond(received, response)
    if (result === handled) return
    const { envelope } =
      result instanceof Rejected
        ? {
            envelope: {
              success: false,
              error: { message: result.message, code: result.code },
              moreinfo: null,
            },
          }
        : { envelope: { success: true, result, moreinfo: null } }
    response.end(JSON.stringify(envelope))
  }

  of(operation: string): Received[] {
    return this.received.filter((each) => each.operation === operation)
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}

export async function stubCorebos(t: Test, answer: Answer = () => []): Promise<StubCorebos> {
  const stub = new StubCorebos(answer)
  await stub.start(t)
  return stub
}

export const user = { name: 'portal', accessKey: 'portal-access-key', sessions: 2 }

export function corebosAt(t: Test, url: string, options: Partial<CorebosOptions> = {}): Corebos {
  const corebos = new Corebos({
    url,
    timeoutMs: 5000,
    maxBytes: 1_000_000,
    concurrency: 8,
    queue: 20,
    serviceUser: user,
    metadataTtlMs: 1000,
    now: () => Date.now(),
    ...options,
  })
  t.teardown(() => corebos.close())
  return corebos
}

/** A promise, and what settles it. */
export function semaphore(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

/** Listens in place of a demo coreBOS, asks it for every answer, and remembers what was said. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { DemoCorebos } from '../../src/demo/server.ts'

export interface Relayed {
  readonly operation: string
  readonly params: URLSearchParams
  readonly answer: Envelope
}

export interface Envelope {
  readonly success: boolean
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Relay {
  readonly url: string
  /** In the order in which they were answered. */
  readonly calls: Relayed[]
  /** The operations of calls in the order in which they came. */
  readonly arrived: string[]
  /** Their headers. */
  readonly headers: IncomingHttpHeaders[]
  /** Operations that coreBOS carries out, and whose answers get lost on their way back. */
  readonly lost: Set<string>
  /** Answers wait for it on their way back. */
  held: Promise<void> | undefined
  /** Asked as a call comes; its answer waits for what is returned. */
  holds: ((operation: string) => Promise<void> | undefined) | undefined
  /** Makes of coreBOS's answer what a coreBOS that is broken would have answered. */
  alter: ((call: Relayed) => unknown) | undefined
  /** The most calls at once since it was last set to 0. */
  mostAtOnce: number
  /** Calls that have come and are not answered. */
  readonly underWay: number
  /** To be set before the first call can be answered. */
  to(corebos: Pick<DemoCorebos, 'ask'>): void
  /** How often an operation was called since the relay began. */
  count(operation: string): number
  /** Whether coreBOS still knows a session, asked under the name by which the gateway goes. */
  isAlive(session: string): Promise<boolean>
}

export async function startRelay(t: Test): Promise<Relay> {
  let know: Relay['to'] = () => undefined
  const target = new Promise<Pick<DemoCorebos, 'ask'>>((resolve) => (know = resolve))
  const calls: Relayed[] = []
  const arrived: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const lost = new Set<string>()
  let userAgent = ''
  let underWay = 0

  async function pass(form: string): Promise<{ readonly body: string; readonly answer: Envelope }> {
    const { body } = await (await target).ask(form, userAgent)
    return { body, answer: envelope(body) }
  }

  const server = createServer((incoming, outgoing) => {
    underWay += 1
    relay.mostAtOnce = Math.max(relay.mostAtOnce, underWay)
    outgoing.once('close', () => (underWay -= 1))
    void (async () => {
      const form = await text(incoming)
      userAgent = incoming.headers['user-agent'] ?? ''
      const params = new URLSearchParams(form)
      const operation = params.get('operation') ?? ''
      arrived.push(operation)
      headers.push(incoming.headers)
      const held = relay.holds?.(operation)
      const { body, answer } = await pass(form)
      const call = { operation, params, answer }
      calls.push(call)
      await relay.held
      await held
      if (lost.has(call.operation)) {
        outgoing.destroy()
        return
      }
      outgoing.setHeader('content-type', 'application/json')
      outgoing.end(relay.alter === undefined ? body : JSON.stringify(relay.alter(call)))
    })().catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  // The server listens on a TCP port, and its address is then of this kind.
  const { port } = server.address() as AddressInfo
  const relay: Relay = {
    url: `http://127.0.0.1:${port}`,
    calls,
    arrived,
    headers,
    lost,
    held: undefined,
    holds: undefined,
    alter: undefined,
    mostAtOnce: 0,
    get underWay() {
      return underWay
    },
    to: know,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    isAlive: async (session) => {
      const form = new URLSearchParams({ operation: 'getPortalUserInfo', sessionName: session })
      return (await pass(form.toString())).answer.success
    },
  }
  return relay
}

function envelope(body: string): Envelope {
  // Every answer of coreBOS to a log-in call has this shape, or the test fails.
  return JSON.parse(body) as Envelope
}

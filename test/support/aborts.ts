/** Leaves requests at each point of their way, and finds what they still hold afterwards. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { disconnected } from '../../plugins/request-calls.ts'
import { semaphore } from './corebos-stub.ts'
import type { Test } from 'tap'
import type { Mode } from './portal.ts'
import { thread, type Started } from './start.ts'
import type { Row, Stage, Wire } from './requests.ts'

/** Looks at a condition that never comes to hold, before it is a failure. */
const looks = 2000

/** Waits until a condition holds. @returns whether it came to hold */
export async function until(holds: () => boolean): Promise<boolean> {
  for (let n = 0; n < looks; n++) {
    if (holds()) return true
    await (n < 1000 ? new Promise(setImmediate) : wait(10))
  }
  return holds()
}

/** What is still held when everything that is going to end has ended; empty: nothing. */
export async function leftOver({ inUse }: Pick<Started, 'inUse'>): Promise<Readonly<Record<string, number>>> {
  const held = () => Object.entries(inUse()).filter(([, count]) => count !== 0)
  await until(() => held().length === 0)
  return Object.fromEntries(held())
}

/** What was found after a request was left. */
export interface Found {
  /** Where it was left. */
  readonly point: string
  /** What is still held. */
  readonly left: Readonly<Record<string, number>>
  /** Calls of coreBOS after those that were under way. */
  readonly furtherCalls: readonly string[]
}

/** A client that has a connection of its own and reads nothing until it is told to. */
export class Leaver {
  readonly socket: Socket
  readonly #wire: Wire
  #isOver = false

  private constructor(socket: Socket, wire: Wire) {
    this.socket = socket.on('error', () => undefined).once('close', () => (this.#isOver = true))
    this.#wire = wire
  }

  static async at(url: string, wire: Wire): Promise<Leaver> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new Leaver(socket, wire)
  }

  get head(): string {
    const { method, path, headers, body } = this.#wire
    const fields = {
      host: 'here',
      connection: 'close',
      ...headers,
      ...(body !== undefined && { 'content-length': String(body.length) }),
    }
    const lines = Object.entries(fields).flatMap(([name, value]) => (value === '' ? [] : `${name}: ${value}`))
    return [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  }

  /** @param share of the body, from 0 to 1 */
  send(share = 1): void {
    const { body = Buffer.alloc(0) } = this.#wire
    this.socket.write(
      Buffer.concat([Buffer.from(this.head), body.subarray(0, Math.floor(body.length * share))]),
    )
  }

  /** Reads to the end. @returns whether the server has ended the connection */
  get isOver(): () => boolean {
    this.socket.resume()
    return () => this.#isOver
  }

  leave(): void {
    this.socket.destroy()
  }
}

async function judged(stage: Stage, point: string, sent = stage.calls().length): Promise<Found> {
  const left = await leftOver(stage.portal)
  return { point, left, furtherCalls: stage.calls().slice(sent) }
}

/** Leaves with half of the head sent, and with half of the body sent. */
export async function leaveWhileSending(stage: Stage, row: Row): Promise<readonly Found[]> {
  const found: Found[] = []
  const wire = await stage.wired(await stage.filled(row))
  const early = await Leaver.at(stage.portal.url, wire)
  early.socket.write(early.head.slice(0, early.head.length / 2))
  early.leave()
  found.push(await judged(stage, 'half of the head'))
  if (wire.body === undefined) return found
  await leftOver(stage.portal)
  const half = await Leaver.at(stage.portal.url, wire)
  half.send(0.5)
  const isOver = half.isOver
  await until(() => (stage.portal.inUse()['requests'] ?? 0) > 0 || isOver())
  await until(() => isAtRest(stage))
  half.leave()
  found.push(await judged(stage, 'half of the body'))
  return found
}

/** Leaves at each call of coreBOS that the request makes, from the first to the last. */
export async function leaveAtCalls(stage: Stage, row: Row, most = 100): Promise<readonly Found[]> {
  const found: Found[] = []
  for (let answered = 0; answered < most; answered++) {
    const one = await leaveAtCall(stage, row, answered)
    if (one === undefined) break
    found.push(one)
  }
  return found
}

/** Whether every call that was sent has come to coreBOS and waits there. */
function isAtRest({ portal: { relay, inUse } }: Stage): boolean {
  return relay.underWay === (inUse()['calls_running'] ?? 0)
}

/** @returns undefined where the request was answered with so many calls */
async function leaveAtCall(
  { portal, ...others }: Stage,
  row: Row,
  answered: number,
): Promise<Found | undefined> {
  const stage = { portal, ...others }
  const { relay } = portal
  const wire = await stage.wired(await stage.filled(row))
  await leftOver(portal)
  const held = semaphore()
  let arrived = 0
  relay.holds = () => ((arrived += 1) > answered ? held.opened : undefined)
  try {
    const client = await Leaver.at(portal.url, wire)
    client.send()
    const isOver = client.isOver
    await until(() => isOver() || (arrived > answered && isAtRest(stage)))
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
    if (isOver()) return undefined
    const logged = portal.log.length
    const sent = stage.calls().length
    client.leave()
    await until(() => portal.log.slice(logged).some((line) => line.includes(disconnected)))
    held.open()
    relay.holds = undefined
    return await judged(stage, `call ${answered + 1}`, sent)
  } finally {
    held.open()
    relay.holds = undefined
  }
}

/** Leaves after the request without having read a byte of what is answered. */
export async function leaveUnread(stage: Stage, row: Row): Promise<Found> {
  const wire = await stage.wired(await stage.filled(row))
  await leftOver(stage.portal)
  const client = await Leaver.at(stage.portal.url, wire)
  client.send()
  await once(client.socket, 'readable')
  client.leave()
  // What was answered is not given up: the mail with a password is sent in the background.
  return { point: 'the unread answer', left: await leftOver(stage.portal), furtherCalls: [] }
}

export interface SweepOptions {
  readonly mode: Mode
  readonly rows: readonly Row[]
  /** Calls of one request at which it is left. */
  readonly most?: number
  readonly env?: Readonly<Record<string, string>>
}

export interface Swept {
  readonly name: string
  readonly found: readonly Found[]
  /** To the same request when its client stays. */
  readonly answer: string
}

/** Leaves each request at each point, on a thread beside the test's. */
export async function sweep(t: Test, options: SweepOptions): Promise<readonly Swept[]> {
  const worker = thread('aborts-worker.ts', options)
  t.teardown(() => worker.terminate())
  // Its only message.
  const [swept] = (await once(worker, 'message')) as [readonly Swept[]]
  return swept
}

/** A sentence for each point at which something was kept or done. */
export function faultsIn(swept: readonly Swept[]): readonly string[] {
  return swept.flatMap(({ name, found }) =>
    found.flatMap(({ point, left, furtherCalls }) => [
      ...Object.entries(left).map(([kind, count]) => `${name}, left at ${point}: ${count} ${kind}`),
      ...(furtherCalls.length > 0 ? [`${name}, left at ${point}: then ${furtherCalls.join(', ')}`] : []),
    ]),
  )
}

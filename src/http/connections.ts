/** Ends connections whose client does not read its answers, and the longest idle ones of too many. */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface ConnectionBounds {
  /** Open connections; above that, the longest idle ones end. Each takes about 20 KB. */
  readonly open: number
  /** Bytes of unread answers on all connections. */
  readonly inAll: number
  /** Bytes of unread answers on one connection with several requests. */
  readonly perConnection: number
  /** Requests under way on one connection. */
  readonly requests: number
  /** Milliseconds in which a client must take `least` bytes, or all that is left. */
  readonly stall: number
  readonly least: number
  /** Milliseconds that a rejected client has to read why. */
  readonly linger: number
}

export const connectionBounds: ConnectionBounds = {
  open: 2000,
  inAll: 64 * 2 ** 20,
  perConnection: 4 * 2 ** 20,
  requests: 32,
  stall: 30_000,
  least: 16_384,
  linger: 1000,
}

/** Of one connection. */
interface Sending {
  readonly responses: Map<ServerResponse, number>
  /** When the client last took `least` bytes, or all of them. */
  since: number
  /** The bytes that it has read since then. */
  taken: number
  written: number
  below: number
}

export class Connections {
  readonly #bounds: ConnectionBounds
  readonly #now: () => number
  readonly #open = new Map<Socket, Sending>()
  /** Bytes of answers that were given and whose responses have not closed. */
  #queued = 0
  #crowdedOut = 0

  /** @param now a clock in milliseconds */
  constructor(bounds: ConnectionBounds, now: () => number) {
    this.#bounds = bounds
    this.#now = now
  }

  get size(): number {
    return this.#open.size
  }

  /** The size of unread answers. */
  get bytes(): number {
    return this.#queued
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.#open.size >= this.#bounds.open) this.#endLongestIdle()
      this.#open.set(socket, { responses: new Map(), since: this.#now(), taken: 0, written: 0, below: 0 })
      socket.once('close', () => this.#forget(socket))
    })
    server.prependListener('request', ({ socket }, response: ServerResponse) => this.#begin(socket, response))
  }

  #begin(socket: Socket, response: ServerResponse): void {
    const sending = this.#open.get(socket)
    if (sending === undefined) return
    sending.responses.set(response, 0)
    response.once('close', () => {
      this.#close(sending, response)
      this.#moveToEnd(socket, sending)
    })
    if (sending.responses.size > this.#bounds.requests) socket.destroy()
  }

  /** Keeps the longest idle connections at the front. */
  #moveToEnd(socket: Socket, sending: Sending): void {
    if (this.#open.delete(socket)) this.#open.set(socket, sending)
  }

  /** A connection is idle until a request has arrived whole: also one whose request never comes to its end. */
  #endLongestIdle(): void {
    for (const [socket, { responses }] of this.#open) {
      if ([...responses.keys()].some(({ req }) => req.complete)) continue
      this.#crowdedOut += 1
      this.#end(socket)
      return
    }
  }

  /** The idle connections that were ended since the last call, because there were too many. */
  takeCrowdedOut(): number {
    const count = this.#crowdedOut
    this.#crowdedOut = 0
    return count
  }

  #close({ responses }: Sending, response: ServerResponse): void {
    this.#queued -= responses.get(response) ?? 0
    responses.delete(response)
  }

  /** Responses that wait behind another are not notified when their connection closes. */
  #forget(socket: Socket): void {
    const sending = this.#open.get(socket)
    if (sending === undefined) return
    for (const response of [...sending.responses.keys()]) this.#close(sending, response)
    this.#open.delete(socket)
  }

  /** To be called as an answer is given that is held as a whole. */
  queue(socket: Socket, response: ServerResponse, bytes: number): void {
    const sending = this.#open.get(socket)
    if (sending?.responses.has(response) !== true) return
    sending.responses.set(response, bytes)
    this.#queued += bytes
    const given = [...sending.responses.values()].filter((each) => each > 0)
    const sum = given.reduce((all, each) => all + each, 0)
    if (given.length > 1 && sum > this.#bounds.perConnection) socket.destroy()
    else if (this.#queued > this.#bounds.inAll) this.look()
  }

  /** Ends stalled connections, and then the longest stalled ones until the rest is within the limit. */
  look(now = this.#now()): void {
    const waiting = [...this.#open].filter(([socket, sending]) => this.#isWaiting(socket, sending, now))
    const isStalled = ([, { since }]: readonly [Socket, Sending]) => now - since > this.#bounds.stall
    for (const [socket] of waiting.filter(isStalled)) this.#end(socket)
    const others = waiting.filter((each) => !isStalled(each)).toSorted(([, a], [, b]) => a.since - b.since)
    for (const [socket] of others) {
      if (this.#queued <= this.#bounds.inAll) return
      this.#end(socket)
    }
  }

  #end(socket: Socket): void {
    socket.destroy()
    this.#forget(socket)
  }

  /** Whether the client still has bytes to read; records the bytes that it has read. */
  #isWaiting(socket: Socket, sending: Sending, now: number): boolean {
    const written = socket.bytesWritten - socket.writableLength
    const below = belowStream(socket)
    const taken = written > sending.written ? written - sending.written : sending.below - below
    sending.taken += Math.max(0, taken)
    Object.assign(sending, { written, below })
    const isWaiting = socket.writableLength > 0
    if (!isWaiting || sending.taken >= this.#bounds.least) Object.assign(sending, { since: now, taken: 0 })
    return isWaiting
  }

  /**
   * Answers a malformed request, and ends the connection, whether or not the client reads the answer or closes its
   * side.
   */
  reject(socket: Socket, answer: string): void {
    const responses = this.#open.get(socket)?.responses.keys() ?? []
    const hasBegun = [...responses].some(({ headersSent }) => headersSent)
    if (hasBegun || !socket.writable) {
      socket.destroy()
      return
    }
    socket.end(answer)
    setTimeout(() => socket.destroy(), this.#bounds.linger).unref()
  }
}

/** Bytes of the write under way that the system has not taken yet. Node itself looks at this to tell a slow client from a stalled one. */
function belowStream(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const size: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : 0
  return typeof size === 'number' ? size : 0
}

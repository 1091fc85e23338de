/** A TCP proxy that can do to a connection what networks and broken servers do. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export const faults = ['latency', 'hang', 'reset', 'slow', 'truncation', 'garbage', 'down'] as const
export type Fault = (typeof faults)[number]

export interface FaultProxy {
  readonly port: number
  /** Begins a fault, for connections that are open as well; undefined ends it. */
  set(fault: Fault | undefined): void
  /** Connections that were made since the proxy began. */
  readonly connections: number
}

/** Milliseconds that a piece of an answer is late. */
const late = 150

/** Bytes of an answer that come before it breaks off. */
const head = 25

export async function startFaultProxy(t: Test, target: () => number): Promise<FaultProxy> {
  let fault: Fault | undefined
  let connections = 0
  const open = new Set<Socket>()

  const answered = (piece: Buffer, client: Socket): void => {
    if (fault === 'latency') setTimeout(() => client.write(piece), late)
    else if (fault === 'slow') trickle(piece, client)
    else if (fault === 'truncation') client.end(piece.subarray(0, head))
    else if (fault === 'garbage') client.write(randomBytes(piece.length))
    else client.write(piece)
  }

  const server = createServer((client) => {
    connections += 1
    if (fault === 'down') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target(), '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (piece) => {
      if (fault === 'reset') client.resetAndDestroy()
      else if (fault !== 'hang') upstream.write(piece)
    })
    upstream.on('data', (piece: Buffer) => {
      if (fault !== 'hang') answered(piece, client)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    set: (next) => {
      // What hung is not carried out afterwards: its connection ends with the fault, as that of a server that restarts.
      const ends = next === 'down' || fault === 'hang'
      fault = next
      if (ends) for (const socket of open) socket.destroy()
    },
    get connections() {
      return connections
    },
  }
}

/** A few bytes at a time. */
function trickle(piece: Buffer, client: Socket): void {
  const timer = setInterval(() => {
    if (piece.length === 0 || client.destroyed) clearInterval(timer)
    else client.write(piece.subarray(0, 16))
    piece = piece.subarray(16)
  }, 10)
}

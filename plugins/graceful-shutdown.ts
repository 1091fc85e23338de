/** Graceful shutdown of a listener: running requests finish, new ones are rejected, silent connections are closed. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { GatewayError } from '../src/model/errors.ts'

/** Milliseconds in which a request that has begun to arrive must have come. */
const graceForBegun = 1000

export default fp(
  async (app) => {
    let closing = false
    /** How many requests of each open connection are being answered: several may come before the first answer. */
    const answering = new Map<Socket, number>()
    const count = (socket: Socket, more: number): void => {
      const before = answering.get(socket)
      if (before !== undefined) answering.set(socket, before + more)
    }
    app.server.on('connection', (socket: Socket) => {
      answering.set(socket, 0)
      socket.once('close', () => answering.delete(socket))
    })
    app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      count(socket, 1)
      response.once('close', () => {
        count(socket, -1)
        // A kept-alive connection would otherwise hold up the shutdown.
        if (closing && answering.get(socket) === 0) socket.destroySoon()
      })
    })
    app.addHook('preClose', async () => {
      closing = true
      // Browsers and balancers connect in advance. For Node that is not idle: it would wait for a request that never comes.
      for (const socket of answering.keys()) if (socket.bytesRead === 0) socket.destroy()
      setTimeout(() => {
        for (const [socket, requests] of answering) if (requests === 0) socket.destroy()
      }, graceForBegun).unref()
    })
    app.addHook('onRequest', (_request, reply, next) => {
      if (closing) {
        reply.header('connection', 'close')
        next(new GatewayError('SHUTTING_DOWN', undefined, { retryAfter: 1 }))
      } else next()
    })
  },
  { name: 'graceful-shutdown', dependencies: ['problem'], fastify: '5.x' },
)

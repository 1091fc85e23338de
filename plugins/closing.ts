/** How a listener ends: what runs is finished, what comes is refused, and nobody waits for whoever says nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { GatewayError } from '../src/errors.ts'

/** Milliseconds in which a request that has begun to arrive must have come. */
const graceForBegun = 1000

export default fp(
  async (app) => {
    let closing = false
    const open = new Set<Socket>()
    /** How many requests of a connection are being answered: several may come before the first answer. */
    const answering = new Map<Socket, number>()
    const isBusy = (socket: Socket): boolean => (answering.get(socket) ?? 0) > 0
    app.server.on('connection', (socket: Socket) => {
      open.add(socket)
      socket.once('close', () => {
        open.delete(socket)
        answering.delete(socket)
      })
    })
    app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      answering.set(socket, (answering.get(socket) ?? 0) + 1)
      response.once('close', () => {
        answering.set(socket, (answering.get(socket) ?? 1) - 1)
        // Whoever keeps the connection for a next request would be waited for.
        if (closing && !isBusy(socket)) socket.destroySoon()
      })
    })
    app.addHook('preClose', async () => {
      closing = true
      // Browsers and balancers connect in advance. For Node that is not idle: it would wait for a request that never comes.
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
      setTimeout(() => {
        for (const socket of open) if (!isBusy(socket)) socket.destroy()
      }, graceForBegun).unref()
    })
    app.addHook('onRequest', async (_request, reply) => {
      if (!closing) return
      reply.header('connection', 'close')
      throw new GatewayError('SHUTTING_DOWN', undefined, { retryAfter: 1 })
    })
  },
  { name: 'closing', dependencies: ['problem'], fastify: '5.x' },
)

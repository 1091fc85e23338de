/** How a listener ends: what runs is finished, what comes is refused, and nobody waits for whoever says nothing. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { GatewayError } from '../src/errors.ts'

function openConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

export default fp(
  async (app) => {
    let closing = false
    const connections = openConnections(app.server)
    app.addHook('preClose', async () => {
      closing = true
      // Browsers and balancers connect in advance. For Node that is not idle: it would wait for a request that never comes.
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    })
    app.addHook('onRequest', async (_request, reply) => {
      if (!closing) return
      reply.header('connection', 'close')
      throw new GatewayError('SHUTTING_DOWN', undefined, { retryAfter: 1 })
    })
  },
  { name: 'closing', dependencies: ['problem'], fastify: '5.x' },
)

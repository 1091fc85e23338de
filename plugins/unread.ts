/** Ends connections whose clients do not read, and those above the limit: reports every answer to `Connections`. */
import fp from 'fastify-plugin'
import type { Connections } from '../src/http/connections.ts'

export interface UnreadOptions {
  readonly connections: Connections
  /** Milliseconds between two looks (default 5,000). */
  readonly every?: number
}

export default fp<UnreadOptions>(
  async (app, { connections, every = 5000 }) => {
    connections.watch(app.server)
    if (app.hasDecorator('inUse')) app.inUse.watch({ unread_bytes: () => connections.bytes })
    app.addHook('onSend', (request, reply, payload, next) => {
      // A stream waits for its reader.
      if (typeof payload === 'string' || Buffer.isBuffer(payload))
        connections.queue(request.raw.socket, reply.raw, payload.length)
      next()
    })
    const look = () => {
      connections.look()
      const ended = connections.takeCrowdedOut()
      if (ended > 0) app.log.warn({ ended }, 'too many connections: the longest idle ones were ended')
    }
    const timer = setInterval(look, every).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'unread', fastify: '5.x' },
)

/** Gives every request a scope that owns its resources, and ends it with the response or the connection. */
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { OpenRequests } from '../src/http/open-requests.ts'
import type { RequestScope } from '../src/http/request-scope.ts'

declare module 'fastify' {
  interface FastifyRequest {
    readonly scope: RequestScope
  }
}

export default fp(
  async (app) => {
    const requests = new OpenRequests()
    app.inUse.watch({ requests: () => requests.count })
    app.server.on('connection', (socket: Socket) => requests.connected(socket))
    app.decorateRequest('scope', {
      getter() {
        return requests.scopeOf(this.raw)
      },
    })
    app.addHook('onRequest', (request, reply, next) => {
      requests.begin(request.raw, reply.raw)
      next()
    })
    app.addHook('preHandler', (request, _reply, next) => {
      request.scope.handling()
      next()
    })
    app.addHook('onSend', (request, _reply, _payload, next) => {
      request.scope.answered()
      next()
    })
  },
  { name: 'request-scope', dependencies: ['metrics'], fastify: '5.x' },
)

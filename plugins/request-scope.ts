/** Gives every request a scope that owns what it holds, and ends it with the response or the connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { RequestScope } from '../src/http/request-scope.ts'

declare module 'fastify' {
  interface FastifyRequest {
    readonly scope: RequestScope
  }
}

export default fp(
  async (app) => {
    const scopes = new WeakMap<IncomingMessage, RequestScope>()
    /** Of each connection. Several requests may come before the first response. */
    const open = new WeakMap<Socket, Set<RequestScope>>()
    let count = 0
    app.inUse.watch('requests', () => count)

    function begin(message: IncomingMessage, response: ServerResponse): void {
      const others = open.get(message.socket)
      const scope = new RequestScope(() => {
        count -= 1
        others?.delete(scope)
      })
      count += 1
      others?.add(scope)
      scopes.set(message, scope)
      response.once('close', () => scope.close({ sent: response.writableFinished }))
    }

    app.server.on('connection', (socket: Socket) => {
      const waiting = new Set<RequestScope>()
      open.set(socket, waiting)
      // Node tells the response that is being sent, and none of those that wait behind it.
      socket.once('close', () => {
        for (const scope of waiting) scope.close({ sent: false })
      })
    })
    app.decorateRequest('scope', {
      getter() {
        const scope = scopes.get(this.raw)
        if (scope === undefined) throw new Error('a request has a scope from its first hook on')
        return scope
      },
    })
    app.addHook('onRequest', (request, reply, next) => {
      begin(request.raw, reply.raw)
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

/** Gives each request its share of coreBOS: on whose account it calls, how often, and until its client has gone. */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Share } from '../src/corebos/queue-limit.ts'
import { inRequest, RequestCalls } from '../src/corebos/request-calls.ts'
import { networksOf } from '../src/http/client-address.ts'
import { limits } from '../src/model/limits.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before the first hook. */
    calls: RequestCalls | null
  }
}

/** Logged at `debug`. */
export const disconnected = 'The client has disconnected; no further calls to coreBOS are made'

/** Before a log-in the network stands for the contact: an IPv6 client has any number of addresses in one. */
function shareOf({ contact, ip }: FastifyRequest): Share {
  return contact === null
    ? { kind: 'access', key: networksOf(ip)[0].name }
    : { kind: 'records', key: contact.id }
}

function signalOf(request: FastifyRequest): AbortSignal {
  const { signal } = request.scope
  signal.addEventListener('abort', () => request.log.debug(disconnected), { once: true })
  return signal
}

export default fp(
  async (app) => {
    app.decorateRequest('calls', null)
    app.addHook('onRequest', (request, _reply, done) => {
      request.calls = new RequestCalls({
        share: () => shareOf(request),
        signal: () => signalOf(request),
        atOnce: limits.atOnce,
        inAll: limits.calls,
      })
      inRequest(request.calls, done)
    })
    // A body arrives by events of the connection, which is not the request's alone.
    app.addHook('preValidation', (request, _reply, done) => {
      if (request.calls === null) done()
      else inRequest(request.calls, done)
    })
  },
  { name: 'request-calls', dependencies: ['request-scope'], fastify: '5.x' },
)

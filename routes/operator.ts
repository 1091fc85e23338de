/** For operators, on a listener of its own: `/metrics` for all who reach it, everything else for who holds the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError } from '../src/errors.ts'
import type { Metrics } from '../src/metrics.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to all who reach the operators' listener. */
    open?: true
  }
}

export interface OperatorOptions {
  readonly metrics: Metrics
  /** Without one, only what is open is answered. */
  readonly token: string | undefined
}

async function operator(app: FastifyInstance, { metrics, token }: OperatorOptions): Promise<void> {
  const holdsToken = bearerOf(token)

  // A hook and not an option of each route: a route that forgets it is closed, and so is what does not exist.
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.open !== true && !holdsToken(request)) {
      throw new GatewayError('AUTHENTICATION_REQUIRED')
    }
  })

  app.get('/metrics', { config: { open: true } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}

/** Compares digests, so that neither the length nor a common beginning shows in the time. */
function bearerOf(token: string | undefined): (request: FastifyRequest) => boolean {
  if (token === undefined) return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(`Bearer ${token}`)
  return (request) => timingSafeEqual(digest(request.headers.authorization ?? ''), expected)
}

export default fp(operator, { name: 'operator', dependencies: ['problem'], fastify: '5.x' })

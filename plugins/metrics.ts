/** Gives the application its counters and times every request by its route. */
import fp from 'fastify-plugin'
import { version } from '../src/config/version.ts'
import { createMetrics, type Metrics } from '../src/http/metrics.ts'
import { toGatewayError } from '../src/http/problem.ts'
import { WebserviceRejection } from '../src/webservice/envelope.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
    /** What is in use at this moment, by kind. */
    readonly inUse: Metrics['inUse']
  }
}

export default fp(
  async (app) => {
    const metrics = createMetrics(version)
    app.decorate('metrics', metrics)
    app.decorate('inUse', metrics.inUse)
    app.addHook('onResponse', (request, reply, next) => {
      const route = request.routeOptions.url ?? 'none'
      metrics.requests.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      )
      next()
    })
    app.addHook('onError', async (_request, _reply, error) => {
      const { code } = error instanceof WebserviceRejection ? error : toGatewayError(error)
      metrics.problems.inc({ code })
    })
    app.addHook('onClose', async () => metrics.registry.clear())
  },
  { name: 'metrics', fastify: '5.x' },
)

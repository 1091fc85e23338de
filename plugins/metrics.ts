/** Gives the application its counters and times every request by its route. */
import fp from 'fastify-plugin'
import { createMetrics, type Metrics } from '../src/http/metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
    /** What is in use at this moment, by kind. */
    readonly inUse: Metrics['inUse']
  }
}

export default fp(
  async (app) => {
    const metrics = createMetrics()
    app.decorate('metrics', metrics)
    app.decorate('inUse', metrics.inUse)
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none'
      metrics.requests.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      )
    })
    app.addHook('onClose', async () => metrics.registry.clear())
  },
  { name: 'metrics', fastify: '5.x' },
)

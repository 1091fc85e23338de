/** Names the request in each answer, as the log knows it. */
import fp from 'fastify-plugin'

export default fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, next) => {
      reply.header('x-request-id', request.id)
      next()
    })
  },
  { name: 'logging', fastify: '5.x' },
)

/** Names the request in each answer, as the log knows it. */
import fp from 'fastify-plugin'

export default fp(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
    })
  },
  { name: 'logging', fastify: '5.x' },
)

/** The description of the API with the modules of the contact, for generators of clients. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LRUCache } from 'lru-cache'
import { keepEncodings } from '../src/http/compression.ts'
import { describeModules } from '../src/openapi/modules.ts'
import type { VisibleModules } from '../src/scope/view.ts'

/** Bytes of the descriptions of all contacts; one has almost a megabyte. */
const mostKept = 32 * 2 ** 20

const description: FastifyPluginAsyncTypebox = async (app) => {
  /** The same modules are the same object. */
  const bodies = new LRUCache<VisibleModules, Buffer>({
    maxSize: mostKept,
    sizeCalculation: ({ length }) => length,
  })

  function bodyFor(visible: VisibleModules): Buffer {
    const known = bodies.get(visible)
    if (known !== undefined) return known
    const made = Buffer.from(JSON.stringify(describeModules(app.description(), visible, app.access.lengths)))
    keepEncodings(made)
    bodies.set(visible, made)
    return made
  }

  app.get(
    '/modules/openapi.json',
    {
      onRequest: app.authenticate,
      schema: {
        tags: ['modules'],
        security: [{ bearer: [] }],
        summary: 'Describe the API with the modules of this contact',
        description:
          'OpenAPI 3.1: the description of all routes, and for each readable module its fields, a list and, where the policy ' +
          'allows it, the creation of a record.',
        response: {
          200: {
            description: 'The description',
            content: {
              'application/json': {
                schema: { type: 'object', additionalProperties: true },
                example: { openapi: '3.1.0', paths: { '/modules/HelpDesk/records': {} } },
              },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { visible } = await app.access.readContextOf(request)
      return reply.type('application/json; charset=utf-8').send(bodyFor(visible))
    },
  )
}

export default description

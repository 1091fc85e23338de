/** Search over all modules that are open. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Conditional, problems, taggedAnswer } from '../src/http/schemas.ts'
import { presentation } from '../src/records/presentation.ts'
import { presentedHits, Row } from '../src/records/presented.ts'
import { search } from '../src/records/search.ts'

const Found = Type.Object(
  {
    module: Type.String({ examples: ['HelpDesk'] }),
    label: Type.String({ examples: ['Support Tickets'] }),
    total: Type.Optional(Type.Integer({ description: 'The number of records without the limit' })),
    records: Type.Array(Row),
  },
  { title: 'SearchResults' },
)

const searching: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/search',
    {
      onRequest: app.authenticate,
      schema: {
        tags: ['records'],
        security: [{ bearer: [] }],
        summary: 'Search in all text fields',
        description:
          'Finds the text anywhere in the text fields that this contact may read, in upper or lower case. Modules ' +
          'in which nothing was found are left out.',
        querystring: Type.Object({
          q: Type.String({ pattern: '\\S', maxLength: 100, examples: ['printer'] }),
          modules: Type.Optional(
            Type.String({
              pattern: '^[A-Za-z_][A-Za-z0-9_]*( *, *[A-Za-z_][A-Za-z0-9_]*)*$',
              maxLength: 1000,
              description: 'Comma-separated names; default: all readable modules',
              examples: ['HelpDesk,Faq'],
            }),
          ),
          limit: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 100, default: 10, description: 'Records of each module' }),
          ),
          ...presentation,
        }),
        headers: Conditional,
        response: {
          ...taggedAnswer(Type.Object({ results: Type.Array(Found) }), 'What was found, by module', {
            example: {
              results: [
                {
                  module: 'HelpDesk',
                  label: 'Support Tickets',
                  total: 1,
                  records: [{ ticket_title: 'The printer is on fire', ticketstatus: 'Open', id: '17x8625' }],
                },
              ],
            },
          }),
          ...problems('INVALID_VALUE', 'UNKNOWN_MODULE', 'QUERY_NOT_EXPRESSIBLE', 'QUERY_TOO_LARGE'),
        },
      },
    },
    async (request, reply) => {
      const { q, modules, limit = 10, display = false } = request.query
      const wanted = { text: q.trim(), modules: modules?.split(',').map((name) => name.trim()), limit }
      const context = await app.access.readContextOf(request)
      const read = async () => ({
        results: await presentedHits(await search(wanted, context), display, context),
      })
      return reply.sendRead(context, read)
    },
  )
}

export default searching

/** Records that are related to a record. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ListingQuery, Page } from '../src/records/list.ts'
import { listRelated } from '../src/records/related-page.ts'
import {
  Conditional,
  ModuleName,
  problems,
  queryProblems,
  recordProblems,
  taggedAnswer,
  webserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { setRelation } from '../src/write/relations.ts'

// Of one name, since OpenAPI takes paths for the same that differ in the names of their parameters alone.
const Related = Type.String({ ...ModuleName, description: 'The name of the module' })
const Other = Type.String({ ...webserviceId('15x8644'), description: 'The id of the other record' })

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['relations'], security: [{ bearer: [] }] }

const ends = {
  ...shared,
  params: Type.Object({ id: webserviceId('17x8625'), other: Other }),
  response: {
    204: Type.Null({ description: 'Done, or nothing to do' }),
    ...problems(...recordProblems, ...writeProblems),
  },
}

function listRoute(app: App): void {
  const { access } = app
  app.get(
    '/records/:id/related/:other',
    {
      schema: {
        ...shared,
        summary: 'List the records of a module that are related to a record',
        description:
          'Both the record and each that is related to it must be visible by their own rules. Comments on tickets and FAQ are ' +
          'no records: they are only at `/records/:id/comments`. `Products` and `Services` of an invoice, a quote or a sales ' +
          'order are its lines: each product or service with its `line`, in their order. Lines take `fields`, `limit`, ' +
          '`offset` and `count`.',
        params: Type.Object({ id: webserviceId('11x8546'), other: Related }),
        querystring: ListingQuery,
        headers: Conditional,
        response: {
          ...taggedAnswer(Page, 'The records'),
          ...problems(...queryProblems, 'NOT_FOUND'),
        },
      },
    },
    async (request, reply) => {
      const { id, other: module } = request.params
      const context = await access.readContextOf(request)
      const path = app.outside(`/records/${id}/related/${module}`)
      const wanted = { module, listing: request.query, path }
      return reply.sendRead(context, async () => listRelated(id, wanted, context))
    },
  )
}

function relateRoute(app: App): void {
  const { access } = app
  app.put(
    '/records/:id/related/:other',
    {
      config: { writes: 'relate' },
      schema: {
        ...ends,
        summary: 'Relate two records',
        description: "Both must be visible, and one of them the contact's own.",
      },
    },
    async (request, reply) => {
      const { id, other } = request.params
      await setRelation('relate', id, other, await access.writeContextOf(request))
      return reply.code(204).send(null)
    },
  )
}

function unrelateRoute(app: App): void {
  const { access } = app
  app.delete(
    '/records/:id/related/:other',
    { config: { writes: 'unrelate' }, schema: { ...ends, summary: 'End the relation of two records' } },
    async (request, reply) => {
      const { id, other } = request.params
      await setRelation('unrelate', id, other, await access.writeContextOf(request))
      return reply.code(204).send(null)
    },
  )
}

const relations: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  listRoute(app)
  relateRoute(app)
  unrelateRoute(app)
}

export default relations

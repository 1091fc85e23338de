/** Records by module and by id. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { aggregate, AggregateQuery, Groups } from '../src/records/aggregate.ts'
import { limits } from '../src/model/limits.ts'
import { Listed, ListingQuery, listRecords, Page, readRecord, RecordQuery } from '../src/records/list.ts'
import {
  Conditional,
  ModuleName,
  problems,
  queryProblems,
  taggedAnswer,
  WebserviceId,
} from '../src/http/schemas.ts'

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['records'], security: [{ bearer: [] }] }

function listRoute(app: App): void {
  const { access } = app
  app.get(
    '/modules/:module/records',
    {
      schema: {
        ...shared,
        summary: 'List the records of a module',
        params: Type.Object({ module: ModuleName }),
        querystring: ListingQuery,
        headers: Conditional,
        response: {
          ...taggedAnswer(Page, 'The records'),
          ...problems(...queryProblems),
        },
      },
    },
    async (request, reply) => {
      const { module } = request.params
      const wanted = { module, listing: request.query, path: app.outside(`/modules/${module}/records`) }
      const context = await access.readContextOf(request)
      return reply.sendRead(context, async () => listRecords(wanted, context))
    },
  )
}

function aggregateRoute(app: App): void {
  const { access } = app
  app.get(
    '/modules/:module/aggregate',
    {
      schema: {
        ...shared,
        summary: 'Count and sum up the records of a module',
        description:
          `Over all records that meet the conditions, ${limits.rows.toLocaleString('en')} at most. Each is verified before it ` +
          'is counted.',
        params: Type.Object({ module: ModuleName }),
        querystring: AggregateQuery,
        headers: Conditional,
        response: {
          ...taggedAnswer(Groups, 'The groups'),
          ...problems(...queryProblems),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const context = await access.readContextOf(request)
      return reply.sendRead(context, async () => aggregate(params.module, query, context))
    },
  )
}

function readRoute(app: App): void {
  const { access } = app
  app.get(
    '/records/:id',
    {
      schema: {
        ...shared,
        summary: 'Read one record',
        description:
          'The entity tag is that of the requested answer; `If-Match` of a write requires that of the whole ' +
          'record, without `fields` and `expand`.',
        params: Type.Object({ id: WebserviceId }),
        querystring: RecordQuery,
        headers: Conditional,
        response: {
          ...taggedAnswer(Listed, 'The record'),
          ...problems(...queryProblems, 'NOT_FOUND'),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const context = await access.readContextOf(request)
      return reply.sendRead(context, async () => readRecord(params.id, query, context))
    },
  )
}

const records: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  listRoute(app)
  aggregateRoute(app)
  readRoute(app)
}

export default records

/** Records by module and by id. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ask, record } from '../src/pipeline.ts'
import { limits } from '../src/query/limits.ts'
import { parseCondition, parseFields, parseOrderBy } from '../src/query/parse.ts'
import * as tree from '../src/query/tree.ts'
import { IfNoneMatch, ModuleName, problems, RecordRow, WebserviceId } from '../src/schemas.ts'

const ListQuery = Type.Object(
  {
    fields: Type.Optional(
      Type.String({
        maxLength: limits.text,
        examples: ['ticket_title,ticketstatus'],
        description: 'Default: all that can be read',
      }),
    ),
    where: Type.Optional(
      Type.String({
        maxLength: limits.text,
        examples: ["ticketstatus='Open'"],
        description: 'A condition of the query language',
      }),
    ),
    orderBy: Type.Optional(
      Type.String({ maxLength: limits.text, examples: ['ticketpriorities,createdtime desc'] }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.rows, default: limits.defaultRows })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000, default: 0 })),
    count: Type.Optional(
      Type.Boolean({ default: false, description: 'Whether to say how many records there are in all' }),
    ),
  },
  { additionalProperties: false },
)

const List = Type.Object({
  records: Type.Array(RecordRow),
  total: Type.Optional(
    Type.Integer({ description: 'With `count=true`: the number of records without the limit' }),
  ),
  next: Type.Optional(Type.String({ description: 'Where the next records are; absent at the end' })),
})

const readProblems = [
  'AUTHENTICATION_REQUIRED',
  'COREBOS_UNAVAILABLE',
  'COREBOS_FAILED',
  'COREBOS_TIMEOUT',
] as const

const records: FastifyPluginAsyncTypebox = async (app) => {
  const { door, entityTags } = app
  const shared = { tags: ['records'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)

  app.get(
    '/records/:module',
    {
      schema: {
        ...shared,
        summary: 'List the records of a module',
        params: Type.Object({ module: ModuleName }),
        querystring: ListQuery,
        response: {
          200: List,
          ...problems(
            ...readProblems,
            'VALIDATION_FAILED',
            'QUERY_SYNTAX',
            'QUERY_TOO_LARGE',
            'QUERY_NOT_EXPRESSIBLE',
            'INVALID_VALUE',
            'UNKNOWN_FIELD',
            'UNKNOWN_MODULE',
          ),
        },
      },
    },
    async (request) => {
      const { module } = request.params
      const { fields, where, orderBy, limit = limits.defaultRows, offset = 0, count = false } = request.query
      const answer = await ask(
        tree.query({
          selection:
            fields === undefined
              ? { kind: 'all' }
              : { kind: 'fields', paths: Object.freeze(parseFields(fields)), distinct: false },
          module,
          moduleAt: tree.nowhere,
          where: where === undefined ? undefined : parseCondition(where),
          orderBy: orderBy === undefined ? [] : parseOrderBy(orderBy),
          limit: { offset, count: limit },
        }),
        await door.askerOf(request),
      )
      const end = offset + limit
      const next = new URLSearchParams({
        ...(fields !== undefined && { fields }),
        ...(where !== undefined && { where }),
        ...(orderBy !== undefined && { orderBy }),
        ...(count && { count: 'true' }),
        limit: String(limit),
        offset: String(end),
      })
      return {
        records: answer.records,
        ...(count && answer.total !== undefined && { total: answer.total }),
        ...(limit > 0 &&
          answer.total !== undefined &&
          end < answer.total && { next: `/records/${module}?${next.toString()}` }),
      }
    },
  )

  app.get(
    '/records/:id(^[0-9]+x[0-9]+$)',
    {
      schema: {
        ...shared,
        summary: 'Read one record',
        params: Type.Object({ id: WebserviceId }),
        headers: Type.Object({ 'if-none-match': IfNoneMatch }),
        response: {
          200: RecordRow,
          304: Type.Unsafe<undefined>(Type.Null({ description: 'It is still what the caller has' })),
          ...problems(...readProblems, 'NOT_FOUND'),
        },
      },
    },
    async (request, reply) => {
      const found = await record(request.params.id, await door.askerOf(request))
      reply.tagged(found)
      const known = request.headers['if-none-match']
      if (entityTags.has(known, found, app.contactOf(request).id)) return reply.code(304).send(undefined)
      return found
    },
  )
}

export default records

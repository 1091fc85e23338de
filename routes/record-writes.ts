/** Creating, changing and deleting records. */
import { Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Conditions } from '../src/http/entity-tag.ts'
import {
  answer,
  IdempotencyKey,
  IfMatch,
  IfNoneMatchOfWrite,
  ModuleName,
  problems,
  recordProblems,
  RecordValues,
  valueProblems,
  WebserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { jsonRecord, presentedRecord, WrittenRecord } from '../src/records/list.ts'
import { presentation } from '../src/records/presentation.ts'
import { givenValues } from '../src/records/values.ts'
import type { ReadContext } from '../src/access/context.ts'
import {
  createRecord,
  deleteRecord,
  updateRecord,
  writtenBefore,
  type Precondition,
  type Values,
} from '../src/write/records.ts'

const conditions = Type.Object({ 'if-match': IfMatch, 'if-none-match': IfNoneMatchOfWrite })

const written = 'The record after the write; only its id if it is no longer visible'

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['records'], security: [{ bearer: [] }] }

/** The tag is that of the record as a route returns it without parameters, for `If-Match`. */
async function sent(
  written: Parameters<typeof presentedRecord>[0],
  shown: Parameters<typeof presentedRecord>[1],
  reply: FastifyReply,
  context: ReadContext,
) {
  if (written.record !== undefined) reply.tagged(jsonRecord(written, context))
  return presentedRecord(written, shown, context)
}

/** The functions that the routes share. */
function writesOf(app: App) {
  const { entityTags, recordLocks } = app

  /** The precondition in a write's headers on the record as its contact sees it; undefined: none. */
  function preconditionOf(
    id: string,
    conditions: Conditions,
    context: ReadContext,
  ): Precondition | undefined {
    if (conditions['if-match'] === undefined && conditions['if-none-match'] === undefined) return undefined
    return {
      require: (row) => {
        const { contact } = context.visible
        entityTags.require(conditions, jsonRecord({ id, record: row }, context), contact.id)
      },
      lock: async (work) => recordLocks.take(id, work),
    }
  }

  return { preconditionOf }
}

type Writes = ReturnType<typeof writesOf>

function createRoute(app: App): void {
  const { access, idempotency } = app
  app.post(
    '/modules/:module/records',
    {
      config: { writes: 'create' },
      schema: {
        ...shared,
        summary: 'Create a record',
        params: Type.Object({ module: ModuleName }),
        querystring: Type.Object(presentation),
        headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
        body: RecordValues,
        response: {
          201: answer(WrittenRecord, written, { headers: ['Location', 'ETag', 'Cache-Control'] }),
          ...problems(...writeProblems, ...valueProblems, 'UNKNOWN_MODULE'),
        },
      },
    },
    async (request, reply) => {
      const { module } = request.params
      const author = await access.writeContextOf(request)
      const created = await idempotency.once(
        {
          key: request.headers['idempotency-key'],
          contactId: app.contactOf(request).id,
          route: 'POST /modules/:module/records',
          request: [module, request.body],
        },
        {
          first: async () => {
            const result = await createRecord(
              { module, values: (view) => givenValues(request.body, view) },
              author,
            )
            return { made: result.id, result }
          },
          again: (made) => writtenBefore(made, author),
        },
      )
      reply.code(201).header('location', app.outside(`/records/${created.id}`))
      return sent(created, request.query, reply, author)
    },
  )
}

function updateRoute(app: App, { preconditionOf }: Writes): void {
  const { access } = app
  app.patch(
    '/records/:id',
    {
      config: { writes: 'update' },
      schema: {
        ...shared,
        summary: 'Change fields of a record',
        description: 'Fields that are not named keep their values.',
        params: Type.Object({ id: WebserviceId }),
        querystring: Type.Object(presentation),
        headers: conditions,
        body: RecordValues,
        response: {
          200: answer(WrittenRecord, written, { headers: ['ETag', 'Cache-Control'] }),
          ...problems(...recordProblems, ...writeProblems, ...valueProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const author = await access.writeContextOf(request)
      const precondition = preconditionOf(id, request.headers, author)
      const values: Values = (view) => givenValues(request.body, view)
      const updated = await updateRecord(id, values, author, precondition)
      return sent(updated, request.query, reply, author)
    },
  )
}

function deleteRoute(app: App, { preconditionOf }: Writes): void {
  const { access } = app
  app.delete(
    '/records/:id',
    {
      config: { writes: 'delete' },
      schema: {
        ...shared,
        summary: 'Delete a record',
        params: Type.Object({ id: WebserviceId }),
        headers: conditions,
        response: {
          204: Type.Null({ description: 'Deleted' }),
          ...problems(...recordProblems, ...writeProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const author = await access.writeContextOf(request)
      await deleteRecord(id, author, preconditionOf(id, request.headers, author))
      return reply.code(204).send(null)
    },
  )
}

const recordWrites: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  const writes = writesOf(app)
  createRoute(app)
  updateRoute(app, writes)
  deleteRoute(app, writes)
}

export default recordWrites

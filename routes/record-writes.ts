/** Creating, changing and deleting records. */
import { Type } from '@sinclair/typebox'
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
  valueProblems,
  WebserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { WrittenRecord } from '../src/records/list.ts'
import {
  createRecord,
  deleteRecord,
  updateRecord,
  writtenBefore,
  type Precondition,
} from '../src/write/writes.ts'

const Values = Type.Record(Type.String(), Type.String(), {
  maxProperties: 500,
  description: 'Values by field name; every value is a string',
  examples: [
    {
      ticket_title: 'The printer is on fire',
      description: 'Again.',
      ticketstatus: 'Open',
      ticketpriorities: 'High',
    },
  ],
})

const conditions = Type.Object({ 'if-match': IfMatch, 'if-none-match': IfNoneMatchOfWrite })

const written = 'The record as it is now; its id alone where it is no longer seen'

const recordWrites: FastifyPluginAsyncTypebox = async (app) => {
  const { door, entityTags, idempotency, turns } = app
  const shared = { tags: ['records'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)

  /** What a write's headers ask of the record as its contact sees it; undefined: nothing. */
  function preconditionOf(id: string, conditions: Conditions, contactId: string): Precondition | undefined {
    if (conditions['if-match'] === undefined && conditions['if-none-match'] === undefined) return undefined
    return {
      require: (record) => entityTags.require(conditions, record, contactId),
      lock: async (work) => turns.take(id, work),
    }
  }

  app.post(
    '/modules/:module/records',
    {
      config: { writes: 'create' },
      schema: {
        ...shared,
        summary: 'Create a record',
        params: Type.Object({ module: ModuleName }),
        headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
        body: Values,
        response: {
          201: answer(WrittenRecord, written, { headers: ['Location', 'ETag', 'Cache-Control'] }),
          ...problems(...writeProblems, ...valueProblems, 'UNKNOWN_MODULE'),
        },
      },
    },
    async (request, reply) => {
      const { module } = request.params
      const author = await door.writeContextOf(request)
      const { id, record } = await idempotency.once(
        {
          key: request.headers['idempotency-key'],
          contactId: app.contactOf(request).id,
          route: 'POST /modules/:module/records',
          request: [module, request.body],
        },
        {
          first: async () => {
            const result = await createRecord({ module, values: request.body }, author)
            return { made: result.id, result }
          },
          again: (made) => writtenBefore(made, author),
        },
      )
      reply.code(201).header('location', app.outside(`/records/${id}`))
      return record === undefined ? { id } : reply.tagged(record).send(record)
    },
  )

  app.patch(
    '/records/:id',
    {
      config: { writes: 'update' },
      schema: {
        ...shared,
        summary: 'Change fields of a record',
        description: 'Fields that are not named keep their values.',
        params: Type.Object({ id: WebserviceId }),
        headers: conditions,
        body: Values,
        response: {
          200: answer(WrittenRecord, written, { headers: ['ETag', 'Cache-Control'] }),
          ...problems(...recordProblems, ...writeProblems, ...valueProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const author = await door.writeContextOf(request)
      const precondition = preconditionOf(id, request.headers, app.contactOf(request).id)
      const { record } = await updateRecord(id, request.body, author, precondition)
      return record === undefined ? { id } : reply.tagged(record).send(record)
    },
  )

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
      const author = await door.writeContextOf(request)
      await deleteRecord(id, author, preconditionOf(id, request.headers, app.contactOf(request).id))
      return reply.code(204).send(null)
    },
  )
}

export default recordWrites

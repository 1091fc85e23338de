/** Creating, changing and deleting records. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Conditions } from '../src/entity-tag.ts'
import {
  answer,
  IdempotencyKey,
  IfMatch,
  IfNoneMatchOfWrite,
  ModuleName,
  problems,
  recordProblems,
  RecordRow,
  valueProblems,
  WebserviceId,
  writeProblems,
} from '../src/schemas.ts'
import type { Row } from '../src/scope/verify.ts'
import { createRecord, deleteRecord, updateRecord, writtenBefore } from '../src/writes.ts'

const Values = Type.Record(Type.String(), Type.String(), {
  maxProperties: 500,
  description: 'Values by field; every value is a text',
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

  /** Carries out a write that may depend on what the record is, as its contact sees it. */
  async function conditionally<T>(
    id: string,
    conditions: Conditions,
    contactId: string,
    write: (precondition: (found: Row) => void) => Promise<T>,
  ): Promise<T> {
    const work = async () => write((found) => entityTags.require(conditions, found, contactId))
    const isConditional = conditions['if-match'] !== undefined || conditions['if-none-match'] !== undefined
    return isConditional ? turns.take(id, work) : work()
  }

  app.post(
    '/records/:module',
    {
      config: { writes: 'create' },
      schema: {
        ...shared,
        summary: 'Create a record',
        params: Type.Object({ module: ModuleName }),
        headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
        body: Values,
        response: {
          201: answer(RecordRow, written, { headers: ['Location', 'ETag', 'Cache-Control'] }),
          ...problems(...writeProblems, ...valueProblems, 'UNKNOWN_MODULE'),
        },
      },
    },
    async (request, reply) => {
      const { module } = request.params
      const author = await door.authorOf(request)
      const { id, record } = await idempotency.once(
        {
          key: request.headers['idempotency-key'],
          contactId: app.contactOf(request).id,
          route: 'POST /records/:module',
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
        description: 'Fields that are not named stay as they are.',
        params: Type.Object({ id: WebserviceId }),
        headers: conditions,
        body: Values,
        response: {
          200: answer(RecordRow, written, { headers: ['ETag', 'Cache-Control'] }),
          ...problems(...recordProblems, ...writeProblems, ...valueProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const author = await door.authorOf(request)
      const { record } = await conditionally(
        id,
        request.headers,
        app.contactOf(request).id,
        async (precondition) => updateRecord(id, request.body, author, precondition),
      )
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
          204: Type.Null({ description: 'It is gone' }),
          ...problems(...recordProblems, ...writeProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const author = await door.authorOf(request)
      await conditionally(id, request.headers, app.contactOf(request).id, async (precondition) =>
        deleteRecord(id, author, precondition),
      )
      return reply.code(204).send(null)
    },
  )
}

export default recordWrites

/** Creating, changing and deleting records. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ModuleName, problems, RecordRow, WebserviceId } from '../src/schemas.ts'
import { createRecord, deleteRecord, updateRecord } from '../src/writes.ts'

const Values = Type.Record(Type.String(), Type.String(), {
  maxProperties: 500,
  description: 'Values by field; every value is a text',
  examples: [{ ticket_title: 'The printer is on fire', description: 'Again.' }],
})

const writeProblems = [
  'AUTHENTICATION_REQUIRED',
  'VALIDATION_FAILED',
  'NOT_WRITABLE',
  'OUTCOME_UNKNOWN',
  'COREBOS_UNAVAILABLE',
  'COREBOS_FAILED',
  'COREBOS_REFUSED',
  'COREBOS_TIMEOUT',
] as const

const valueProblems = [
  'UNKNOWN_FIELD',
  'FIELD_NOT_WRITABLE',
  'INVALID_VALUE',
  'REFERENCE_OUT_OF_SCOPE',
  'VALUES_REFUSED',
] as const

const recordWrites: FastifyPluginAsyncTypebox = async (app) => {
  const { door } = app
  const shared = { tags: ['records'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)

  app.post(
    '/records/:module',
    {
      schema: {
        ...shared,
        summary: 'Create a record',
        params: Type.Object({ module: ModuleName }),
        body: Values,
        response: { 201: RecordRow, ...problems(...writeProblems, ...valueProblems, 'UNKNOWN_MODULE') },
      },
    },
    async (request, reply) => {
      const { module } = request.params
      const { id, record } = await createRecord(
        { module, values: request.body },
        await door.authorOf(request),
      )
      return reply.code(201).header('location', `/records/${id}`).send(record)
    },
  )

  app.patch(
    '/records/:id',
    {
      schema: {
        ...shared,
        summary: 'Change fields of a record',
        description: 'Fields that are not named stay as they are.',
        params: Type.Object({ id: WebserviceId }),
        body: Values,
        response: { 200: RecordRow, ...problems(...writeProblems, ...valueProblems, 'NOT_FOUND') },
      },
    },
    async (request) => {
      const { record } = await updateRecord(request.params.id, request.body, await door.authorOf(request))
      return record
    },
  )

  app.delete(
    '/records/:id',
    {
      schema: {
        ...shared,
        summary: 'Delete a record',
        params: Type.Object({ id: WebserviceId }),
        response: {
          204: Type.Null({ description: 'It is gone' }),
          ...problems(...writeProblems, 'NOT_FOUND'),
        },
      },
    },
    async (request, reply) => {
      await deleteRecord(request.params.id, await door.authorOf(request))
      return reply.code(204).send(null)
    },
  )
}

export default recordWrites

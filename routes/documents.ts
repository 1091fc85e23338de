/** Documents and their files. */
import multipart from '@fastify/multipart'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../src/config.ts'
import { documentFile } from '../src/documents.ts'
import { GatewayError } from '../src/errors.ts'
import { answerFor, entityTag, fileHeaders } from '../src/file-answer.ts'
import { Binary, problems, RecordRow, WebserviceId } from '../src/schemas.ts'
import { readUpload } from '../src/upload.ts'
import { createRecord } from '../src/writes.ts'

const UploadForm = Type.Object(
  {
    file: Type.Unsafe({ type: 'string', format: 'binary', description: 'The one file' }),
    notes_title: Type.Optional(
      Type.String({ description: "The document's title; the file's name unless given" }),
    ),
    notecontent: Type.Optional(Type.String()),
    relatedTo: Type.Optional(
      Type.Array(WebserviceId, {
        description: 'Records that it belongs to, beside the contact; the part may come several times',
      }),
    ),
  },
  { additionalProperties: Type.String({ description: 'Any other field that the policy opens' }) },
)

const anyProblems = [
  'AUTHENTICATION_REQUIRED',
  'SESSION_ENDED',
  'COREBOS_UNAVAILABLE',
  'COREBOS_FAILED',
  'COREBOS_REFUSED',
  'COREBOS_TIMEOUT',
] as const

/** Fields of a form, and bytes of each: a title and a note, and what else a policy may open. */
const mostFields = 50
const longestField = 65_536

const documents: FastifyPluginAsyncTypebox<Pick<Config, 'UPLOAD_MAX_BYTES' | 'UPLOAD_TYPES'>> = async (
  app,
  { UPLOAD_MAX_BYTES, UPLOAD_TYPES },
) => {
  const { door } = app
  const types = new Set(UPLOAD_TYPES)
  const shared = { tags: ['documents'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: {
      files: 1,
      fileSize: UPLOAD_MAX_BYTES,
      fields: mostFields,
      fieldSize: longestField,
      parts: mostFields + 1,
    },
  })

  app.post(
    '/documents',
    {
      // A form is read part by part by the handler: there is no body to be checked before.
      validatorCompiler: () => () => true,
      schema: {
        ...shared,
        summary: 'Upload a document',
        description:
          'A form (`multipart/form-data`) with one file. The document is related to this contact, and to the records of ' +
          '`relatedTo`, each of which it must see. The type of the file, and the one that its name ends like, are both ' +
          'among those that are accepted.',
        consumes: ['multipart/form-data'],
        body: UploadForm,
        response: {
          201: RecordRow,
          ...problems(
            ...anyProblems,
            'BAD_REQUEST',
            'VALIDATION_FAILED',
            'BODY_TOO_LARGE',
            'UNSUPPORTED_MEDIA_TYPE',
            'UNKNOWN_MODULE',
            'UNKNOWN_FIELD',
            'NOT_WRITABLE',
            'FIELD_NOT_WRITABLE',
            'INVALID_VALUE',
            'REFERENCE_OUT_OF_SCOPE',
            'VALUES_REFUSED',
            'OUTCOME_UNKNOWN',
          ),
        },
      },
    },
    async (request, reply) => {
      if (!request.isMultipart()) throw new GatewayError('UNSUPPORTED_MEDIA_TYPE')
      const author = await door.authorOf(request)
      // What is left of a form that is refused has to go somewhere, or whoever sends it never reads the answer.
      const { file, values, relatedTo } = await readUpload(request.parts(), types).finally(() =>
        request.raw.resume(),
      )
      const { id, record } = await createRecord(
        { module: 'Documents', values: { notes_title: file.name, ...values }, relatedTo, file },
        author,
      )
      return reply
        .code(201)
        .header('location', `/records/${id}`)
        .send(record ?? { id })
    },
  )

  app.get(
    '/documents/:id/content',
    {
      schema: {
        ...shared,
        summary: "Download a document's file",
        description:
          'Always an attachment; types that cannot be uploaded come as `application/octet-stream`. One range of bytes may ' +
          'be asked for; several are answered with the whole file.',
        params: Type.Object({ id: WebserviceId }),
        response: {
          200: Binary,
          206: Binary,
          304: Type.Null({ description: 'It is as it was' }),
          ...problems(...anyProblems, 'NOT_FOUND', 'RANGE_NOT_SATISFIABLE', 'COREBOS_TOO_LARGE'),
        },
      },
    },
    async (request, reply) => {
      const file = await documentFile(request.params.id, await door.askerOf(request))
      const { status, headers, body } = answerFor(file.content, await entityTag(file), request.headers)
      reply.headers(headers)
      if (status === 416) throw new GatewayError('RANGE_NOT_SATISFIABLE')
      reply.header('cache-control', 'private, no-cache')
      if (status === 304) return reply.code(304).send(null)
      return reply.code(status).headers(fileHeaders(file, types)).send(body)
    },
  )
}

export default documents

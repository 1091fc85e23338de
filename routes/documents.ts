/** Documents and their files. */
import multipart from '@fastify/multipart'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../src/config/config.ts'
import { DocumentLinks, linkLife, type LinkTarget } from '../src/records/documents/links.ts'
import { documentFile, findDocument } from '../src/records/documents/file.ts'
import { GatewayError } from '../src/model/errors.ts'
import { answerFor, fileHeaders } from '../src/http/file-answer.ts'
import { bypassCache } from '../src/access/bypass-cache.ts'
import { OncePerRequest } from '../src/http/once-per-request.ts'
import { whileText } from '../src/http/form-text.ts'
import {
  answer,
  binary,
  corebosProblems,
  described,
  IdempotencyKey,
  IfNoneMatch,
  problems,
  recordProblems,
  valueProblems,
  webserviceId,
  WebserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { longestName } from '../src/records/documents/file-name.ts'
import { AcceptedTypes } from '../src/records/documents/media-type.ts'
import { isPartAFile, readUpload } from '../src/records/documents/upload.ts'
import { presentedRecord, WrittenRecord } from '../src/records/list.ts'
import { presentation } from '../src/records/presentation.ts'
import { givenTexts } from '../src/records/values.ts'
import { createRecord, writtenBefore, type NewRecord } from '../src/write/records.ts'

const UploadForm = Type.Object(
  {
    file: Type.Unsafe({
      type: 'string',
      format: 'binary',
      description: 'The file; exactly one part, with any name',
    }),
    notes_title: Type.Optional(
      Type.String({
        description: 'Title of the document; default: the file name',
        examples: ['Photo of the printer'],
      }),
    ),
    notecontent: Type.Optional(Type.String({ examples: ['It still smokes.'] })),
    relatedTo: Type.Optional(
      Type.Array(WebserviceId, {
        description: 'Records that the document belongs to, besides the contact; repeatable',
      }),
    ),
  },
  {
    title: 'Upload',
    additionalProperties: Type.String({
      description:
        'Further fields that the policy opens: `true` or `false` for a checkbox, a JSON array for several choices',
    }),
  },
)

const downloadProblems = ['COREBOS_TOO_LARGE', 'DOWNLOADS_BUSY', 'DISK_FAILED'] as const

/** Limits of a form's fields and of the bytes of each: a title, a note, and other fields that a policy opens. */
const mostFields = 50
const longestField = 65_536

const Link = Type.Object(
  {
    url: Type.String(),
    expiresIn: Type.Integer({ description: 'Seconds' }),
  },
  { title: 'DownloadLink' },
)

const exampleSecret = 'kq3…'

const ofFile = ['ETag', 'Accept-Ranges', 'Content-Length', 'Cache-Control'] as const

type Settings = Pick<Config, 'UPLOAD_MAX_BYTES' | 'UPLOAD_TYPES' | 'PUBLIC_URL'>

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['documents'], security: [{ bearer: [] }] }

/** Schema of an upload: its limits are settings. */
function uploadSchema(maxBytes: number, types: AcceptedTypes) {
  return {
    ...shared,
    summary: 'Upload a document',
    description:
      'A form (`multipart/form-data`) with one file. The document is related to this contact, and to the records of ' +
      '`relatedTo`, each of which it must see. The file has ' +
      `${maxBytes} bytes at most. Its type, and the one that its name ends like, are both among those that are ` +
      `accepted, under any of their usual names: ${[...types.names].map((type) => `\`${type}\``).join(', ')}. ` +
      'Its name does not begin with a dot, and contains no ending that a web server may run, such as `.php` in ' +
      `\`x.php.png\`. It has ${longestName} bytes of UTF-8 at ` +
      'most, and nothing that cannot be shown or that coreBOS cannot keep, such as emoji; coreBOS makes `_` of blanks.',
    consumes: ['multipart/form-data'],
    querystring: Type.Object(presentation),
    headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
    body: UploadForm,
    response: {
      201: answer(WrittenRecord, 'The document; only its id if it is not visible', {
        example: { notes_title: 'Photo of the printer', filename: 'printer.jpg', id: '15x8644' },
        headers: ['Location'],
      }),
      ...problems(...writeProblems, ...valueProblems, 'UNKNOWN_MODULE', 'GATEWAY_BUSY'),
    },
  }
}

function uploadRoute(app: App, { UPLOAD_MAX_BYTES }: Settings, types: AcceptedTypes): void {
  const { access, authenticate, idempotency, largeRequests, validatorCompiler } = app
  if (validatorCompiler === undefined) throw new Error('schemas have to be checked')

  app.post(
    '/documents',
    {
      config: { writes: 'create' },
      onRequest: authenticate,
      // The handler reads a form part by part: there is no body to validate before.
      validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : validatorCompiler(part)),
      schema: uploadSchema(UPLOAD_MAX_BYTES, types),
    },
    async (request, reply) => {
      if (!request.isMultipart()) {
        throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'a form (multipart/form-data) is expected')
      }
      request.scope.hold(largeRequests.take(app.contactOf(request).id))
      const author = await access.writeContextOf(request)
      const type = request.headers['content-type'] ?? ''
      const reading = whileText(request.raw, type, async () => readUpload(request.parts(), types))
      const { file, values, relatedTo } = await request.scope.whileConnected(reading)
      const texts = { notes_title: file.name, ...values }
      const wanted: NewRecord = {
        module: 'Documents',
        values: (view) => givenTexts(texts, view),
        relatedTo,
        file,
      }
      const created = await idempotency.once(
        {
          key: request.headers['idempotency-key'],
          contactId: app.contactOf(request).id,
          route: 'POST /documents',
          request: [texts, relatedTo, file.name, file.mediaType, file.content.digest],
        },
        {
          first: async () => {
            const result = await createRecord(wanted, author)
            return { made: result.id, result }
          },
          again: (made) => writtenBefore(made, author),
        },
      )
      return reply
        .code(201)
        .header('location', app.outside(`/records/${created.id}`))
        .send(await presentedRecord(created, request.query, author))
    },
  )
}

function contentRoute(app: App, types: AcceptedTypes): void {
  const { access, authenticate } = app

  app.get(
    '/documents/:id/content',
    {
      onRequest: authenticate,
      schema: {
        ...shared,
        summary: "Download a document's file",
        description:
          'Always an attachment; types that cannot be uploaded come as `application/octet-stream`. One range of bytes may ' +
          'be asked for; several are answered with the whole file.',
        params: Type.Object({ id: webserviceId('15x8644') }),
        headers: Type.Object({
          range: Type.Optional(
            Type.String({ description: 'One range, such as `bytes=0-499` or `bytes=-500`' }),
          ),
          'if-range': Type.Optional(
            Type.String({
              description:
                'The range applies if the file still has this `ETag`; otherwise the whole file is sent',
            }),
          ),
          'if-none-match': IfNoneMatch,
        }),
        response: {
          200: binary('The file', ...ofFile),
          206: binary('The part of it', ...ofFile, 'Content-Range'),
          304: Type.Unsafe<undefined>(
            Type.Null({
              description: 'Not modified',
              headers: described('ETag', 'Accept-Ranges', 'Cache-Control'),
            }),
          ),
          ...problems(...recordProblems, ...downloadProblems, 'RANGE_NOT_SATISFIABLE'),
        },
      },
    },
    async (request, reply) => {
      const file = await documentFile(request.params.id, bypassCache(await access.readContextOf(request)))
      const { size, digest } = file.content
      const { status, headers, part } = answerFor(size, `"${digest}"`, request.headers)
      reply.headers(headers)
      if (status === 416 || status === 304) await file.content.discard()
      if (status === 416) throw new GatewayError('RANGE_NOT_SATISFIABLE')
      reply.header('cache-control', 'private, no-cache')
      if (status === 304) return reply.code(304).send(undefined)
      return reply.code(status).headers(fileHeaders(file, types.names)).send(file.content.read(part))
    },
  )
}

function linkRoute(app: App, { PUBLIC_URL }: Settings, links: DocumentLinks): void {
  const { access, authenticate, admissionOf } = app

  app.post(
    '/documents/:id/link',
    {
      onRequest: authenticate,
      schema: {
        ...shared,
        summary: "Make a link to a document's file",
        description: `It works once, within ${linkLife} seconds, without a session: for \`<a>\` and \`<img>\`, which cannot send a token.`,
        params: Type.Object({ id: webserviceId('15x8644') }),
        response: {
          201: answer(Link, 'The link', {
            example: {
              url: `https://portal.example.com/downloads/${exampleSecret}`,
              expiresIn: linkLife,
            },
          }),
          ...problems(...recordProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      await findDocument(id, bypassCache(await access.readContextOf(request)))
      const { session } = admissionOf(request)
      const secret = await links.issue({
        sessionId: session.id,
        contactId: session.contact.id,
        documentId: id,
      })
      return reply.code(201).send({ url: `${PUBLIC_URL}/downloads/${secret}`, expiresIn: linkLife })
    },
  )
}

function downloadRoute(app: App, links: DocumentLinks, types: AcceptedTypes): void {
  const { access } = app
  const redeemed = new OncePerRequest<LinkTarget | undefined>()

  app.get(
    '/downloads/:secret',
    {
      // Asking how large it is must not use it up.
      exposeHeadRoute: false,
      schema: {
        tags: ['documents'],
        summary: 'Download by a link',
        description:
          'What the link leads to is looked up again, in the session that it was made in: it ends with that session, and with ' +
          "the contact's right to see the document.",
        params: Type.Object({ secret: Type.String({ maxLength: 100, examples: [exampleSecret] }) }),
        response: {
          200: binary('The file', 'Content-Length'),
          ...problems(...recordProblems, ...corebosProblems, ...downloadProblems, 'SESSION_ENDED'),
        },
      },
    },
    async (request, reply) => {
      const target = await redeemed.of(request, async () => links.redeem(request.params.secret))
      if (target === undefined) throw new GatewayError('NOT_FOUND')
      await app.authenticateBy(target, request)
      const file = await documentFile(target.documentId, bypassCache(await access.readContextOf(request)))
      return (
        reply
          .headers(fileHeaders(file, types.names))
          // A portal on another origin may show it as an image; the link is the permission.
          .header('cross-origin-resource-policy', 'cross-origin')
          .header('content-length', file.content.size)
          .send(file.content.read())
      )
    },
  )
}

const documents: FastifyPluginAsyncTypebox<Settings> = async (app, settings) => {
  const links = new DocumentLinks(app.sessions)
  const types = new AcceptedTypes(settings.UPLOAD_TYPES)
  await app.register(multipart, {
    throwFileSizeLimit: false,
    isPartAFile,
    limits: {
      files: 1,
      fileSize: settings.UPLOAD_MAX_BYTES,
      fields: mostFields,
      fieldSize: longestField,
      parts: mostFields + 1,
    },
  })
  uploadRoute(app, settings, types)
  contentRoute(app, types)
  linkRoute(app, settings, links)
  downloadRoute(app, links, types)
}

export default documents

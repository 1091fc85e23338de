/** Comments on tickets, FAQs and other records, all of one shape. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { commentsOn, jsonComment, writtenComment } from '../src/records/comments.ts'
import { record, viewOf } from '../src/read/records-by-id.ts'
import {
  answer,
  Conditional,
  IdempotencyKey,
  problems,
  recordProblems,
  taggedAnswer,
  valueProblems,
  WebserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { comment } from '../src/write/comments.ts'

const Comment = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Present if coreBOS stores the comment as a record' })),
    author: Type.Object({
      kind: Type.Union([Type.Literal('contact'), Type.Literal('user'), Type.Literal('unknown')], {
        description: '`unknown`: coreBOS does not store the author',
      }),
      id: Type.Optional(Type.String({ description: 'Present if the author is a visible contact' })),
      name: Type.String({ description: 'Empty if the author is not visible' }),
    }),
    time: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'In UTC; null if unknown',
    }),
    text: Type.String(),
  },
  { title: 'Comment' },
)

const example: Static<typeof Comment> = {
  author: { kind: 'contact', id: '12x8549', name: 'alice Aliceson' },
  time: '2026-11-24T07:35:26Z',
  text: 'It still smokes.',
}

const signing =
  'Where coreBOS keeps no author, a last line such as `(contact 12x8549, c775cbb4)` says who it was: it is no part of ' +
  '`text` here, and stands in `commentcontent` where comments are read as records.'

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = {
  tags: ['comments'],
  security: [{ bearer: [] }],
  params: Type.Object({ id: WebserviceId }),
}

const rejections = [...recordProblems, 'UNKNOWN_MODULE'] as const

function listRoute(app: App): void {
  const { access } = app
  app.get(
    '/records/:id/comments',
    {
      schema: {
        ...shared,
        summary: 'List the comments on a record, the oldest first',
        description:
          'In portal mode this takes a gateway with a service user; without one it is `QUERY_NOT_EXPRESSIBLE`.',
        headers: Conditional,
        response: {
          ...taggedAnswer(Type.Object({ comments: Type.Array(Comment) }), 'The comments', {
            example: { comments: [example] },
          }),
          ...problems(...rejections, 'QUERY_NOT_EXPRESSIBLE'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const context = await access.readContextOf(request)
      const read = async () => {
        const found = await record(id, context)
        const list = (await commentsOn([found.id], viewOf(id, context), context)).get(id) ?? []
        return { comments: list.map(jsonComment) }
      }
      return reply.sendRead(context, read)
    },
  )
}

function createRoute(app: App): void {
  const { access, idempotency } = app
  app.post(
    '/records/:id/comments',
    {
      config: { writes: 'comment' },
      schema: {
        ...shared,
        summary: 'Comment on a record',
        description: signing,
        headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
        body: Type.Object(
          { text: Type.String({ minLength: 1, maxLength: 65_000, examples: ['It still smokes.'] }) },
          { additionalProperties: false },
        ),
        response: {
          201: answer(Comment, 'The comment', { example }),
          ...problems(...rejections, ...writeProblems, ...valueProblems),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { text } = request.body
      const author = await access.writeContextOf(request)
      const key = {
        key: request.headers['idempotency-key'],
        contactId: app.contactOf(request).id,
        route: 'POST /records/:id/comments',
        request: [id, text],
      }
      const made = await idempotency.once(key, {
        first: async () => {
          const result = await comment(id, text, author)
          const written = 'id' in result ? { id: result.id } : { time: result.time }
          return { made: JSON.stringify(written), result: written }
        },
        again: async (before) => JSON.parse(before) as { id: string } | { time: string }, // as above
      })
      return reply.code(201).send(jsonComment(await writtenComment(id, made, text, author)))
    },
  )
}

const comments: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  listRoute(app)
  createRoute(app)
}

export default comments

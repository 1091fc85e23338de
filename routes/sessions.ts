/** The sessions of a contact: this one, the others, and the end of one of them. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { GatewayError } from '../src/model/errors.ts'
import { answer, problems } from '../src/http/schemas.ts'
import {
  CurrentSession,
  Ended,
  exampleContact,
  exampleSession,
  ofSession,
  SessionView,
  viewOfContact,
  viewOfSession,
} from '../src/http/session-views.ts'

type App = Parameters<FastifyPluginAsyncTypebox>[0]

function currentRoute(app: App): void {
  const { authenticate, admissionOf } = app
  app.get(
    '/auth/session',
    {
      onRequest: authenticate,
      schema: {
        ...ofSession,
        summary: 'Show the session of this token',
        response: {
          200: answer(CurrentSession, 'The session', {
            example: { ...exampleSession, contact: exampleContact },
          }),
        },
      },
    },
    async (request) => {
      const { session } = admissionOf(request)
      return { ...viewOfSession(session, session.id), contact: viewOfContact(session.contact) }
    },
  )
}

function listRoute(app: App): void {
  const { sessions, authenticate, admissionOf } = app
  app.get(
    '/auth/sessions',
    {
      onRequest: authenticate,
      schema: {
        ...ofSession,
        summary: "List this contact's sessions, newest first",
        response: {
          200: answer(Type.Object({ sessions: Type.Array(SessionView) }), 'The sessions', {
            example: { sessions: [exampleSession] },
          }),
        },
      },
    },
    async (request) => {
      const { session } = admissionOf(request)
      const all = await sessions.list(session.contact.id)
      return { sessions: all.map((each) => viewOfSession(each, session.id)) }
    },
  )
}

function endRoute(app: App): void {
  const { sessions, identify, admissionOf, endUpstream } = app
  app.delete(
    '/auth/sessions/:id',
    {
      onRequest: identify,
      schema: {
        ...ofSession,
        summary: "End one of this contact's sessions",
        params: Type.Object({
          id: Type.String({ minLength: 1, maxLength: 128, examples: [exampleSession.id] }),
        }),
        response: { 204: Ended, ...problems('NOT_FOUND') },
      },
    },
    async (request, reply) => {
      const ended = await sessions.end(request.params.id, admissionOf(request).session.contact.id)
      if (ended === undefined) throw new GatewayError('NOT_FOUND')
      await endUpstream(ended.upstream)
      return reply.code(204).send(null)
    },
  )
}

const sessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  currentRoute(app)
  listRoute(app)
  endRoute(app)
}

export default sessionRoutes

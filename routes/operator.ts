/** For operators, on a listener of its own: metrics, explanations, sessions and caches. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { longestName } from '../src/auth/names.ts'
import { limits } from '../src/model/limits.ts'
import { parseId } from '../src/model/webservice-id.ts'
import { answer, largeBody, ModuleName, problems, WebserviceId } from '../src/http/schemas.ts'
import { explained, ExplanationView, Rejection } from '../src/operator/access-view.ts'
import { markOf, type PortalSession } from '../src/session/contract.ts'

export interface OperatorOptions {
  /** The gateway beside whose listener this one stands. */
  readonly gateway: Pick<FastifyInstance, 'metrics' | 'sessions' | 'access' | 'auth' | 'endUpstream'>
}

const Who = Type.String({
  minLength: 1,
  maxLength: longestName,
  description: 'E-mail address or webservice id',
  examples: ['alice@example.com'],
})
const OfContact = Type.Object({ contact: Who }, { additionalProperties: false })

const Session = Type.Object(
  {
    id: Type.String(),
    by: Type.String({ description: 'The name of the session in audit lines' }),
    contact: WebserviceId,
    level: Type.String(),
    createdAt: Type.String({ format: 'date-time' }),
    lastSeenAt: Type.String({ format: 'date-time' }),
    expiresAt: Type.String({ format: 'date-time' }),
    userAgent: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
  },
  { title: 'Session' },
)

type App = Parameters<FastifyPluginAsyncTypebox>[0]
type Gateway = OperatorOptions['gateway']

/** Finds the webservice id of the contact that an operator names. */
function contactIds({ auth }: Gateway) {
  /** An id needs no call of coreBOS: sessions can be ended while it is away. */
  const idOf = async (contact: string) =>
    parseId(contact) === undefined ? (await auth.person(contact)).contact.id : contact

  return { idOf }
}

type ContactIds = ReturnType<typeof contactIds>

function metricsRoute(app: App, gateway: Gateway): void {
  const { metrics } = gateway
  app.get(
    '/metrics',
    {
      config: { open: true },
      schema: {
        tags: ['metrics'],
        summary: 'Metrics in the format of Prometheus',
        response: {
          200: { description: 'The metrics', content: { 'text/plain': { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) =>
      reply
        .type(metrics.registry.contentType)
        .serializer((text: string) => text)
        .send(await metrics.registry.metrics()),
  )
}

function explainRoute(app: App, gateway: Gateway): void {
  const { access, auth } = gateway
  app.post(
    '/explain',
    {
      bodyLimit: largeBody,
      schema: {
        tags: ['access'],
        summary: 'Show the statement that a query of a contact becomes',
        description: 'With all conditions and ids; or why the query is rejected.',
        body: Type.Object(
          { contact: Who, query: Type.String({ minLength: 1, maxLength: limits.text }) },
          { additionalProperties: false },
        ),
        response: {
          200: answer(Type.Union([ExplanationView, Rejection]), 'The statement, or the rejection'),
          ...problems('NOT_FOUND', 'INVALID_VALUE'),
        },
      },
    },
    async ({ body: { contact, query } }) => {
      const { contact: person } = await auth.person(contact)
      return explained(query, await access.readContextFor(person))
    },
  )
}

function sessionsRoute(app: App, gateway: Gateway, { idOf }: ContactIds): void {
  const { sessions } = gateway
  app.get(
    '/sessions',
    {
      schema: {
        tags: ['sessions'],
        summary: 'List the sessions of a contact',
        querystring: OfContact,
        response: {
          200: answer(Type.Object({ sessions: Type.Array(Session) }), 'The open sessions'),
          ...problems('NOT_FOUND', 'INVALID_VALUE'),
        },
      },
    },
    async ({ query: { contact } }) => ({
      sessions: (await sessions.list(await idOf(contact))).map(viewOfSession),
    }),
  )
}

function revokeRoute(app: App, gateway: Gateway, { idOf }: ContactIds): void {
  const { sessions, auth, endUpstream } = gateway
  const { origins } = auth
  app.post(
    '/sessions/revoke',
    {
      schema: {
        tags: ['sessions'],
        summary: 'End all sessions of a contact',
        body: OfContact,
        response: {
          200: answer(Type.Object({ ended: Type.Integer() }), 'How many sessions have ended'),
          ...problems('NOT_FOUND', 'INVALID_VALUE'),
        },
      },
    },
    async ({ body: { contact: who }, log }) => {
      const contact = await idOf(who)
      const ended = await sessions.endAll(contact)
      await origins.revoke(contact)
      await Promise.all(ended.map(async ({ upstream }) => endUpstream(upstream)))
      log.info({ contact, ended: ended.length }, "An operator ended a contact's sessions")
      return { ended: ended.length }
    },
  )
}

function forgetRoute(app: App, gateway: Gateway): void {
  const { auth } = gateway
  const { loginService } = auth
  app.post(
    '/failures/forget',
    {
      schema: {
        tags: ['sessions'],
        summary: 'Forget the failed log-ins of a name',
        description: 'After its counter in the database of coreBOS was reset.',
        body: Type.Object(
          {
            username: Type.String({ minLength: 1, maxLength: longestName }),
            entity: Type.Optional(Type.Union([Type.Literal('Contacts'), Type.Literal('Employee')])),
          },
          { additionalProperties: false },
        ),
        response: {
          200: answer(Type.Object({ forgotten: Type.Integer() }), 'How many failures were forgotten'),
        },
      },
    },
    async ({ body: { username, entity = 'Contacts' }, log }) => {
      const forgotten = await loginService.forgive({ username, entity })
      log.info({ forgotten }, 'An operator cleared the failures of a log-in name')
      return { forgotten }
    },
  )
}

function changedRoute(app: App, gateway: Gateway): void {
  const { access } = gateway
  app.post(
    '/changed',
    {
      schema: {
        tags: ['cache'],
        summary: 'Say that a record was saved or deleted in coreBOS',
        description:
          'Cached answers of its module end at once, on every instance. For a workflow of coreBOS: see ' +
          '`docs/operations.md`.',
        body: Type.Object(
          {
            module: ModuleName,
            id: Type.Optional(
              Type.String({ maxLength: 100, description: 'The record; all answers of its module end' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          204: { type: 'null', description: 'Done' },
          ...problems('UNKNOWN_MODULE'),
        },
      },
    },
    async ({ body: { module } }, reply) => {
      await access.recordsChanged(module)
      return reply.code(204).send()
    },
  )
}

function clearRoute(app: App, gateway: Gateway): void {
  const { access } = gateway
  app.post(
    '/cache/clear',
    {
      schema: {
        tags: ['cache'],
        summary: 'Discard cached metadata and answers on every instance',
        description:
          'The policy is checked against the modules and fields, which are read again; the log names its faults.',
        response: { 204: { type: 'null', description: 'Done' } },
      },
    },
    async (_request, reply) => {
      await access.everythingChanged()
      return reply.code(204).send()
    },
  )
}

const operator: FastifyPluginAsyncTypebox<OperatorOptions> = async (app, { gateway }) => {
  const context = contactIds(gateway)
  metricsRoute(app, gateway)
  explainRoute(app, gateway)
  sessionsRoute(app, gateway, context)
  revokeRoute(app, gateway, context)
  forgetRoute(app, gateway)
  changedRoute(app, gateway)
  clearRoute(app, gateway)
}

function viewOfSession({ id, contact, createdAt, lastSeenAt, expiresAt, userAgent, address }: PortalSession) {
  const time = (ms: number) => new Date(ms).toISOString()
  return {
    id,
    // As the audit lines call it.
    by: markOf(id),
    contact: contact.id,
    level: contact.level,
    createdAt: time(createdAt),
    lastSeenAt: time(lastSeenAt),
    expiresAt: time(expiresAt),
    userAgent,
    address,
  }
}

export default operator

/** For operators, on a listener of its own: `/metrics` for all who reach it, everything else for who holds the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { longestName } from '../src/auth/names.ts'
import { GatewayError } from '../src/model/errors.ts'
import { explainInFull } from '../src/read/explain.ts'
import { limits } from '../src/model/limits.ts'
import { parseQuery } from '../src/query/parse.ts'
import { largeBody, WebserviceId } from '../src/http/schemas.ts'
import { markOf, type PortalSession } from '../src/session/contract.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to all who reach the operators' listener. */
    open?: true
  }
}

export interface OperatorOptions {
  /** The gateway beside whose listener this one stands. */
  readonly gateway: Pick<
    FastifyInstance,
    'metrics' | 'sessions' | 'corebos' | 'door' | 'auth' | 'endUpstream'
  >
  /** Without one, only what is open is answered. */
  readonly token: string | undefined
}

const OfContact = Type.Object({ contact: WebserviceId }, { additionalProperties: false })

const operator: FastifyPluginAsyncTypebox<OperatorOptions> = async (app, { gateway, token }) => {
  const { metrics, sessions, corebos, door, auth, endUpstream } = gateway
  const { loginService, origins } = auth
  const holdsToken = bearerOf(token)

  // A hook and not an option of each route: a route that forgets it is closed, and so is what does not exist.
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.open !== true && !holdsToken(request)) {
      throw new GatewayError('AUTHENTICATION_REQUIRED')
    }
  })

  app.get('/metrics', { config: { open: true } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )

  app.post(
    '/explain',
    {
      bodyLimit: largeBody,
      schema: {
        body: Type.Object(
          { contact: WebserviceId, query: Type.String({ minLength: 1, maxLength: limits.text }) },
          { additionalProperties: false },
        ),
      },
    },
    async ({ body: { contact, query } }) => {
      const context = await door.readContextFor(await auth.contactById(contact))
      try {
        return await explainInFull(parseQuery(query), context)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.status >= 500) throw error
        return { rejected: { code: error.code, detail: error.message } }
      }
    },
  )

  app.get('/sessions', { schema: { querystring: OfContact } }, async ({ query: { contact } }) => ({
    sessions: (await sessions.list(contact)).map(viewOfSession),
  }))

  app.post('/sessions/revoke', { schema: { body: OfContact } }, async ({ body: { contact }, log }) => {
    const ended = await sessions.endAll(contact)
    await origins.revoke(contact)
    await Promise.all(ended.map(async ({ upstream }) => endUpstream(upstream)))
    log.info({ contact, ended: ended.length }, "An operator ended a contact's sessions")
    return { ended: ended.length }
  })

  app.post(
    '/failures/forget',
    {
      schema: {
        body: Type.Object(
          {
            username: Type.String({ minLength: 1, maxLength: longestName }),
            entity: Type.Optional(Type.Union([Type.Literal('Contacts'), Type.Literal('Employee')])),
          },
          { additionalProperties: false },
        ),
      },
    },
    async ({ body: { username, entity = 'Contacts' }, log }) => {
      const forgotten = await loginService.forgive({ username, entity })
      log.info({ forgotten }, 'An operator cleared the failures of a log-in name')
      return { forgotten }
    },
  )

  app.post('/cache/clear', async (_request, reply) => {
    corebos.metadata.clear()
    // The other instances see the new cache generation at their next request and drop their caches.
    await sessions.invalidate('everything')
    return reply.code(204).send()
  })
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

/** Compares digests, so that neither the length nor a common beginning shows in the time. */
function bearerOf(token: string | undefined): (request: FastifyRequest) => boolean {
  if (token === undefined) return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(`Bearer ${token}`)
  return (request) => timingSafeEqual(digest(request.headers.authorization ?? ''), expected)
}

export default fp(operator, { name: 'operator', dependencies: ['problem'], fastify: '5.x' })

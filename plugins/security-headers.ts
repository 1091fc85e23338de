/** Security headers, the rules for other origins, and how the outside calls a path of the gateway. */
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { FixedHeaders } from '../src/http/fixed-headers.ts'
import { answerHeaderNames } from '../src/http/schemas.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A path of the gateway as clients use it: below that of `PUBLIC_URL`. */
    readonly outside: (path: string) => string
  }
}

export default fp<Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>>(
  async (app, { CORS_ORIGINS, PUBLIC_URL }) => {
    const before = new URL(PUBLIC_URL).pathname.replace(/\/$/, '')
    app.decorate('outside', (path) => `${before}${path}`)

    app.addHook('onRequest', (_request, reply, next) => {
      // What a contact reads is the contact's own; routes that hold nothing personal say so themselves.
      reply.header('cache-control', 'private, no-store').header('vary', 'Authorization, Cookie')
      next()
    })

    await app.register(helmet, {
      // It would make the headers again for each request, which takes longer than to set them.
      global: false,
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
      referrerPolicy: { policy: 'no-referrer' },
    })
    const fixed = new FixedHeaders()
    app.addHook('onRequest', (_request, reply, next) => {
      fixed.set(reply.raw, () => void reply.helmet())
      next()
    })
    if (CORS_ORIGINS !== undefined) {
      await app.register(cors, {
        origin: [...CORS_ORIGINS],
        // coreBOS's own client asks for credentials when it extends a session, although there is no cookie.
        credentials: true,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        exposedHeaders: [...answerHeaderNames, 'X-Request-Id'],
        maxAge: 600,
      })
    }
    // Many clients name the type of a body that they do not send, and there is nothing in it to be read.
    app.addHook('onRequest', ({ headers, raw, routeOptions: { schema } }, _reply, next) => {
      const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
      if (schema?.body === undefined && length === '0' && coding === undefined)
        delete raw.headers['content-type']
      next()
    })
  },
  { name: 'security-headers', dependencies: ['problem'], fastify: '5.x' },
)

/** Finds the session of an access token, for the routes that require one. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { admissionOf, contactOf, type Admission } from '../src/access/admission.ts'
import { Authenticator } from '../src/access/authenticator.ts'
import type { Contact } from '../src/model/contact.ts'
import type { SessionClaim } from '../src/session/claim.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For the `onRequest` of routes: the access token must be valid, its session running, and the contact still let in. */
    readonly authenticate: (request: FastifyRequest) => Promise<void>
    /** Authenticates by another credential than an access token. @throws GatewayError `SESSION_ENDED` */
    readonly authenticateBy: (claim: SessionClaim, request: FastifyRequest) => Promise<void>
    /** Authenticates without a re-check in coreBOS, for routes that must work while coreBOS is unavailable. */
    readonly identify: (request: FastifyRequest) => Promise<void>
    /** @throws GatewayError `AUTHENTICATION_REQUIRED` if the request has no valid session */
    readonly admissionOf: typeof admissionOf
    /** @throws GatewayError `AUTHENTICATION_REQUIRED` if the request has no valid session */
    readonly contactOf: typeof contactOf
  }
  interface FastifyRequest {
    /** Null until the access token has been checked, and on routes without authentication. */
    admission: Admission | null
    /** The contact of `admission`. */
    readonly contact: Contact | null
  }
}

async function authenticate(app: FastifyInstance): Promise<void> {
  const authenticator = new Authenticator({
    store: app.sessions,
    readToken: (token) => app.tokens.read(token),
    confirm: async (session) => app.auth.recheck.confirm(session),
  })
  app.decorateRequest('admission', null)
  app.decorateRequest('contact', {
    getter() {
      return this.admission?.session.contact ?? null
    },
  })
  app.decorate('admissionOf', admissionOf)
  app.decorate('contactOf', contactOf)
  app.decorate('identify', async (request) => {
    request.admission = await authenticator.identify(app.cookies.accessTokenOf(request), request.reading)
  })
  app.decorate('authenticate', async (request) => {
    await app.identify(request)
    request.admission = await authenticator.confirm(admissionOf(request))
  })
  app.decorate('authenticateBy', async (claim, request) => {
    request.admission = await authenticator.authenticateBy(claim)
  })
}

export default fp(authenticate, { name: 'authenticate', dependencies: ['auth', 'tokens'], fastify: '5.x' })

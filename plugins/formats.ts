/** The formats of the CRM user of a request, as `app.formatsOf`. */
import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import { upstreamOf } from '../src/access/upstream.ts'
import { formatsOf, type Formats } from '../src/corebos/formats.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** @throws GatewayError `AUTHENTICATION_REQUIRED`, or the error of coreBOS */
    readonly formatsOf: (request: FastifyRequest) => Promise<Formats>
  }
}

export default fp(
  async (app) => {
    app.decorate('formatsOf', async (request: FastifyRequest) => {
      const { caller } = upstreamOf(app.admissionOf(request).session, app.corebos)
      return formatsOf(caller, app.corebos.service)
    })
  },
  { name: 'formats', dependencies: ['corebos', 'authenticate'], fastify: '5.x' },
)

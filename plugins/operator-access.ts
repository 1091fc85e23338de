/** Keeps the operators' port closed to callers without the token, as a bearer token or as the password of a browser. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../src/model/errors.ts'
import { decoded } from '../src/http/utf8.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * `true`: open to all who reach the operators' listener. `password`: also with Basic authentication, for pages; it must
     * not be the case of a route that changes something, since browsers send a password from other origins as well.
     */
    open?: true | 'password'
  }
}

const closed = 'OPERATOR_TOKEN is not set, so that this endpoint is closed'
const expected = "Send OPERATOR_TOKEN as 'Authorization: Bearer TOKEN'; pages accept it as a password too"

export default fp<{ readonly token: string | undefined }>(
  async (app, { token }) => {
    const holdsToken = holderOf(token)
    // A hook and not an option of each route: a route that forgets it is closed, and so are unknown routes.
    app.addHook('onRequest', async (request) => {
      const { open } = request.routeOptions.config
      if (open !== true && !holdsToken(request, open === 'password'))
        throw new GatewayError('AUTHENTICATION_REQUIRED', token === undefined ? closed : expected)
    })
  },
  { name: 'operator-access', dependencies: ['problem'], fastify: '5.x' },
)

/** Compares digests, so that neither the length nor a common beginning shows in the time. */
function holderOf(token: string | undefined): (request: FastifyRequest, asPassword: boolean) => boolean {
  if (token === undefined) return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return ({ headers: { authorization = '' } }, asPassword) => {
    const [, bearer = ''] = /^Bearer (.*)$/.exec(authorization) ?? []
    const [, basic = ''] = asPassword ? (/^Basic (.*)$/i.exec(authorization) ?? []) : []
    const given = basic === '' ? bearer : decoded(Buffer.from(basic, 'base64'))?.replace(/^[^:]*:/, '')
    return given !== undefined && timingSafeEqual(digest(given), expected)
  }
}

/**
 * Counts every request as it arrives, before any of its body is read: by its address, by the contact whose session it
 * presents, and as a log-in. The counts are in the store; `RequestCounts` says what counts against what.
 */
import type { SessionClaim } from '../src/session/claim.ts'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../src/config/config.ts'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import { rateLimitHeaders, type Quota } from '../src/http/rate-limit-headers.ts'
import { RequestCounts, type Presented } from '../src/http/request-counts.ts'
import type { Reading } from '../src/session/contract.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts a request as a log-in by its address, once, against a multiple of `RATE_LIMIT_LOGIN`.
     * @throws GatewayError `RATE_LIMITED`
     */
    readonly limitLogins: (request: FastifyRequest) => Promise<void>
    /**
     * Counts a request by the contact of a session that only its body names, and reads that session in the same step.
     * @throws GatewayError `RATE_LIMITED`
     */
    readonly limitSession: (request: FastifyRequest, claim: SessionClaim) => Promise<Reading>
  }
  interface FastifyRequest {
    /** What the store said of the session that a request presents, in the step that counted it. */
    reading: Reading | null
    /** The session that `reading` is about. */
    presented: SessionClaim | undefined
    /** Whether it has been counted as a log-in. */
    isCountedLogin: boolean
    /** The limits that it has been counted against. */
    quotas: readonly Quota[] | undefined
  }
  interface FastifyContextConfig {
    /** `false`: not counted. For probes that come often, cost nothing and tell nothing. */
    limited?: false
    /** What the header and the URL of a request present; unless set, the access token of a session. */
    presents?: (request: FastifyRequest) => Presented
  }
}

export type LimitsOptions = Pick<Config, 'RATE_LIMIT_IP' | 'RATE_LIMIT_CONTACT' | 'RATE_LIMIT_LOGIN'>

async function limits(app: FastifyInstance, options: LimitsOptions): Promise<void> {
  const { sessions, tokens, cookies } = app
  const { RATE_LIMIT_IP: address, RATE_LIMIT_CONTACT: contact, RATE_LIMIT_LOGIN } = options
  const counts = new RequestCounts({ address, contact, login: loginsByAddress(RATE_LIMIT_LOGIN) }, sessions)

  function presentsToken(request: FastifyRequest): Presented {
    try {
      const token = cookies.accessTokenOf(request)
      return token === undefined ? {} : { claim: tokens.verify(token) }
    } catch {
      // The route says what is wrong with it, if it wants one at all.
      return {}
    }
  }

  const reportTo = (request: FastifyRequest) => (quotas: readonly Quota[]) => {
    request.quotas = [...(request.quotas ?? []), ...quotas]
  }

  app.decorate('limitLogins', async (request: FastifyRequest) => {
    if (request.isCountedLogin) return
    request.isCountedLogin = true
    await counts.count({ login: request.ip }, reportTo(request))
  })
  app.decorate('limitSession', async (request: FastifyRequest, claim: SessionClaim) => {
    const reading = await counts.count({ claim }, reportTo(request))
    if (reading === undefined) throw new Error('a session that was presented was not read')
    request.presented = claim
    request.reading = reading
    return reading
  })
  app.decorateRequest('reading', null)
  app.decorateRequest('presented', undefined)
  app.decorateRequest('isCountedLogin', false)
  app.decorateRequest('quotas', undefined)

  // A hook and not an option of each route: what is not found is counted too.
  app.addHook('onRequest', async (request) => {
    const { limited, presents = presentsToken } = request.routeOptions.config
    if (limited === false) return
    const { claim, login = false } = presents(request)
    request.isCountedLogin = login
    request.presented = claim
    const counted = { address: request.ip, claim, ...(login && { login: request.ip }) }
    request.reading = (await counts.count(counted, reportTo(request))) ?? null
  })
  app.addHook('onSend', async (request, reply) => {
    reply.headers(rateLimitHeaders(request.quotas ?? []))
  })
}

export default fp(limits, {
  name: 'limits',
  dependencies: ['problem', 'cookies', 'sessions', 'tokens'],
  fastify: '5.x',
})

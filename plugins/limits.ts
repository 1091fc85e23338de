/** Counts every request as it arrives: by its address, by the contact whose session it presents, and as a log-in. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { loginsByAddress } from '../src/auth/login-limits.ts'
import type { Config } from '../src/config/config.ts'
import { rateLimitHeaders } from '../src/http/rate-limit-headers.ts'
import { RequestCounts, type Presented } from '../src/http/request-counts.ts'
import { presentedToken, RequestLimits, type LimitedRequest } from '../src/http/request-limits.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly limitLogins: RequestLimits['countLogin']
    readonly limitSession: RequestLimits['countSession']
    readonly limitBody: RequestLimits['countBody']
  }
  interface FastifyRequest {
    reading: LimitedRequest['reading']
    presented: LimitedRequest['presented']
    bodyBytes: LimitedRequest['bodyBytes']
    isCountedLogin: LimitedRequest['isCountedLogin']
    quotas: LimitedRequest['quotas']
  }
  interface FastifyContextConfig {
    /** `false`: not counted. For probes that come often, cost nothing and tell nothing. */
    limited?: false
    /** The credentials in what has arrived of a request; default: the access token of a session. */
    presents?: (request: FastifyRequest) => Presented | Promise<Presented>
  }
}

type Settings = Pick<Config, 'RATE_LIMIT_IP' | 'RATE_LIMIT_CONTACT' | 'RATE_LIMIT_LOGIN'>

async function limits(app: FastifyInstance, options: Settings): Promise<void> {
  const { sessions, tokens, cookies } = app
  const { RATE_LIMIT_IP: address, RATE_LIMIT_CONTACT: contact } = options
  const rates = { address, contact, login: loginsByAddress(options.RATE_LIMIT_LOGIN) }
  const counts = new RequestCounts(rates, sessions, (limit) => app.metrics.rateLimited.inc({ limit }))
  const requests = new RequestLimits(counts)

  const presentsToken = (from: FastifyRequest) => presentedToken(() => cookies.accessTokenOf(from), tokens)
  app.decorate('limitLogins', async (request) => requests.countLogin(request))
  app.decorate('limitSession', async (request, claim) => requests.countSession(request, claim))
  app.decorate('limitBody', async (request, bytes) => requests.countBody(request, bytes))
  app.decorateRequest('reading', null).decorateRequest('presented', undefined).decorateRequest('bodyBytes', 0)
  app.decorateRequest('isCountedLogin', false).decorateRequest('quotas', undefined)

  // A hook and not an option of each route: requests for unknown routes are counted too.
  app.addHook('onRequest', async (request) => {
    const { limited, presents = presentsToken } = request.routeOptions.config
    if (limited === false) return
    await requests.countArrival(request, await presents(request))
  })
  app.addHook('onSend', ({ quotas = [] }, reply, _payload, next) => {
    reply.headers(rateLimitHeaders(quotas))
    next()
  })
}

const dependencies = ['problem', 'metrics', 'cookies', 'sessions', 'tokens']
export default fp(limits, { name: 'limits', dependencies, fastify: '5.x' })

/** How often one address and one contact may ask. Log-ins have a limit of their own on top. The counts are in the store. */
import rateLimit, { normalizeIP, type FastifyRateLimitStore } from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../src/config.ts'
import type { Rate } from '../src/environment.ts'
import { GatewayError } from '../src/errors.ts'
import { bearerToken } from '../src/session/bearer.ts'
import type { Reading, SharedState, Take, Taken } from '../src/session/contract.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For the `onRequest` of routes that check a secret: counts against `RATE_LIMIT_LOGIN` by address. */
    readonly limitLogins: (request: FastifyRequest) => Promise<void>
  }
  interface FastifyRequest {
    /** What the store said of the session that a valid access token names, in the step that counted the request. */
    reading: Reading | null
  }
  interface FastifyContextConfig {
    /** `false`: not counted. For probes that come often, cost nothing and tell nothing. */
    limited?: false
  }
}

export type LimitsOptions = Pick<Config, 'RATE_LIMIT_IP' | 'RATE_LIMIT_CONTACT' | 'RATE_LIMIT_LOGIN'>

async function limits(app: FastifyInstance, options: LimitsOptions): Promise<void> {
  const { sessions, tokens } = app
  await app.register(rateLimit, { global: false, store: countersIn(sessions) })

  function limiter(name: string, { max, seconds }: Rate) {
    const count = app.createRateLimit({
      max,
      timeWindow: seconds * 1000,
      keyGenerator: (request) => addressKey(name, request),
    })
    return async (request: FastifyRequest): Promise<void> => {
      const result = await count(request)
      if (!result.isAllowed && result.isExceeded) throw limited(result.ttl)
    }
  }
  const byAddress = limiter('ip', options.RATE_LIMIT_IP)

  function claimsOf(request: FastifyRequest) {
    const token = bearerToken(request.headers.authorization)
    try {
      return token === undefined ? undefined : tokens.verify(token)
    } catch {
      // The route says what is wrong with it, if it wants one at all.
      return undefined
    }
  }

  app.decorate('limitLogins', limiter('login', options.RATE_LIMIT_LOGIN))
  app.decorateRequest('reading', null)

  // A hook and not an option of each route: what is not found is counted too.
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.limited === false) return
    const claims = claimsOf(request)
    if (claims === undefined) {
      await byAddress(request)
      return
    }
    // One step of the store for the session, its address and its contact.
    const reading = await sessions.read(claims.sessionId, [
      take(addressKey('ip', request), options.RATE_LIMIT_IP),
      take(`contact:${claims.contactId}`, options.RATE_LIMIT_CONTACT),
    ])
    const exceeded = reading.takes.find(({ allowed }) => !allowed)
    if (exceeded !== undefined) throw limited(exceeded.resetIn)
    request.reading = reading
  })
}

function addressKey(name: string, { ip }: FastifyRequest): string {
  return `${name}:${normalizeIP(ip)}`
}

function take(key: string, { max, seconds }: Rate): Take {
  return { key, max, window: seconds * 1000 }
}

function limited(milliseconds: number): GatewayError {
  return new GatewayError('RATE_LIMITED', undefined, { retryAfter: milliseconds / 1000 })
}

/** The counters that all instances share, in the form that `@fastify/rate-limit` wants. */
function countersIn(state: Pick<SharedState, 'take'>) {
  return class Counters implements FastifyRateLimitStore {
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      window: number,
      max: number,
    ): void {
      const counted = ([taken]: readonly Taken[]) => {
        const { allowed = false, count = 0, resetIn = window } = taken ?? {}
        // What did not fit was not counted, but here it must show as one too many.
        done(null, { current: allowed ? count : max + 1, ttl: resetIn })
      }
      state.take([{ key, max, window }]).then(counted, done)
    }

    child(): Counters {
      return new Counters()
    }
  }
}

export default fp(limits, { name: 'limits', dependencies: ['problem', 'sessions', 'tokens'], fastify: '5.x' })

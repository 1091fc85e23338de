/** How often one address and one contact may ask. Log-ins have a limit of their own on top. The counts are in the store. */
import rateLimit, { normalizeIP, type FastifyRateLimitStore } from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../src/config.ts'
import type { SessionClaim } from '../src/contact/request.ts'
import type { Rate } from '../src/environment.ts'
import { GatewayError } from '../src/errors.ts'
import type { Reading, SharedState, Take, Taken } from '../src/session/contract.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * For routes that check a secret or mail one: counts against `RATE_LIMIT_LOGIN` by address.
     * @throws GatewayError `RATE_LIMITED`
     */
    readonly limitLogins: (request: FastifyRequest) => Promise<void>
    /**
     * Counts a request to a route that is `limited: 'late'`, once and in one step of the store: by its address; by the
     * contact whose session it names, which the step reads too; as a log-in.
     *
     * @returns what `look` asked for
     * @throws GatewayError `RATE_LIMITED`
     */
    readonly limitLate: (request: FastifyRequest, late?: Late) => Promise<Taken | undefined>
  }
  interface FastifyRequest {
    /** What the store said of the session that a request names, in the step that counted it. */
    reading: Reading | null
    /** Whether it has been counted. */
    counted: boolean
  }
  interface FastifyContextConfig {
    /**
     * `false`: not counted. For probes that come often, cost nothing and tell nothing. `late`: the route calls
     * `limitLate` once it knows what the body says; what it refuses before that is counted when it has been answered.
     */
    limited?: false | 'late'
  }
}

export type LimitsOptions = Pick<Config, 'RATE_LIMIT_IP' | 'RATE_LIMIT_CONTACT' | 'RATE_LIMIT_LOGIN'>

export interface Late {
  readonly claim?: SessionClaim | undefined
  readonly login?: true
  /** A count of the route's own. */
  readonly look?: Take
}

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

  function claimOf(request: FastifyRequest): SessionClaim | undefined {
    try {
      const token = app.cookies.accessTokenOf(request)
      return token === undefined ? undefined : tokens.verify(token)
    } catch {
      // The route says what is wrong with it, if it wants one at all.
      return undefined
    }
  }

  async function limitLate(request: FastifyRequest, { claim, login, look }: Late = {}) {
    if (request.counted) throw new Error('a request was counted twice')
    request.counted = true
    const takes = [
      take(addressKey('ip', request), options.RATE_LIMIT_IP),
      ...(claim === undefined ? [] : [take(`contact:${claim.contactId}`, options.RATE_LIMIT_CONTACT)]),
      ...(login === undefined ? [] : [take(addressKey('login', request), options.RATE_LIMIT_LOGIN)]),
    ]
    const all = look === undefined ? takes : [...takes, look]
    const reading = claim && (await sessions.read(claim.sessionId, all))
    const taken = reading?.takes ?? (await sessions.take(all))
    const exceeded = taken.slice(0, takes.length).find(({ allowed }) => !allowed)
    if (exceeded !== undefined) throw limited(exceeded.resetIn)
    request.reading = reading ?? null
    return taken[takes.length]
  }

  app.decorate('limitLogins', limiter('login', options.RATE_LIMIT_LOGIN))
  app.decorate('limitLate', limitLate)
  app.decorateRequest('reading', null)
  app.decorateRequest('counted', false)

  // A hook and not an option of each route: what is not found is counted too.
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.limited !== undefined) return
    const claim = claimOf(request)
    if (claim !== undefined) {
      await limitLate(request, { claim })
      return
    }
    await byAddress(request)
  })
  app.addHook('onResponse', async (request) => {
    if (request.routeOptions.config.limited !== 'late' || request.counted) return
    request.counted = true
    await sessions.take([take(addressKey('ip', request), options.RATE_LIMIT_IP)])
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

export default fp(limits, {
  name: 'limits',
  dependencies: ['problem', 'cookies', 'sessions', 'tokens'],
  fastify: '5.x',
})

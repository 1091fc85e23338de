/** How often one address and one contact may ask. Log-ins have a limit of their own on top. */
import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../src/config.ts'
import type { Rate } from '../src/environment.ts'
import { GatewayError } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For the `onRequest` of routes that check a secret: counts against `RATE_LIMIT_LOGIN` by address. */
    limitLogins: (request: FastifyRequest) => Promise<void>
  }
  interface FastifyContextConfig {
    /** `false`: not counted. For probes that come often, cost nothing and tell nothing. */
    limited?: false
  }
}

export interface LimitsOptions extends Pick<
  Config,
  'RATE_LIMIT_IP' | 'RATE_LIMIT_CONTACT' | 'RATE_LIMIT_LOGIN'
> {
  /** Who is asking, once that is known; nothing where nobody has logged in. */
  readonly contactId: (request: FastifyRequest) => string | undefined
}

export default fp<LimitsOptions>(
  async (app, { RATE_LIMIT_IP, RATE_LIMIT_CONTACT, RATE_LIMIT_LOGIN, contactId }) => {
    await app.register(rateLimit, { global: false })

    const limiter = ({ max, seconds }: Rate, keyGenerator?: (request: FastifyRequest) => string) => {
      const limit = app.createRateLimit({
        max,
        timeWindow: seconds * 1000,
        ...(keyGenerator === undefined ? {} : { keyGenerator }),
      })
      return async (request: FastifyRequest): Promise<void> => {
        const result = await limit(request)
        if (result.isAllowed || !result.isExceeded) return
        throw new GatewayError('RATE_LIMITED', undefined, { retryAfter: result.ttlInSeconds })
      }
    }

    const byAddress = limiter(RATE_LIMIT_IP)
    const byContact = limiter(RATE_LIMIT_CONTACT, (request) => contactId(request) ?? '')
    app.decorate('limitLogins', limiter(RATE_LIMIT_LOGIN))

    // A hook and not an option of each route: what is not found is counted too.
    app.addHook('onRequest', async (request: FastifyRequest) => {
      if (request.routeOptions.config.limited !== false) await byAddress(request)
    })
    app.addHook('preHandler', async (request: FastifyRequest) => {
      if (contactId(request) !== undefined) await byContact(request)
    })
  },
  { name: 'limits', dependencies: ['problem'], fastify: '5.x' },
)

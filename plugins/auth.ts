/** Log-in, passwords and the access re-check, as `app.auth`. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Auth, type AuthOptions } from '../src/auth/auth.ts'
import type { Origin } from '../src/auth/known-origins.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import type { Config } from '../src/config/config.ts'
import { networksOf } from '../src/http/client-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly auth: Auth
    /** The origin of a request; a device token in the body takes precedence over that of a cookie. */
    readonly originOf: (request: FastifyRequest, deviceToken?: string) => Origin
    /** See {@link Auth.cleanUp}; the end of the gateway waits until every session has ended. */
    readonly endUpstream: (session: string | undefined) => Promise<void>
  }
}

type Settings = Pick<
  Config,
  'LOGIN_MODE' | 'COREBOS_PASSWORD_TYPE' | 'ACCESS_RECHECK' | 'RATE_LIMIT_LOGIN' | 'SESSION_KEYS'
>
type Options = Pick<AuthOptions, 'policy' | 'now'> & { readonly config: Settings }

async function authPlugin(app: FastifyInstance, { config, policy, now }: Options): Promise<void> {
  const auth = new Auth({
    mode: loginModes[config.LOGIN_MODE],
    corebos: app.corebos,
    store: app.sessions,
    passwordType: config.COREBOS_PASSWORD_TYPE,
    recheckEvery: config.ACCESS_RECHECK * 1000,
    loginRate: config.RATE_LIMIT_LOGIN,
    keys: config.SESSION_KEYS,
    policy,
    policyInForce: app.policyInForce,
    now,
    log: app.log,
  })
  app.inUse.watch(auth.inUse)
  app.decorate('auth', auth)
  app.decorate('endUpstream', async (session) => auth.cleanUp.end(session))
  app.decorate('originOf', (request: FastifyRequest, deviceToken?: string) => {
    const [{ name: network }, ...wider] = networksOf(request.ip)
    return { network, wider, deviceToken: deviceToken ?? app.cookies.deviceTokenOf(request) }
  })
  app.addHook('onClose', async () => auth.cleanUp.done())
}

export default fp(authPlugin, {
  name: 'auth',
  dependencies: ['cookies', 'corebos', 'policy', 'sessions'],
  fastify: '5.x',
})

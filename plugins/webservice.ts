/** What `/webservice.php` needs: challenges, log-ins with hashed passwords, sessions by name. */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import { ResponsePacer } from '../src/auth/response-pacer.ts'
import { requestChallenge, type Challenge } from '../src/corebos/challenge.ts'
import type { PortalSession } from '../src/session/contract.ts'
import { RelayedLogin } from '../src/webservice/relayed-login.ts'
import { SessionNames } from '../src/webservice/session-names.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly webservice: Webservice
  }
}

export interface Webservice {
  readonly loginService: RelayedLogin
  readonly names: SessionNames
  /** Answers after a time that does not depend on whether the name exists. @param began on `performance.now()` */
  challenge(name: string, began: number): Promise<Challenge>
  /** The session as it stands after a look at coreBOS where one is due. @throws GatewayError `SESSION_ENDED` */
  confirm(session: PortalSession): Promise<PortalSession>
}

export interface WebserviceOptions {
  readonly config: Pick<Config, 'LOGIN_MODE' | 'COREBOS_PASSWORD_TYPE' | 'ACCESS_RECHECK' | 'SESSION_KEYS'>
}

async function webservice(app: FastifyInstance, options: WebserviceOptions): Promise<void> {
  const { config } = options
  const { corebos, challenges, origins, loginLimits, loginServicesAt, recheckIn } = app
  const mode = loginModes[config.LOGIN_MODE]

  const clock = () => performance.now()
  const pacer = new ResponsePacer({ rounds: mode.rounds, now: clock, wait })
  const challengePacer = new ResponsePacer({ rounds: { service: 0, direct: 1 }, now: clock, wait })
  const context = loginServicesAt(pacer)
  const recheck = recheckIn(context)

  app.decorate('webservice', {
    loginService: new RelayedLogin({
      mode,
      context: { ...context, madeUpToken: (name) => challenges.madeUp(name) },
      pacer,
      limits: loginLimits,
      origins,
    }),
    // Without keys there is one instance alone, and no session outlives it.
    names: new SessionNames(firstly(config.SESSION_KEYS) ?? [randomBytes(32)]),
    challenge: async (name, began) => {
      const challenge = await challenges.give(name, (sent) =>
        challengePacer.time('direct', () => requestChallenge(corebos.outside, sent)),
      )
      await challengePacer.hold(began)
      return challenge
    },
    confirm: (session) => recheck.confirm(session),
  })
}

function firstly<T>([first, ...others]: readonly T[] = []): [T, ...T[]] | undefined {
  return first === undefined ? undefined : [first, ...others]
}

export default fp(webservice, {
  name: 'webservice',
  dependencies: ['corebos', 'sessions', 'authenticate'],
  fastify: '5.x',
})

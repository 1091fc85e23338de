/** The services of `/webservice.php`: challenges, log-ins with hashed passwords, sessions by name. */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
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
  /** The session, after a re-check in coreBOS if one is due. @throws GatewayError `SESSION_ENDED` */
  confirm(session: PortalSession): Promise<PortalSession>
}

async function webservice(
  app: FastifyInstance,
  { SESSION_KEYS }: Pick<Config, 'SESSION_KEYS'>,
): Promise<void> {
  const { corebos } = app
  const { mode, challenges, origins, limits } = app.auth
  const { pacer, services, recheck } = app.auth.openInterface()
  const challengePacer = app.auth.pacer({ service: 0, direct: 1 })
  const context = { ...services, madeUpToken: async (name: string) => challenges.madeUp(name) }

  app.decorate('webservice', {
    loginService: new RelayedLogin({ mode, context, pacer, limits, origins }),
    // Without keys there is one instance alone, and no session outlives it.
    names: new SessionNames(firstly(SESSION_KEYS) ?? [randomBytes(32)]),
    challenge: async (name, began) => {
      const challenge = await challenges.give(name, async (sent) =>
        challengePacer.time('direct', async () => requestChallenge(corebos.outside, sent)),
      )
      await challengePacer.hold(began)
      return challenge
    },
    confirm: async (session) => recheck.confirm(session),
  })
}

function firstly<T>([first, ...others]: readonly T[] = []): [T, ...T[]] | undefined {
  return first === undefined ? undefined : [first, ...others]
}

export default fp(webservice, { name: 'webservice', dependencies: ['auth', 'corebos'], fastify: '5.x' })

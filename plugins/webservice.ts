/** What `/webservice.php` needs: challenges, log-ins with hashed passwords, sessions by name. */
import type { ReadBy } from '../src/access/context.ts'
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import { ResponsePacer } from '../src/auth/response-pacer.ts'
import { requestChallenge, type Challenge } from '../src/corebos/challenge.ts'
import type { Catalogue } from '../src/corebos/metadata.ts'
import type { Caller } from '../src/corebos/caller.ts'
import type { Policy } from '../src/policy/policy.ts'
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
  /** The caller that reads for a contact, and the modules that it sees. */
  readerOf(session: PortalSession): Promise<ContactReader>
}

export interface ContactReader {
  readonly caller: Caller
  readonly callerFor: (by: ReadBy) => Caller
  readonly catalogue: Catalogue
}

export interface WebserviceOptions {
  readonly config: Pick<Config, 'LOGIN_MODE' | 'COREBOS_PASSWORD_TYPE' | 'ACCESS_RECHECK' | 'SESSION_KEYS'>
  /** The policy in force; it may change while the gateway runs. */
  readonly policy: () => Policy
}

async function webservice(app: FastifyInstance, options: WebserviceOptions): Promise<void> {
  const { config, policy } = options
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
    readerOf: async ({ contact, upstream }) => {
      const { service } = corebos
      // An employee's own coreBOS session shows products and services, and nothing else.
      const own =
        upstream === undefined || contact.entity === 'Employee' ? undefined : corebos.session(upstream)
      const caller = own ?? service ?? (upstream === undefined ? undefined : corebos.session(upstream))
      if (caller === undefined) throw new Error('a session without a reader')
      const user = caller === service ? await service.userId() : contact.user.id
      return {
        caller,
        callerFor: (by) => (by === 'contact' ? caller : (service ?? caller)),
        catalogue: await corebos.metadata.of(user, caller, policy().modulesFor(contact)),
      }
    },
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

/** The policy in force. SIGHUP reads its file again; one that is wrong changes nothing. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { loadServablePolicy, policyAtStart } from '../src/access/policy-at-start.ts'
import { PolicyError, type PolicyInForce } from '../src/access/policy-in-force.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import { ConfigError, type Config } from '../src/config/config.ts'
import { installationOf, type Describer } from '../src/corebos/installation.ts'
import type { Policy } from '../src/policy/policy.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The policy in force now; it may be another one at the next request. */
    readonly policy: () => Policy
    readonly policyInForce: PolicyInForce
  }
}

export type PolicyOptions = Pick<Config, 'POLICY_FILE' | 'LOGIN_MODE' | 'COREBOS_USER'> & {
  readonly now: () => number
}

async function policyPlugin(app: FastifyInstance, options: PolicyOptions): Promise<void> {
  const { service, metadata } = app.corebos
  const { POLICY_FILE, now } = options
  const { hasRestrictedSession: isRestricted } = loginModes[options.LOGIN_MODE]
  const readsAll = service !== undefined || !isRestricted
  // What the built-in policy names need not be there.
  const installation =
    POLICY_FILE === undefined
      ? undefined
      : {
          by: service && { caller: service, userId: async () => service.userId() },
          read: async (policy: Policy, by: Describer) => ({
            ...(await installationOf(policy, by, metadata)),
            readsAll,
          }),
        }
  const inForce = await policyAtStart({
    load: async () => loadServablePolicy(POLICY_FILE, isRestricted && options.COREBOS_USER === undefined),
    installation,
    now,
    log: app.log,
    observe: (state) => app.metrics.policy.show(state),
  }).catch((error: unknown) => {
    throw error instanceof PolicyError
      ? new ConfigError(error.lines.map((line) => `POLICY_FILE: ${line}`))
      : error
  })
  app.decorate('policy', () => inForce.current)
  app.decorate('policyInForce', inForce)
  const onHangup = (): void => void inForce.reload()
  process.on('SIGHUP', onHangup)
  app.addHook('onClose', async () => {
    process.off('SIGHUP', onHangup)
  })
}

export default fp(policyPlugin, { name: 'policy', fastify: '5.x', dependencies: ['corebos', 'metrics'] })

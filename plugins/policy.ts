/** The policy in force. SIGHUP reads its file again; one that is wrong changes nothing. */
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PolicyError, PolicyInForce } from '../src/access/policy-in-force.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import { ConfigError, type Config } from '../src/config/config.ts'
import { installationOf } from '../src/corebos/installation.ts'
import { loadPolicy } from '../src/policy/load.ts'
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

/** The longest wait for coreBOS at the start, to check the policy. Milliseconds. */
const waitLimit = 5000

async function policyPlugin(app: FastifyInstance, options: PolicyOptions): Promise<void> {
  const { service, metadata } = app.corebos
  const { POLICY_FILE } = options
  const readsAll = service !== undefined || !loginModes[options.LOGIN_MODE].hasRestrictedSession
  try {
    const inForce = await PolicyInForce.begin({
      load: async () => load(options),
      // What the built-in policy names need not be there.
      installation:
        POLICY_FILE === undefined
          ? undefined
          : {
              by: service && { caller: service, userId: async () => service.userId() },
              read: async (policy, by) => ({
                ...(await installationOf(policy, by, metadata)),
                readsAll,
              }),
            },
      now: options.now,
      log: app.log,
      observe: (state) => app.metrics.policy.show(state),
    })
    // Where coreBOS cannot be reached, the policy is checked before the first request is answered.
    const checked = inForce.check(undefined, 'atStart').catch((error: unknown) => {
      if (error instanceof PolicyError) throw error
    })
    await Promise.race([checked, setTimeout(waitLimit, undefined, { ref: false })])
    app.decorate('policy', () => inForce.current)
    app.decorate('policyInForce', inForce)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new ConfigError(error.lines.map((line) => `POLICY_FILE: ${line}`))
  }
  const onHangup = (): void => void app.policyInForce.reload()
  process.on('SIGHUP', onHangup)
  app.addHook('onClose', async () => {
    process.off('SIGHUP', onHangup)
  })
}

async function load({ POLICY_FILE, LOGIN_MODE, COREBOS_USER }: PolicyOptions): Promise<Policy> {
  const policy = await loadPolicy(POLICY_FILE)
  const { hasRestrictedSession: isRestricted } = loginModes[LOGIN_MODE]
  if (isRestricted && COREBOS_USER === undefined && policy.reachesBeyondAccount) {
    throw new Error('A level above account needs a service user: set COREBOS_USER and COREBOS_ACCESS_KEY')
  }
  return policy
}

export default fp(policyPlugin, { name: 'policy', fastify: '5.x', dependencies: ['corebos', 'metrics'] })

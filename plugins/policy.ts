/** The policy in force. SIGHUP reads its file again; one that is wrong changes nothing. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { loginModes } from '../src/auth/modes/table.ts'
import { ConfigError, type Config } from '../src/config/config.ts'
import { loadPolicy } from '../src/policy/load.ts'
import type { Policy } from '../src/policy/policy.ts'
import { policyWarnings } from '../src/policy/warnings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The policy in force now; it may be another one at the next request. */
    readonly policy: () => Policy
    /** Reads the file again. @returns whether it was taken; a wrong one is logged and the old one stays */
    readonly reloadPolicy: () => Promise<boolean>
  }
}

export type PolicyOptions = Pick<Config, 'POLICY_FILE' | 'LOGIN_MODE' | 'COREBOS_USER'>

async function policyPlugin(app: FastifyInstance, options: PolicyOptions): Promise<void> {
  let current = await load(options).catch((error: unknown) => {
    throw new ConfigError(
      (error instanceof Error ? error.message : String(error))
        .split('\n')
        .map((line) => `POLICY_FILE: ${line}`),
    )
  })

  function warn(): void {
    for (const line of policyWarnings(current)) app.log.warn({ file: options.POLICY_FILE }, line)
  }
  warn()

  async function reloadPolicy(): Promise<boolean> {
    try {
      current = await load(options)
    } catch (error) {
      app.log.error(
        { reason: error instanceof Error ? error.message : String(error) },
        'The policy file is invalid; the policy in force stays',
      )
      return false
    }
    app.log.info({ file: options.POLICY_FILE }, 'The policy was reloaded')
    warn()
    return true
  }

  app.decorate('policy', () => current)
  app.decorate('reloadPolicy', reloadPolicy)

  const onHangup = (): void => void reloadPolicy()
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

export default fp(policyPlugin, { name: 'policy', fastify: '5.x' })

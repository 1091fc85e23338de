/** Loads the policy at the start, and checks it where coreBOS answers in time. */
import { setTimeout } from 'node:timers/promises'
import { loadPolicy } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { PolicyError, PolicyInForce, type PolicyInForceOptions } from './policy-in-force.ts'

/** The longest wait for coreBOS at the start, to check the policy. Milliseconds. */
const waitLimit = 5000

/** @throws PolicyError if the policy is invalid, or cannot be enforced in this installation */
export async function policyAtStart(options: PolicyInForceOptions): Promise<PolicyInForce> {
  const inForce = await PolicyInForce.begin(options)
  // Where coreBOS cannot be reached, the policy is checked before the first request is answered.
  const checked = inForce.check(undefined, 'atStart').catch((error: unknown) => {
    if (error instanceof PolicyError) throw error
  })
  await Promise.race([checked, setTimeout(waitLimit, undefined, { ref: false })])
  return inForce
}

/**
 * @param file undefined: the built-in policy
 * @param isLimitedToAccounts whether coreBOS sessions of contacts are all that can read
 * @throws Error if the file is invalid, or the policy has levels that such sessions cannot serve
 */
export async function loadServablePolicy(
  file: string | undefined,
  isLimitedToAccounts: boolean,
): Promise<Policy> {
  const policy = await loadPolicy(file)
  if (isLimitedToAccounts && policy.reachesBeyondAccount) {
    throw new Error('A level above account needs a service user: set COREBOS_USER and COREBOS_ACCESS_KEY')
  }
  return policy
}

/** Policies for tests. */
import { builtinPolicy } from '../../src/policy/builtin.ts'
import type { PolicySource } from '../../src/policy/schema.ts'

/** The built-in policy with changed rules of some modules, and other settings beside them. */
export function policyWith(
  changes: Readonly<Record<string, object>>,
  others: Partial<PolicySource> = {},
): PolicySource {
  const { modules } = builtinPolicy
  const changed = Object.entries(changes).map(
    ([name, change]) => [name, { ...modules[name], ...change }] as const,
  )
  return { ...builtinPolicy, ...others, modules: { ...modules, ...Object.fromEntries(changed) } }
}

/** Errors in the policy's own conditions: the contact is told that there is one, operators are told which. */
import { GatewayError } from '../model/errors.ts'
import type { Lookup } from '../query/tree.ts'

/** Names neither a field nor a value of the condition. */
export class RuleError extends GatewayError {
  /** For operators alone. */
  readonly reason: GatewayError

  constructor(reason: GatewayError, module: string | undefined) {
    const code = reason.code === 'QUERY_TOO_LARGE' ? reason.code : 'QUERY_NOT_EXPRESSIBLE'
    const place = module === undefined ? '' : ` on ${module}`
    super(code, `the policy's own condition${place} cannot be expressed in coreBOS`, { cause: reason })
    this.reason = reason instanceof RuleError ? reason.reason : reason
  }
}

/**
 * The other way of a look-up, where the first cannot express the scope of a contact.
 *
 * @throws `error` if there is none, or the first way has failed for another reason
 */
export function otherWay({ otherwise }: Lookup, error: unknown): Lookup {
  if (otherwise === undefined || !(error instanceof RuleError)) throw error
  return otherwise
}

/** The public message for an error in the policy's own condition on a module. */
export function asRuleError(error: unknown, module?: string): unknown {
  return error instanceof GatewayError && error.status < 500 ? new RuleError(error, module) : error
}

/** @throws RuleError if `work` rejects the policy's own condition on the module */
export function ofRule<T>(module: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw asRuleError(error, module)
  }
}

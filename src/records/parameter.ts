/** Adds the name of the parameter or field to an error that it causes. */
import { GatewayError } from '../model/errors.ts'
import { RuleError } from '../scope/rule-error.ts'

/** The error with the parameter in `errors`; unchanged where it is not the caller's fault or names places already. */
export function ofParameter(error: unknown, parameter: string): unknown {
  return placed(error, { parameter })
}

/** The same for a field of a body. */
export function ofField(error: unknown, field: string): unknown {
  return placed(error, { field })
}

function placed(error: unknown, place: { readonly parameter: string } | { readonly field: string }): unknown {
  if (!(error instanceof GatewayError) || error instanceof RuleError) return error
  if (error.status >= 500 || error.errors !== undefined) return error
  const { code, detail, title, cause } = error
  return new GatewayError(code, detail, { errors: [{ ...place, message: detail ?? title }], cause })
}

/** @throws what `read` throws, with the parameter in its `errors` */
export function readParameter<T>(parameter: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw ofParameter(error, parameter)
  }
}

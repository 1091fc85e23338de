/** The problem document of an error (RFC 9457), and the error of the catalogue behind whatever was thrown. */
import { GatewayError } from './errors.ts'
import type { Problem } from './schemas.ts'

/** The document; from status 500 on it says nothing but the title, and where something is missing. */
export function problemDocument(problem: GatewayError, requestId: string): Problem {
  return {
    type: `urn:corebos-portal-gateway:${problem.code}`,
    title: problem.title,
    status: problem.status,
    ...(problem.detail !== undefined && problem.status < 500 && { detail: problem.detail }),
    code: problem.code,
    requestId,
    ...(problem.errors !== undefined && { errors: [...problem.errors] }),
  }
}

/** Translates what Fastify and its plugins throw; what is not known is `INTERNAL`. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (!isForeign(error)) return new GatewayError('INTERNAL', undefined, { cause: error })
  if (error.validation !== undefined) {
    const place = error.validationContext ?? 'body'
    return new GatewayError('VALIDATION_FAILED', undefined, {
      errors: error.validation.map(({ instancePath, message }) => ({
        field: `${place}${instancePath.replaceAll('/', '.')}`,
        message: message ?? 'does not fit',
      })),
    })
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatewayError('BODY_TOO_LARGE')
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new GatewayError('UNSUPPORTED_MEDIA_TYPE')
  const status = error.statusCode ?? 500
  if (status === 404) return new GatewayError('ROUTE_NOT_FOUND')
  if (status >= 400 && status < 500) return new GatewayError('BAD_REQUEST')
  return new GatewayError('INTERNAL', undefined, { cause: error })
}

/** An error that says what HTTP makes of it. */
interface Foreign extends Error {
  readonly code?: string
  readonly statusCode?: number
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[]
  readonly validationContext?: string
}

function isForeign(error: unknown): error is Foreign {
  return error instanceof Error && ('statusCode' in error || 'validation' in error)
}

/** The problem document of an error (RFC 9457), and the catalogue error of a thrown value. */
import { GatewayError, type ErrorCode, type RequestProblem } from '../model/errors.ts'
import type { Problem } from './schemas.ts'
import { shortened, shortenedName } from '../model/shortened.ts'

/** Entries of `errors` in one document. */
export const mostErrors = 20

/** The document; from status 500 on it contains only the title, and the reasons of `NOT_READY`. */
export function problemDocument(problem: GatewayError, requestId: string): Problem {
  const { errors } = problem
  const detail = problem.detail ?? detailOf(errors)
  return {
    type: `urn:corebos-portal-gateway:${problem.code}`,
    title: problem.title,
    status: problem.status,
    ...(detail !== undefined && problem.status < 500 && { detail: shortened(detail) }),
    code: problem.code,
    requestId,
    ...(problem.record !== undefined && { record: problem.record }),
    ...(errors !== undefined && { errors: errors.slice(0, mostErrors).map(shortenedProblem) }),
    ...(errors !== undefined && errors.length > mostErrors && { moreErrors: errors.length - mostErrors }),
  }
}

function shortenedProblem(problem: RequestProblem): RequestProblem {
  const { message, code } = problem
  const place =
    'parameter' in problem
      ? { parameter: shortenedName(problem.parameter) }
      : { field: shortenedName(problem.field) }
  return { ...place, message: shortened(message), ...(code !== undefined && { code }) }
}

function detailOf(errors: readonly RequestProblem[] = []): string | undefined {
  const [first, ...others] = errors
  if (first === undefined) return undefined
  const name = shortenedName('parameter' in first ? first.parameter : first.field)
  return `${name}: ${shortened(first.message)}${others.length === 0 ? '' : ` (and ${others.length} more)`}`
}

/** Errors of Fastify itself. Its own messages may quote malformed text, which may be a password. */
const rejectedByFastify: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'bodies are application/json, and those with a file multipart/form-data',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST', 'the body is empty'],
  FST_ERR_CTP_INVALID_JSON_BODY: [
    'BAD_REQUEST',
    'The body is not valid JSON, or contains a key such as `__proto__`',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'The length of the body differs from Content-Length'],
}

/**
 * Translates errors of Fastify and its plugins; unknown ones are `INTERNAL`.
 *
 * @param bodyLimit bytes that a body of this route may have
 */
export function toGatewayError(error: unknown, bodyLimit?: number): GatewayError {
  if (error instanceof GatewayError) return error
  if (!isForeign(error)) return new GatewayError('INTERNAL', undefined, { cause: error })
  if (error.validation !== undefined) {
    const { validationContext } = error
    return new GatewayError('VALIDATION_FAILED', undefined, {
      errors: error.validation.map(({ instancePath, message }) => ({
        ...placeOf(instancePath, validationContext),
        message: message ?? 'does not fit',
      })),
    })
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const detail = bodyLimit === undefined ? undefined : `a body may have ${bodyLimit} bytes at most here`
    return new GatewayError('BODY_TOO_LARGE', detail)
  }
  const known = rejectedByFastify[error.code ?? '']
  if (known !== undefined) return new GatewayError(...known)
  const status = error.statusCode ?? 500
  if (status === 404) return new GatewayError('ROUTE_NOT_FOUND')
  if (status >= 400 && status < 500)
    return new GatewayError('BAD_REQUEST', 'The request is incomplete or malformed')
  return new GatewayError('INTERNAL', undefined, { cause: error })
}

/** Fields of a body have their bare names, as in later rejections. @param path a JSON pointer */
function placeOf(path: string, part = 'body'): { readonly field: string } | { readonly parameter: string } {
  const name = path.split('/').slice(1).join('.')
  return part === 'body' ? { field: name === '' ? part : name } : { parameter: name === '' ? part : name }
}

/** An error with a status of HTTP. */
interface Foreign extends Error {
  readonly code?: string
  readonly statusCode?: number
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[]
  readonly validationContext?: string
}

function isForeign(error: unknown): error is Foreign {
  return error instanceof Error && ('statusCode' in error || 'validation' in error)
}

/** coreBOS's envelope: `{success, result | error{message, code}, moreinfo}`, always with HTTP 200. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { GatewayError, type ErrorCode } from '../model/errors.ts'
import { shortened } from '../model/shortened.ts'
import type { Parameter } from './php.ts'

/** The result of an operation. */
export interface Result {
  readonly success: boolean
  readonly result: Parameter
  readonly moreinfo: Parameter
}

export function result(value: Parameter, moreinfo: Parameter = null): Result {
  return { success: true, result: value, moreinfo }
}

/**
 * A write that was not done, with the reason, in the form of operations that validate values first or write many
 * records.
 */
export function failed(value: Parameter): Result {
  return { success: false, result: value, moreinfo: null }
}

/** A rejection that coreBOS has a code for and the catalogue has not. */
export class WebserviceRejection extends Error {
  readonly code: string

  /** @param code coreBOS's own */
  constructor(code: string, message: string) {
    super(message)
    this.name = 'WebserviceRejection'
    this.code = code
  }
}

export function unknownOperation(): WebserviceRejection {
  return new WebserviceRejection('UNKNOWN_OPERATION', 'Unknown operation requested')
}

/** As it answers for modules that there are not, or not for this session. */
export function closedModule(name: string): WebserviceRejection {
  return new WebserviceRejection('ACCESS_DENIED', `Permission to perform the operation is denied for ${name}`)
}

/** Codes that make clients log in again; nothing else may get one. */
const again = ['AUTHENTICATION_REQUIRED', 'Authentication required'] as const

/** coreBOS's code, and its message where that of the catalogue differs. */
const translations: Partial<Record<ErrorCode, readonly [code: string, message?: string]>> = {
  INVALID_CREDENTIALS: ['INVALID_USER_CREDENTIALS', 'Invalid username or password'],
  AUTHENTICATION_REQUIRED: again,
  TOKEN_EXPIRED: again,
  SESSION_ENDED: again,
  QUERY_SYNTAX: ['QUERY_SYNTAX_ERROR'],
  UNKNOWN_MODULE: ['ACCESS_DENIED'],
  UNKNOWN_FIELD: ['ACCESS_DENIED'],
  NOT_FOUND: ['ACCESS_DENIED', 'Permission to read given object is denied'],
  NOT_WRITABLE: ['ACCESS_DENIED'],
  FIELD_NOT_WRITABLE: ['ACCESS_DENIED'],
  REFERENCE_OUT_OF_SCOPE: ['ACCESS_DENIED'],
  WRONG_PASSWORD: ['INVALID_OLD_PASSWORD', 'Invalid value given for old password.'],
  INTERNAL: ['INTERNAL_SERVER_ERROR', 'Unknown Error while processing request'],
}

/** The public error of a thrown value. */
export function toRejection(error: unknown): GatewayError | WebserviceRejection {
  if (error instanceof GatewayError || error instanceof WebserviceRejection) return error
  if (error instanceof Error && 'code' in error && 'statusCode' in error) {
    if (error.statusCode === 413) return new GatewayError('BODY_TOO_LARGE')
    if (error.statusCode === 415)
      return new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'bodies are forms or JSON')
    if (typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500)
      return new GatewayError('BAD_REQUEST')
  }
  return new GatewayError('INTERNAL', undefined, { cause: error })
}

export interface Failure {
  readonly code: string
  readonly message: string
  /** Seconds. */
  readonly retryAfter: number | undefined
}

/** Errors for which coreBOS has no code keep that of the catalogue; from status 500 on only the title is sent. */
export function failure(error: GatewayError | WebserviceRejection): Failure {
  if (error instanceof WebserviceRejection)
    return { code: error.code, message: error.message, retryAfter: undefined }
  // What coreBOS has against the values is said in its own words, as far as they name nothing that is hidden.
  if (error.code === 'VALUES_REFUSED' && error.cause instanceof CorebosRejection) {
    const message = error.errors?.[0]?.message ?? error.title
    return { code: error.cause.reason, message, retryAfter: undefined }
  }
  const [code, message] = translations[error.code] ?? [error.code]
  const own = error.status >= 500 ? error.title : error.message
  return { code, message: message ?? own, retryAfter: error.retryAfter }
}

export function resultText({ success, result, moreinfo }: Result): string {
  return JSON.stringify({ success, result, moreinfo })
}

export function failureText({ code, message }: Failure): string {
  return JSON.stringify({ success: false, error: { message: shortened(message), code }, moreinfo: null })
}

/** `format=stream`: a line per row, then the envelope without them. */
export function streamText({ success, result, moreinfo }: Result): string {
  const rows: readonly unknown[] = Array.isArray(result) ? result : []
  const envelope = { success, result: Array.isArray(result) ? [] : result, moreinfo }
  return [...rows, envelope].map((each) => JSON.stringify(each)).join('\n')
}

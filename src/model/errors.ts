/**
 * The catalogue of errors: one line per code with its HTTP status and title. Codes are part of the public interface; a
 * retired code is never used again for another meaning.
 */
const catalogue = {
  // the request itself
  BAD_REQUEST: [400, 'The request is malformed'],
  REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
  VALIDATION_FAILED: [400, 'The request does not match its schema'],
  BODY_TOO_LARGE: [413, 'The request body is too large'],
  URL_TOO_LONG: [414, 'The URL is too long'],
  HEADERS_TOO_LARGE: [431, 'The request headers are too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The media type is not supported'],
  RANGE_NOT_SATISFIABLE: [416, 'The requested range is not satisfiable'],
  ROUTE_NOT_FOUND: [404, 'Route not found'],
  RATE_LIMITED: [429, 'Too many requests'],
  TOO_MANY_CALLS: [422, 'The request takes too many calls of coreBOS'],
  CLIENT_CLOSED_REQUEST: [499, 'The client closed the request'],

  // the identity of the caller
  INVALID_CREDENTIALS: [401, 'Log-in failed'],
  AUTHENTICATION_REQUIRED: [401, 'A valid access token is required'],
  TOKEN_EXPIRED: [401, 'The access token has expired'],
  SESSION_ENDED: [401, 'The session has ended'],
  INVALID_REFRESH_TOKEN: [401, 'The refresh token is not valid'],
  CROSS_SITE: [403, 'Cookie authentication is not accepted from another origin'],
  WRONG_PASSWORD: [422, 'The current password is wrong'],

  // the query language
  QUERY_SYNTAX: [400, 'The query is malformed'],
  QUERY_TOO_LARGE: [400, 'The query exceeds a limit'],
  QUERY_NOT_EXPRESSIBLE: [422, 'The query cannot be expressed safely in coreBOS'],
  INVALID_VALUE: [400, 'A value does not match the type of its field'],

  // what the policy lets the caller read
  UNKNOWN_MODULE: [404, 'Unknown module'],
  UNKNOWN_FIELD: [400, 'Unknown field'],
  NOT_FOUND: [404, 'Record not found'],

  // what the policy lets the caller write
  NOT_WRITABLE: [403, 'Not writable'],
  FIELD_NOT_WRITABLE: [403, 'Field not writable'],
  REFERENCE_OUT_OF_SCOPE: [422, 'A reference points to a record outside the scope'],
  ACTION_NOT_RUNNABLE: [422, 'coreBOS runs this action only in its own user interface'],
  VALUES_REFUSED: [422, 'coreBOS does not accept the values'],
  STORED_OTHERWISE: [409, 'coreBOS stored other values than the request has'],
  PRECONDITION_FAILED: [412, 'The record has changed since it was read'],
  OUTCOME_UNKNOWN: [409, 'The answer of coreBOS was lost; the outcome of the write is unknown'],
  IDEMPOTENCY_KEY_IN_USE: [409, 'The first request under this key is still under way'],
  IDEMPOTENCY_KEY_REUSED: [422, 'The key has been used for another request'],

  // coreBOS behind the gateway
  COREBOS_UNAVAILABLE: [503, 'coreBOS is unreachable'],
  COREBOS_BUSY: [503, 'Too many calls are waiting for coreBOS'],
  COREBOS_TIMEOUT: [504, 'coreBOS did not answer in time'],
  COREBOS_TOO_LARGE: [502, 'The answer of coreBOS is too large'],
  COREBOS_FAILED: [502, 'coreBOS failed'],
  COREBOS_REFUSED: [502, 'coreBOS rejected the call'],

  // the gateway itself
  DOWNLOADS_BUSY: [503, 'Too many downloads are in progress'],
  DISK_FAILED: [503, 'The gateway could not buffer a file on disk'],
  STORE_UNAVAILABLE: [503, 'The session store is unreachable'],
  GATEWAY_BUSY: [503, 'Too many uploads are in progress'],
  NOT_READY: [503, 'The gateway is not ready'],
  SHUTTING_DOWN: [503, 'The gateway is shutting down'],
  INTERNAL: [500, 'Internal error'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ErrorCode = keyof typeof catalogue

export const errorCatalogue: Readonly<Record<ErrorCode, readonly [status: number, title: string]>> = catalogue

/** `code` if the problems of one request have different codes. */
interface Described {
  readonly message: string
  readonly code?: ErrorCode
}

/** The field of the body or of a form; `body` for the whole body. */
export interface FieldProblem extends Described {
  readonly field: string
}

/** The parameter of the URL, or the header. */
export interface ParameterProblem extends Described {
  readonly parameter: string
}

export type RequestProblem = FieldProblem | ParameterProblem

export interface ErrorExtras {
  /** Seconds until a retry makes sense; sent as `Retry-After`. */
  readonly retryAfter?: number
  /** What was wrong, one entry per field or parameter. */
  readonly errors?: readonly RequestProblem[]
  /** Webservice id of the record that was written in spite of the error. */
  readonly record?: string
  /** Kept for the log, never sent. */
  readonly cause?: unknown
}

/** The one error class: a code of the catalogue and, below status 500, a detail that the caller may read. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly title: string
  readonly detail: string | undefined
  readonly retryAfter: number | undefined
  readonly errors: ErrorExtras['errors']
  readonly record: string | undefined

  constructor(code: ErrorCode, detail?: string, extras: ErrorExtras = {}) {
    const [status, title] = catalogue[code]
    super(detail ?? title, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = status
    this.title = title
    this.detail = detail
    this.retryAfter = extras.retryAfter
    this.errors = extras.errors
    this.record = extras.record
  }
}

/** How operations fail. */

/** An error in coreBOS's envelope, sent with HTTP 200. */
export class CorebosError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** What a crash of PHP looks like from outside: HTTP 500 with an empty body. */
export class Crash extends Error {}

export const denied = (message = 'Permission to perform the operation is denied'): CorebosError =>
  new CorebosError('ACCESS_DENIED', message)

export const authenticationRequired = (message = 'Authentication required'): CorebosError =>
  new CorebosError('AUTHENTICATION_REQUIRED', message)

export const invalidId = (): CorebosError =>
  new CorebosError('INVALID_ID_ATTRIBUTE', 'Id specified is incorrect')

export const unknownOperation = (): CorebosError =>
  new CorebosError('UNKNOWN_OPERATION', 'Unknown operation requested')

export const internalError = (): CorebosError =>
  new CorebosError('INTERNAL_SERVER_ERROR', 'Unknown Error while processing request')

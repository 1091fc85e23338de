/** Errors of the client: what the gateway rejected, and what never got an answer. */

/** One entry of `errors`. */
export interface ProblemPlace {
  readonly parameter?: string
  readonly field?: string
  readonly detail?: string
}

/** A problem document (RFC 9457) of the gateway. */
export interface Problem {
  readonly type?: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  /** A stable code such as `UNKNOWN_FIELD`; `docs/api.md` lists all of them. */
  readonly code: string
  readonly requestId?: string
  readonly errors?: readonly ProblemPlace[]
  /** Of `STORED_OTHERWISE`: the id of the record that was written all the same. */
  readonly record?: string
}

/** The gateway answered with an error. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly problem: Problem
  readonly code: string
  readonly status: number

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.problem = problem
    this.code = problem.code
    this.status = problem.status
  }
}

/** No answer arrived: the network failed. `cause` holds the error of `fetch`. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string'

/** The problem of a response. A proxy may have sent something else than a problem document. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined)
  if (isProblem(body)) return body
  return { title: response.statusText || 'Request failed', status: response.status, code: 'UNKNOWN' }
}

/** Counts requests as they arrive, before their body is read, and keeps the reply of the store on each request. */
import type { SessionClaim } from '../session/claim.ts'
import type { Reading } from '../session/contract.ts'
import type { Quota } from './rate-limit-headers.ts'
import type { Presented, RequestCounts } from './request-counts.ts'

/** The parts of a request that the limits read and set. */
export interface LimitedRequest {
  /** The address of the client. */
  readonly ip: string
  /** The state of the presented session, from the step that counted the request. */
  reading: Reading | null
  /** The session that `reading` is about. */
  presented: SessionClaim | undefined
  /** Whether it has been counted as a log-in. */
  isCountedLogin: boolean
  /** The remaining requests of the limits that it was counted against. */
  quotas: readonly Quota[] | undefined
}

export class RequestLimits {
  readonly #counts: Pick<RequestCounts, 'count'>

  constructor(counts: Pick<RequestCounts, 'count'>) {
    this.#counts = counts
  }

  /** Counts a request by its address, and by the session and the log-in of its head. @throws GatewayError `RATE_LIMITED` */
  async countArrival(request: LimitedRequest, { claim, login = false }: Presented): Promise<void> {
    request.isCountedLogin = login
    request.presented = claim
    const counted = { address: request.ip, claim, ...(login && { login: request.ip }) }
    request.reading = (await this.#counts.count(counted, reportTo(request))) ?? null
  }

  /** Counts a request as a log-in by its address, once. @throws GatewayError `RATE_LIMITED` */
  async countLogin(request: LimitedRequest): Promise<void> {
    if (request.isCountedLogin) return
    request.isCountedLogin = true
    await this.#counts.count({ login: request.ip }, reportTo(request))
  }

  /**
   * Counts a request by the contact of a session that only its body names, and reads that session in the same step.
   * @throws GatewayError `RATE_LIMITED`
   */
  async countSession(request: LimitedRequest, claim: SessionClaim): Promise<Reading> {
    const reading = await this.#counts.count({ claim }, reportTo(request))
    if (reading === undefined) throw new Error('a session that was presented was not read')
    request.presented = claim
    request.reading = reading
    return reading
  }
}

/** The content of the access token of a request; undefined if it has none, or an invalid one. */
export function presentedToken(
  read: () => string | undefined,
  tokens: { verify(token: string): SessionClaim },
): Presented {
  try {
    const token = read()
    return token === undefined ? {} : { claim: tokens.verify(token) }
  } catch {
    // The route reports the problem, if it requires a token at all.
    return {}
  }
}

function reportTo(request: LimitedRequest): (quotas: readonly Quota[]) => void {
  return (quotas) => {
    request.quotas = [...(request.quotas ?? []), ...quotas]
  }
}

/** Counts requests as they arrive, before their body is waited for, and keeps the reply of the store on each request. */
import type { SessionClaim } from '../session/claim.ts'
import type { Reading } from '../session/contract.ts'
import { LargeInTurn } from './large-in-turn.ts'
import type { Quota } from './rate-limit-headers.ts'
import type { Presented, RequestCounts } from './request-counts.ts'

/** The parts of a request that the limits read and set. */
export interface LimitedRequest {
  /** The address of the client. */
  readonly ip: string
  readonly url: string
  /** The size of its body once that was received, where the body is parsed as a whole. */
  bodyBytes: number
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
  readonly #counts: Pick<RequestCounts, 'count' | 'moreFor'>

  readonly #largeInTurn = new LargeInTurn()

  constructor(counts: Pick<RequestCounts, 'count' | 'moreFor'>) {
    this.#counts = counts
  }

  /** Counts a request by its address, and by the session and the log-in that it presents. @throws GatewayError `RATE_LIMITED` */
  async countArrival(request: LimitedRequest, { claim, login = false }: Presented): Promise<void> {
    request.isCountedLogin = login
    request.presented = claim
    const cost = 1 + this.#counts.moreFor(request.url.length)
    const counted = { address: request.ip, claim, cost, ...(login && { login: request.ip }) }
    request.reading = (await this.#counts.count(counted, reportTo(request))) ?? null
  }

  /** Counts a request as a log-in by its address, once. @throws GatewayError `RATE_LIMITED` */
  async countLogin(request: LimitedRequest): Promise<void> {
    if (request.isCountedLogin) return
    request.isCountedLogin = true
    await this.#counts.count({ login: request.ip }, reportTo(request))
  }

  /** Counts the size of a body before it is parsed, and waits for the turn of a large one. @throws GatewayError `RATE_LIMITED` */
  async countBody(request: LimitedRequest, bytes: number): Promise<void> {
    request.bodyBytes = bytes
    const cost = this.#counts.moreFor(bytes)
    // A session that only the body names is counted with it.
    if (cost > 0 && request.presented !== undefined)
      await this.#counts.count({ claim: request.presented, cost }, reportTo(request))
    await this.#largeInTurn.turn(bytes)
  }

  /**
   * Counts a request by the contact of a session that only its body names, and reads that session in the same step.
   * @throws GatewayError `RATE_LIMITED`
   */
  async countSession(request: LimitedRequest, claim: SessionClaim): Promise<Reading> {
    const cost = 1 + this.#counts.moreFor(request.bodyBytes)
    const reading = await this.#counts.count({ claim, cost }, reportTo(request))
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

/** Rate limits of one address and one contact: the counts of each request, in one step of the store. */
import type { SessionClaim } from '../session/claim.ts'
import type { Rate } from '../model/rate.ts'
import { networksOf } from './client-address.ts'
import { GatewayError } from '../model/errors.ts'
import type { Reading, RateCheck, Store } from '../session/contract.ts'
import type { Quota } from './rate-limit-headers.ts'

export interface Rates {
  readonly address: Rate
  readonly contact: Rate
  /** By address, for requests that check a secret or have one mailed. */
  readonly login: Rate
}

/** The credentials in the head of a request. */
export interface Presented {
  readonly claim?: SessionClaim | undefined
  /** Whether it is a log-in. */
  readonly login?: boolean
}

/** The keys by which a request is counted. */
export interface Counted {
  readonly address?: string
  /** The session that it presents; the step that counts reads it as well. */
  readonly claim?: SessionClaim | undefined
  /** Requests that it counts as for the contact; default 1. */
  readonly cost?: number
  /** The address of a request that is a log-in. */
  readonly login?: string
}

/** Bytes of a body or a URL that count as one more request. */
export const lengthOfOne = 4096

interface Limit {
  readonly name: Quota['name']
  readonly rate: Rate
  readonly check: RateCheck
}

export class RequestCounts {
  readonly #rates: Rates
  readonly #store: Pick<Store, 'take' | 'read'>
  readonly #onExceeded: (limit: Quota['name']) => void

  /** @param onExceeded told of the limit that a request exceeds */
  constructor(
    rates: Rates,
    store: Pick<Store, 'take' | 'read'>,
    onExceeded: (limit: Quota['name']) => void = () => undefined,
  ) {
    this.#rates = rates
    this.#store = store
    this.#onExceeded = onExceeded
  }

  /**
   * The requests that a request counts as besides one, because the work for a text grows with its length: never so many
   * that a contact could not send one.
   *
   * @param length of its URL or body
   */
  moreFor(length: number): number {
    return Math.min(Math.floor(length / lengthOfOne), Math.floor(this.#rates.contact.max / 20))
  }

  /**
   * @param report receives the limits that the request was counted against, even if it exceeds one of them
   * @returns the state of the presented session in the store
   * @throws GatewayError `RATE_LIMITED`, `STORE_UNAVAILABLE`
   */
  async count(
    { address, claim, cost = 1, login }: Counted,
    report: (quotas: readonly Quota[]) => void,
  ): Promise<Reading | undefined> {
    const { address: byAddress, contact: rate, login: byLogin } = this.#rates
    const limits: Limit[] = [
      ...(address === undefined ? [] : byNetwork('ip', address, { name: 'address', rate: byAddress })),
      ...(claim === undefined
        ? []
        : [{ name: 'contact' as const, rate, check: { ...take(`contact:${claim.contactId}`, rate), cost } }]),
      ...(login === undefined ? [] : byNetwork('login', login, { name: 'login', rate: byLogin })),
    ]
    const checks = limits.map(({ check }) => check)
    const reading = claim && (await this.#store.read(claim.sessionId, checks))
    const taken = reading?.results ?? (await this.#store.take(checks))
    report(
      limits.map(({ name, rate: { seconds }, check: { max } }, index) => {
        const { allowed = false, count = max, resetIn = 0 } = taken[index] ?? {}
        return { name, max, seconds, remaining: allowed ? Math.max(0, max - count) : 0, resetIn }
      }),
    )
    const exceeded = taken.findIndex(({ allowed }) => !allowed)
    const { resetIn = 0 } = taken[exceeded] ?? {}
    const limit = limits[exceeded]
    if (limit !== undefined) {
      this.#onExceeded(limit.name)
      throw new GatewayError('RATE_LIMITED', undefined, { retryAfter: resetIn / 1000 })
    }
    return reading
  }
}

/**
 * A wider network counts only requests that its narrower ones have allowed, so that one neighbour cannot use it up for
 * the others.
 */
function byNetwork(prefix: string, address: string, { name, rate }: Omit<Limit, 'check'>): Limit[] {
  return networksOf(address).map((network, index) => ({
    name,
    rate,
    check: {
      ...take(`${prefix}:${network.name}`, { ...rate, max: rate.max * network.share }),
      ...(index > 0 && { follows: true as const }),
    },
  }))
}

function take(key: string, { max, seconds }: Rate): RateCheck {
  return { key, max, window: seconds * 1000 }
}

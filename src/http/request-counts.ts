/** How often one address and one contact may ask: what each request counts against, in one step of the store. */
import type { SessionClaim } from '../session/claim.ts'
import type { Rate } from '../model/rate.ts'
import { networksOf } from './client-address.ts'
import { GatewayError } from '../model/errors.ts'
import type { Reading, Store, RateCheck } from '../session/contract.ts'

export interface Rates {
  readonly address: Rate
  readonly contact: Rate
  /** By address, for requests that check a secret or have one mailed. */
  readonly login: Rate
}

/** What the head of a request presents. */
export interface Presented {
  readonly claim?: SessionClaim | undefined
  /** Whether it is a log-in. */
  readonly login?: boolean
}

/** What a request is counted by. */
export interface Counted {
  readonly address?: string
  /** The session that it presents; the step that counts reads it as well. */
  readonly claim?: SessionClaim | undefined
  /** The address of a request that is a log-in. */
  readonly login?: string
}

export class RequestCounts {
  readonly #rates: Rates
  readonly #store: Pick<Store, 'take' | 'read'>

  constructor(rates: Rates, store: Pick<Store, 'take' | 'read'>) {
    this.#rates = rates
    this.#store = store
  }

  /**
   * @returns what the store says of the presented session
   * @throws GatewayError `RATE_LIMITED`, `STORE_UNAVAILABLE`
   */
  async count({ address, claim, login }: Counted): Promise<Reading | undefined> {
    const limits = [
      ...(address === undefined ? [] : byNetwork('ip', address, this.#rates.address)),
      ...(claim === undefined ? [] : [take(`contact:${claim.contactId}`, this.#rates.contact)]),
      ...(login === undefined ? [] : byNetwork('login', login, this.#rates.login)),
    ]
    const reading = claim && (await this.#store.read(claim.sessionId, limits))
    const taken = reading?.takes ?? (await this.#store.take(limits))
    const exceeded = taken.find(({ allowed }) => !allowed)
    if (exceeded !== undefined)
      throw new GatewayError('RATE_LIMITED', undefined, { retryAfter: exceeded.resetIn / 1000 })
    return reading
  }
}

/** A wider network counts what its narrower ones let pass, so that one neighbour cannot use it up for the others. */
function byNetwork(name: string, address: string, rate: Rate): RateCheck[] {
  return networksOf(address).map((network, index) => ({
    ...take(`${name}:${network.name}`, { ...rate, max: rate.max * network.share }),
    ...(index > 0 && { follows: true as const }),
  }))
}

function take(key: string, { max, seconds }: Rate): RateCheck {
  return { key, max, window: seconds * 1000 }
}

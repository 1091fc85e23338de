/** Limits the failures of a log-in name: by the origin of the attempts, and in total. */
import type { Rate } from '../model/rate.ts'
import { GatewayError } from '../model/errors.ts'
import type { SharedState, RateCheck, RateResult } from '../session/contract.ts'
import type { Known, Origin } from './known-origins.ts'

/**
 * Multiple of the limit of one name at one address: after so many failures of one name, each further address has one
 * attempt.
 */
const addressesAtOneName = 10

/** Multiple of the limit of one name at one address: the log-ins of one address, which may be a portal's server. */
const namesAtOneAddress = 20

/** @param limit `RATE_LIMIT_LOGIN` */
export function loginsByAddress({ max, seconds }: Rate): Rate {
  return { max: max * namesAtOneAddress, seconds }
}

/** An attempt that counts as a failure until it is given back. */
export interface Reservation {
  giveBack(): Promise<void>
}

export class LoginLimits {
  readonly #state: Pick<SharedState, 'take' | 'giveBack' | 'reset'>
  readonly #limit: Rate

  /** @param limit `RATE_LIMIT_LOGIN`: failures of one name at one address */
  constructor(state: Pick<SharedState, 'take' | 'giveBack' | 'reset'>, limit: Rate) {
    this.#state = state
    this.#limit = limit
  }

  /**
   * Counts one failure before the attempt is made, so that a burst cannot exceed the limit. A known device has a count
   * of its own. A name that fails from many addresses has one attempt for each further address in each window: many
   * addresses have few guesses, and no number of them locks another one out. The networks of IPv6 that hold an address
   * are limited as well, because one site has 65,536 of the addresses that are counted.
   *
   * @throws GatewayError `RATE_LIMITED`, whether or not the name exists; `STORE_UNAVAILABLE`
   */
  async reserve(
    account: string,
    known: Known | undefined,
    { network, wider }: Pick<Origin, 'network' | 'wider'>,
  ): Promise<Reservation> {
    const by = known?.kind === 'device' ? `device:${known.device}` : network
    const own = this.#check(`${accountKey(account)}:${by}`, 1)
    const ofNetworks = wider.map(({ name, share }) => ({
      ...this.#check(`${accountKey(account)}:${name}`, share),
      follows: true as const,
    }))
    const everywhere = this.#check(accountKey(account), addressesAtOneName)
    const bounds = known === undefined ? [own, ...ofNetworks] : [own]
    const checks = known === undefined ? [...bounds, everywhere] : bounds
    const results = await this.#state.take(checks)
    const allowed = checks.filter((_, index) => results[index]?.allowed === true)
    const exceeded = exceededOf(results.slice(0, bounds.length), results[bounds.length])
    if (exceeded === undefined) return { giveBack: async () => this.#state.giveBack(allowed) }
    if (exceeded.away === true) throw new GatewayError('STORE_UNAVAILABLE', undefined, { retryAfter: 1 })
    await this.#state.giveBack(allowed)
    throw new GatewayError('RATE_LIMITED', undefined, { retryAfter: exceeded.resetIn / 1000 })
  }

  /** Forgets the failures of a name that came from strangers anywhere. */
  async forget(account: string): Promise<void> {
    await this.#state.reset([accountKey(account)])
  }

  #check(key: string, times: number): RateCheck {
    const { max, seconds } = this.#limit
    return { key, max: max * times, window: seconds * 1000, kind: 'budget' }
  }
}

/**
 * @param bounds of the origin, its own first: none may be exceeded
 * @param everywhere of all addresses together, for a stranger: beyond it each address has its first attempt
 */
function exceededOf(
  bounds: readonly RateResult[],
  everywhere: RateResult | undefined,
): RateResult | undefined {
  const exceeded = bounds.find(({ allowed }) => !allowed)
  if (exceeded !== undefined) return exceeded
  const [own] = bounds
  const isFirst = own?.count === 1 && everywhere?.away !== true
  return everywhere === undefined || everywhere.allowed || isFirst ? undefined : own
}

function accountKey(account: string): string {
  return `login-failures:${account}`
}

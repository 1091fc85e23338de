/** How much of something this process does at once, for one contact and in all. */
import { GatewayError } from '../model/errors.ts'

export interface ConcurrencyLimits {
  readonly inAll: number
  readonly perContact: number
  /** The error where the limit is reached; `GATEWAY_BUSY` unless given. */
  readonly full?: () => GatewayError
}

const busy = (): GatewayError => new GatewayError('GATEWAY_BUSY', undefined, { retryAfter: 1 })

export class ConcurrencyLimiter {
  readonly #options: ConcurrencyLimits
  readonly #held = new Map<string, number>()
  #inUse = 0

  constructor(options: ConcurrencyLimits) {
    this.#options = options
  }

  get inUse(): number {
    return this.#inUse
  }

  /**
   * @returns what gives the place back; more than once does no harm
   * @throws GatewayError where there is no place
   */
  take(contactId: string): () => void {
    const { inAll, perContact, full = busy } = this.#options
    const own = this.#held.get(contactId) ?? 0
    if (own >= perContact || this.#inUse >= inAll) throw full()
    this.#held.set(contactId, own + 1)
    this.#inUse += 1
    let left = false
    return () => {
      if (left) return
      left = true
      this.#inUse -= 1
      const rest = (this.#held.get(contactId) ?? 1) - 1
      if (rest === 0) this.#held.delete(contactId)
      else this.#held.set(contactId, rest)
    }
  }
}

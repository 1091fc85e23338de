/** Limits concurrent work of this process, per contact and in total. */
import { GatewayError } from '../model/errors.ts'

export interface ConcurrencyLimits {
  readonly inAll: number
  readonly perContact: number
  /** The error at the limit; default `GATEWAY_BUSY`. */
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
   * @returns a function that ends the work; calling it again has no effect
   * @throws GatewayError if the limit is reached
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

/** Stops calls to a coreBOS that does not answer: after some failures in a row it lets one call through now and then. */
import { GatewayError } from '../model/errors.ts'

export interface CircuitBreakerOptions {
  /** Failures in a row after which it opens. */
  readonly failures: number
  /** Milliseconds between two calls that are let through while it is open. */
  readonly probeEvery: number
  /** Milliseconds. */
  readonly now: () => number
}

/** The call was not sent, since coreBOS did not answer those before it. */
export class CircuitOpen extends GatewayError {
  constructor() {
    super('COREBOS_UNAVAILABLE', undefined, { retryAfter: 1 })
  }
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  /** When the latest call was let through that may prove that coreBOS is back. */
  #probed = 0

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failures
  }

  /** Before a call waits for its turn. @throws CircuitOpen where it would not be sent now */
  require(): void {
    if (this.isOpen && this.#options.now() - this.#probed < this.#options.probeEvery) throw new CircuitOpen()
  }

  /**
   * Before a call is sent. An open circuit is not closed to callers while a probe is under way: where coreBOS hangs, a
   * probe may take as long as a call may take, and coreBOS may be back long before.
   *
   * @throws CircuitOpen where the call must not be sent
   */
  enter(): void {
    this.require()
    if (this.isOpen) this.#probed = this.#options.now()
  }

  /** coreBOS has answered, with an error or without. */
  answered(): void {
    this.#failures = 0
  }

  /** coreBOS was not reached, or has not answered in time. */
  failed(): void {
    this.#failures += 1
    if (this.#failures === this.#options.failures) this.#probed = this.#options.now()
  }
}

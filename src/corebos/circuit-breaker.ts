/**
 * Stops calls to a coreBOS that does not answer: after some failures in a row, a single call is let through from time
 * to time.
 */
import { GatewayError } from '../model/errors.ts'

export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number
  /** Milliseconds between two calls that are let through while the circuit is open. */
  readonly probeEvery: number
  /** Milliseconds. */
  readonly now: () => number
}

/** The call was not sent, because earlier calls were not answered. */
export class CircuitOpen extends GatewayError {
  constructor() {
    super('COREBOS_UNAVAILABLE', undefined, { retryAfter: 1 })
  }
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  /** The time of the latest call that was let through as a probe. */
  #probed = 0

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failures
  }

  /** To be called before a call waits in the queue. @throws CircuitOpen if it would not be sent now */
  require(): void {
    if (this.isOpen && this.#options.now() - this.#probed < this.#options.probeEvery) throw new CircuitOpen()
  }

  /**
   * To be called before a call is sent. An open circuit lets further probes through while one is in progress: if
   * coreBOS hangs, a probe may take as long as a call may take, and coreBOS may recover long before.
   *
   * @throws CircuitOpen if the call must not be sent
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

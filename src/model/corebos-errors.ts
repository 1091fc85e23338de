/** The errors of calls to coreBOS that the gateway distinguishes. */
import { GatewayError } from './errors.ts'

/** `COREBOS_REFUSED`, with coreBOS's reason. Its message may quote names and statements, so it is not logged. */
export class CorebosRejection extends GatewayError {
  readonly #message: string
  readonly reason: string

  /** @param reason coreBOS's own code */
  constructor(operation: string, reason: string, message: string) {
    super('COREBOS_REFUSED', `${operation} was rejected: ${reason}`)
    this.reason = reason
    this.#message = message
  }

  get corebosMessage(): string {
    return this.#message
  }
}

/** `COREBOS_FAILED`: an empty 500. */
export class CorebosCrash extends GatewayError {
  constructor(operation: string) {
    super('COREBOS_FAILED', `${operation}: coreBOS answered with status 500 and an empty body`)
  }
}

/** The outcome of a write is unknown: the answer of coreBOS is missing or cannot be read. */
export class LostWrite extends GatewayError {
  constructor(cause: unknown) {
    super('OUTCOME_UNKNOWN', undefined, { cause })
  }
}

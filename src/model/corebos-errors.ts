/** The errors of calls to coreBOS that the rest of the gateway tells apart. */
import { GatewayError } from './errors.ts'

/** `COREBOS_REFUSED`, with what coreBOS gave as the reason. Its message may quote names and statements, so that no log gets it. */
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
    super('COREBOS_FAILED', `${operation}: coreBOS answered 500 with nothing in it`)
  }
}

/** coreBOS may or may not have written: its answer did not come, or was none. */
export class LostWrite extends GatewayError {
  constructor(cause: unknown) {
    super('OUTCOME_UNKNOWN', undefined, { cause })
  }
}

/** Whoever can put calls to coreBOS: a contact's session, the service user, or nobody in particular. */
import { GatewayError } from '../errors.ts'
import type { Outcome, Success } from './envelope.ts'
import type { Call } from './transport.ts'

/**
 * The name of the one method of a {@link Caller}. It is not to be had outside this folder, so that whoever holds a
 * session can do with it what the typed operations do and nothing else.
 */
export const send = Symbol('send')

export interface Caller {
  /** @param signal ends the waiting in line; a call that has been sent runs to its end */
  [send](call: Call, signal?: AbortSignal): Promise<Outcome>
}

/** `COREBOS_REFUSED`, with what coreBOS gave as the reason. Its message may quote names and statements, so that no log gets it. */
export class CorebosRefusal extends GatewayError {
  readonly #message: string
  readonly reason: string

  /** @param reason coreBOS's own code */
  constructor(operation: string, reason: string, message: string) {
    super('COREBOS_REFUSED', `${operation} was refused: ${reason}`)
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

/**
 * One call, for whoever wants its result and nothing else. With a signal its caller may leave at any time; the call
 * itself is not broken off, since nobody could say how far it had got.
 *
 * @throws GatewayError what {@link Caller} throws, {@link CorebosRefusal}, {@link CorebosCrash}; the reason of `signal`
 */
export async function ask(caller: Caller, call: Call, signal?: AbortSignal): Promise<Success> {
  const outcome = await outcomeOf(caller, call, signal)
  if (outcome.kind === 'success') return outcome
  throw new CorebosRefusal(call.operation, outcome.code, outcome.message)
}

/** The same, where a refusal is an answer. */
export async function outcomeOf(
  caller: Caller,
  call: Call,
  signal?: AbortSignal,
): Promise<Exclude<Outcome, { kind: 'crash' }>> {
  const answer = caller[send](call, signal)
  const outcome = await (signal === undefined ? answer : Promise.race([answer, leaving(signal, answer)]))
  if (outcome.kind === 'crash') throw new CorebosCrash(call.operation)
  return outcome
}

/** Rejects when the signal goes; never settles where the answer was first. */
function leaving(signal: AbortSignal, answer: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(signal.reason instanceof Error ? signal.reason : new Error('left'))
    const stay = () => signal.removeEventListener('abort', leave)
    signal.addEventListener('abort', leave, { once: true })
    answer.then(stay, stay)
    if (signal.aborted) leave()
  })
}

/** The callers of coreBOS: a contact's session, the service user, or an unauthenticated one. */
import { CorebosCrash, CorebosRejection } from '../model/corebos-errors.ts'
import type { Outcome, Success } from './envelope.ts'
import type { Call } from './transport.ts'

/**
 * The name of the only method of a {@link Caller}. It is not exported outside this folder, so code that holds a session
 * can only use the typed operations.
 */
export const send = Symbol('send')

export interface Caller {
  /** @param signal ends waiting in the queue; a call that has been sent runs to its end */
  [send](call: Call, signal?: AbortSignal): Promise<Outcome>
}

/**
 * Makes one call and returns its result. With a signal the caller may stop waiting at any time; the call itself is not
 * aborted, because its progress in coreBOS is unknown.
 *
 * @throws GatewayError what {@link Caller} throws, {@link CorebosRejection}, {@link CorebosCrash}; the reason of
 *   `signal`
 */
export async function ask(caller: Caller, call: Call, signal?: AbortSignal): Promise<Success> {
  const outcome = await outcomeOf(caller, call, signal)
  if (outcome.kind === 'success') return outcome
  throw new CorebosRejection(call.operation, outcome.code, outcome.message)
}

/** Makes one call and returns its result, or coreBOS's rejection. */
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

/** Rejects when the signal is aborted; stays pending if the answer came first. */
function leaving(signal: AbortSignal, answer: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(signal.reason instanceof Error ? signal.reason : new Error('left'))
    const stay = () => signal.removeEventListener('abort', leave)
    signal.addEventListener('abort', leave, { once: true })
    answer.then(stay, stay)
    if (signal.aborted) leave()
  })
}

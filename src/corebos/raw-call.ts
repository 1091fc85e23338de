/**
 * A call of any operation with any parameters: only for the conformance check, which compares coreBOS with the
 * recordings.
 */
import { outcomeOf, type Caller } from './caller.ts'
import type { Rejection, Success } from './envelope.ts'
import type { Params } from './form.ts'

/** @throws GatewayError what the caller throws, `CorebosCrash` */
export async function rawCall(
  caller: Caller,
  operation: string,
  params: Params,
): Promise<Success | Rejection> {
  return outcomeOf(caller, { operation, params })
}

/** Which errors prove that a call was never sent, so that sending it again is safe. */
import { GatewayError, type ErrorCode } from '../model/errors.ts'
import { CircuitOpen } from './circuit-breaker.ts'
import { UnansweredCall } from './transport.ts'

const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Errors that are thrown only before a call is sent. */
const unsent: ReadonlySet<ErrorCode> = new Set([
  'COREBOS_BUSY',
  'COREBOS_TIMEOUT',
  'CLIENT_CLOSED_REQUEST',
  'TOO_MANY_CALLS',
])

/** Whether an error proves that coreBOS has not seen the call. */
export function neverSent(error: unknown): boolean {
  if (!(error instanceof GatewayError) || error instanceof UnansweredCall) return false
  if (error instanceof CircuitOpen) return true
  if (unsent.has(error.code)) return true
  const { cause } = error
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    notConnected.has(cause.code)
  )
}

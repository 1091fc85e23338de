import { GatewayError } from '../errors.ts'
import { UnansweredCall } from './transport.ts'

const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether an error proves that coreBOS has not seen the call. */
export function neverSent(error: unknown): boolean {
  if (!(error instanceof GatewayError) || error instanceof UnansweredCall) return false
  if (error.code === 'COREBOS_BUSY' || error.code === 'COREBOS_TIMEOUT') return true
  const { cause } = error
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    notConnected.has(cause.code)
  )
}

/** Reads the body of an answer of coreBOS: `{success, result | error{code, message}, moreinfo}`. */
import { GatewayError } from '../model/errors.ts'
import { isObject, parseJson } from './shape.ts'
import type { Spooled } from './spool.ts'

export interface Success {
  readonly kind: 'success'
  readonly result: unknown
  /** `moreinfo.totalrows`, if present. */
  readonly totalRows: number | undefined
  /** The text that the call has declared as a file; it is empty in `result`. */
  readonly file?: Spooled
}

/** coreBOS has understood the call and rejects it. */
export interface Rejection {
  readonly kind: 'rejection'
  /** `ACCESS_DENIED`, `INVALID_ID_ATTRIBUTE` …; sometimes empty. */
  readonly code: string
  readonly message: string
}

/** PHP crashed: status 500 and an empty body. Its progress until then is unknown. */
export interface Crash {
  readonly kind: 'crash'
}

export type Outcome = Success | Rejection | Crash

/** Seconds until a coreBOS that is down is worth a retry. */
export const retryAfterOutage = 5

/**
 * @throws GatewayError `COREBOS_UNAVAILABLE` if a proxy answers in its place; `COREBOS_FAILED` for everything that is
 * not an envelope
 */
export function readEnvelope(status: number, body: Buffer): Outcome {
  if (status === 500 && body.length === 0) return { kind: 'crash' }
  if (status === 502 || status === 503 || status === 504) {
    throw new GatewayError('COREBOS_UNAVAILABLE', undefined, { retryAfter: retryAfterOutage })
  }
  const envelope = status === 200 ? parseJson(body) : undefined
  if (isObject(envelope)) {
    const { success, result, error, moreinfo } = envelope
    if (success === true && 'result' in envelope) {
      return {
        kind: 'success',
        result,
        totalRows: isObject(moreinfo) ? count(moreinfo['totalrows']) : undefined,
      }
    }
    if (success === false && isObject(error)) {
      const { code, message } = error
      if (typeof code === 'string' && typeof message === 'string') return { kind: 'rejection', code, message }
    }
  }
  throw new GatewayError('COREBOS_FAILED', `coreBOS answered ${status} without an envelope`)
}

function count(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  throw new GatewayError('COREBOS_FAILED', 'coreBOS returned an invalid number of rows')
}

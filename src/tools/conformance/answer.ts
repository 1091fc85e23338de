/** What coreBOS answers, put so that it can be compared with what was measured, and shown. */
import { CorebosCrash } from '../../model/corebos-errors.ts'
import type { Caller } from '../../corebos/caller.ts'
import type { Params } from '../../corebos/form.ts'
import { rawCall } from '../../corebos/raw-call.ts'
import { GatewayError } from '../../model/errors.ts'
import { isObject } from '../../model/is-object.ts'

export type Row = Readonly<Record<string, unknown>>

export type Answer =
  | { readonly kind: 'result'; readonly result: unknown; readonly total: number | undefined }
  | { readonly kind: 'rejection'; readonly code: string; readonly message: string }
  /** An empty 500, no envelope, no answer: in words. */
  | { readonly kind: 'failure'; readonly words: string }

export const crash = 'an empty 500'

/** @throws GatewayError `COREBOS_UNAVAILABLE`: further checks are pointless */
export async function ask(caller: Caller, operation: string, params: Params = {}): Promise<Answer> {
  try {
    const outcome = await rawCall(caller, operation, params)
    if (outcome.kind === 'rejection')
      return { kind: 'rejection', code: outcome.code, message: outcome.message }
    return { kind: 'result', result: outcome.result, total: outcome.totalRows }
  } catch (error) {
    if (error instanceof CorebosCrash) return { kind: 'failure', words: crash }
    if (!(error instanceof GatewayError) || error.code === 'COREBOS_UNAVAILABLE') throw error
    return { kind: 'failure', words: error.message }
  }
}

export { isObject }

/** The rows of a query or a related list; none where it is neither. */
export function rowsOf(answer: Answer): readonly Row[] {
  if (answer.kind !== 'result') return []
  const { result } = answer
  const rows = isObject(result) ? result['records'] : result
  return Array.isArray(rows) ? rows.filter(isObject) : []
}

/** A value of an object as text; `''` where there is none. */
export function textAt(value: unknown, name: string): string {
  const held = isObject(value) ? value[name] : undefined
  return typeof held === 'string' || typeof held === 'number' ? String(held) : ''
}

/** `''` too where the answer is no result. */
export function resultText(answer: Answer, name: string): string {
  return answer.kind === 'result' ? textAt(answer.result, name) : ''
}

export function show(answer: Answer): string {
  if (answer.kind === 'failure') return answer.words
  if (answer.kind === 'rejection') return answer.code === '' ? `rejected: ${answer.message}` : answer.code
  const { result } = answer
  if (Array.isArray(result) || (isObject(result) && Array.isArray(result['records']))) {
    const count = rowsOf(answer).length
    return count === 1 ? '1 row' : `${count} rows`
  }
  return typeof result === 'boolean' || typeof result === 'number' || result === null
    ? String(result)
    : 'done'
}

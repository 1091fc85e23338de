/** What a log line says of a failure. */
import { GatewayError } from './errors.ts'

/**
 * One line of reasons for a failure that is expected, such as a coreBOS that does not answer; the error with its stack for
 * one that is a bug.
 */
export function reasonOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  return error instanceof Error && isExpected(error) ? { reason: reasons(error).join(': ') } : { err: error }
}

/** Rejections of the catalogue, and errors of the system, of the network and of files, which have a code. */
function isExpected(error: Error): boolean {
  if (error instanceof GatewayError) return error.code !== 'INTERNAL'
  // Node's own codes begin with `ERR_` where a function was called wrongly.
  return 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
}

/** The messages of an error and of its causes, without repetitions. */
function reasons(error: Error): string[] {
  const found: string[] = []
  for (let each: unknown = error; each instanceof Error && found.length < 5; each = each.cause) {
    const code = 'code' in each && typeof each.code === 'string' ? each.code : each.name
    const details = each instanceof GatewayError ? (each.errors ?? []).map(({ message }) => message) : []
    for (const text of [each.message === '' ? code : each.message, ...details])
      if (!found.some((earlier) => earlier.includes(text))) found.push(text)
  }
  return found
}

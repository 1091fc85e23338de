/** What a function rejects. */
import { GatewayError } from '../../src/model/errors.ts'

/** The error of some work, as `CODE message`. */
export function rejection(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return described(error)
  }
  return 'accepted'
}

/** The error of asynchronous work, as `CODE message`. */
export async function rejectionOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => 'accepted', described)
}

/** @throws what is no rejection */
function described(error: unknown): string {
  if (error instanceof GatewayError) return `${error.code} ${error.message}`
  throw error
}

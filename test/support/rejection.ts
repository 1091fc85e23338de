/** What a function rejects. */
import { GatewayError } from '../../src/model/errors.ts'

/** The error of some work, as `CODE message`. */
export function rejection(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

/** The error of asynchronous work, as `CODE message`. */
export async function rejectionOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof GatewayError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

/** A small body that has arrived together with the head of its request, so that nothing is waited for. */
import type { IncomingMessage } from 'node:http'
import { lengthOfOne } from './request-counts.ts'

/**
 * The whole body, which stays in the request to be read again. It is read before the request is counted, and so must be
 * smaller than one that counts as a further request.
 *
 * @returns undefined where it is larger, or has not arrived in whole
 */
export async function arrivedBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const length = Number(request.headers['content-length'] ?? 0)
  if (!(length > 0 && length < lengthOfOne)) return undefined
  // Node.js announces a request before it hands over the bytes that came along with its head.
  await Promise.resolve()
  if (request.readableLength !== length) return undefined
  const body: unknown = request.read()
  if (!Buffer.isBuffer(body)) return undefined
  request.unshift(body)
  return body
}

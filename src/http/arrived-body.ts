/** A small body that has arrived together with the head of its request, so that nothing is waited for. */
import type { IncomingMessage } from 'node:http'

/** Bytes: less than a body that counts as a further request (`lengthOfOne`), since this is read before the request is counted. */
const most = 4096

/**
 * The whole body, which stays in the request to be read again.
 *
 * @returns undefined where it is larger, or has not arrived in whole
 */
export async function arrivedBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const length = Number(request.headers['content-length'] ?? 0)
  if (!(length > 0 && length < most)) return undefined
  // Node.js announces a request before it hands over the bytes that came along with its head.
  await Promise.resolve()
  if (request.readableLength !== length) return undefined
  const body: unknown = request.read()
  if (!Buffer.isBuffer(body)) return undefined
  request.unshift(body)
  return body
}

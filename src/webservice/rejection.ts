/** Rejections of requests to `/webservice.php` in coreBOS's envelope, wherever in the gateway they are made. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../model/errors.ts'
import { reasonOf } from '../model/log-reason.ts'
import { failure, failureText, toRejection } from './envelope.ts'

const path = '/webservice.php'
const leadingSlashes = /^\/{2,}(?=webservice\.php(?:[?#]|$))/

/**
 * A URL with the path `//webservice.php`, which clients make of a base URL that ends in `/`, with one slash. Every
 * other URL is returned unchanged.
 */
export function withOneSlash(url: string): string {
  return url.replace(leadingSlashes, '/')
}

/** Whether a URL is under `/webservice.php`, readable or not. */
export function isWebserviceUrl(url: string): boolean {
  const trimmed = url.replace(/^\/+/, '/')
  return trimmed.startsWith(path) && /^(?:[/?#%;]|$)/.test(trimmed.slice(path.length))
}

/**
 * Whether a malformed request was for `/webservice.php`.
 *
 * @param packet the bytes in which Node's parser found the error; false if the request line came before them
 */
export function isWebservicePacket(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet)) return false
  const [, url = ''] = /^[A-Z]{3,10} (\S{1,200})/.exec(packet.toString('latin1', 0, 250)) ?? []
  return isWebserviceUrl(url)
}

/** For a request that no operation takes. */
export function unknownRequest({ method, raw: { url = '' } }: FastifyRequest): GatewayError {
  const received = url.startsWith(`${path}?`) || url === path ? method : 'another path'
  return new GatewayError(
    'ROUTE_NOT_FOUND',
    `coreBOS's protocol is GET or POST of ${path}; ${received} was received`,
  )
}

/** Answers with HTTP 200, since coreBOS's clients do not read other answers. */
export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toRejection(error)
  const { code, message, retryAfter } = failure(known)
  if (known instanceof GatewayError && known.status >= 500)
    request.log.error({ code, ...reasonOf(error) }, message)
  else request.log.debug({ code }, 'a call was rejected')
  if (retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)))
  return reply
    .code(200)
    .type('application/json; charset=utf-8')
    .serializer((text: string) => text)
    .send(failureText({ code, message, retryAfter }))
}

/** The options with which Fastify is created: limits, trust, and the answers to malformed requests. */
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Connections } from '../http/connections.ts'
import { problemDocument } from '../http/problem.ts'
import { bodyBounds, problemMediaType } from '../http/schemas.ts'
import { parametersOf } from '../http/utf8.ts'
import { GatewayError } from '../model/errors.ts'
import { failure, failureText } from './envelope.ts'
import { isWebservicePacket, isWebserviceUrl, sendFailure, withOneSlash } from './rejection.ts'

/** @param proxies trusted proxies (`TRUST_PROXY`) */
export function serverOptions(proxies: readonly string[] | undefined, connections: Connections) {
  return {
    // Of a caller that nothing is known of; a route whose session has been found before may take more.
    bodyLimit: bodyBounds.any,
    requestTimeout: 60_000,
    trustProxy: proxies === undefined ? false : [...proxies],
    // The answer that Fastify itself gives while closing is no problem document; `closing` gives one.
    return503OnClosing: false,
    rewriteUrl: ({ url = '/' }) => withOneSlash(url),
    // Fastify's own parser leaves a value unchanged, with all its escapes, if one of them is malformed.
    routerOptions: { querystringParser: parametersOf },
    frameworkErrors: (_error, request, reply) => {
      unreadableUrl(request, reply)
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET') socket.destroy()
      else connections.reject(socket, rejectionOf(error))
    },
  } satisfies FastifyServerOptions
}

const shorterUrl = "send fewer filters, one '[in]' for many values, or the statement as a body to POST /query"

/** The answer if there is no request to answer. */
function rejectionOf({ code, rawPacket }: { readonly code?: string; readonly rawPacket?: unknown }): string {
  const isWebservice = isWebservicePacket(rawPacket)
  const problem = problemOf(code, rawPacket, isWebservice ? '' : `; ${shorterUrl}`)
  const body = isWebservice ? failureText(failure(problem)) : JSON.stringify(problemDocument(problem, ''))
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Connection: close',
    `Content-Type: ${isWebservice ? 'application/json; charset=utf-8' : problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

/**
 * @param code of an error of Node's HTTP parser
 * @param packet the bytes in which it found the error
 * @param advice what a URL that is too long is told besides the limit
 */
function problemOf(code = '', packet: unknown, advice: string): GatewayError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GatewayError('REQUEST_TIMEOUT')
  if (code === 'HPE_HEADER_OVERFLOW') {
    const limit = `URL and headers may have ${maxHeaderSize} bytes at most`
    return isLongUrl(packet)
      ? new GatewayError('URL_TOO_LONG', limit + advice)
      : new GatewayError('HEADERS_TOO_LARGE', limit)
  }
  return new GatewayError('BAD_REQUEST', 'Malformed HTTP request')
}

/** Whether the request line alone is too long. */
function isLongUrl(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet) || !/^[A-Z]{3,10} /.test(packet.toString('latin1', 0, 11))) return false
  const end = packet.indexOf('\r\n')
  return end === -1 || end > maxHeaderSize
}

/** A URL that cannot be read reaches no hook and no error handler. */
function unreadableUrl(request: FastifyRequest, reply: FastifyReply): void {
  const problem = new GatewayError('BAD_REQUEST', 'Malformed URL')
  reply.header('x-request-id', request.id)
  if (isWebserviceUrl(request.raw.url ?? '')) {
    sendFailure(problem, request, reply)
    return
  }
  reply
    .code(problem.status)
    .type(`${problemMediaType}; charset=utf-8`)
    .send(JSON.stringify(problemDocument(problem, request.id)))
}

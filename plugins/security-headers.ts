/** What stands between the outside and everything else: security headers, cross-origin rules, the closed door at the end. */
import { maxHeaderSize, STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Config } from '../src/config/config.ts'
import { believableEntries } from '../src/http/client-address.ts'
import type { Connections } from '../src/http/connections.ts'
import { GatewayError } from '../src/model/errors.ts'
import { problemDocument } from '../src/http/problem.ts'
import { failure, failureText } from '../src/webservice/envelope.ts'
import {
  isWebservicePacket,
  isWebserviceUrl,
  sendFailure,
  withOneSlash,
} from '../src/webservice/rejection.ts'
import { answerHeaderNames, bodyBounds, problemMediaType } from '../src/http/schemas.ts'
import { parametersOf } from '../src/http/utf8.ts'

/** Limits and trust, which Fastify has to know when it is created. */
export function edgeOptions(config: Pick<Config, 'TRUST_PROXY'>, connections: Connections) {
  return {
    // Of a caller that nothing is known of; a route whose session has been found before may take more.
    bodyLimit: bodyBounds.any,
    requestTimeout: 60_000,
    trustProxy: config.TRUST_PROXY === undefined ? false : [...config.TRUST_PROXY],
    // The answer that Fastify itself gives while closing is no problem document; `closing` gives one.
    return503OnClosing: false,
    rewriteUrl: ({ url = '/' }) => withOneSlash(url),
    // Fastify's own parser leaves a value as it is, with all its escapes, where one of them cannot be read.
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

/** What is answered where there is no request to answer. */
function rejectionOf({ code, rawPacket }: { readonly code?: string; readonly rawPacket?: unknown }): string {
  const problem = problemOf(code)
  const isWebservice = isWebservicePacket(rawPacket)
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

/** @param code of an error of Node's HTTP parser */
function problemOf(code = ''): GatewayError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GatewayError('REQUEST_TIMEOUT')
  if (code === 'HPE_HEADER_OVERFLOW')
    return new GatewayError('HEADERS_TOO_LARGE', `URL and headers may have ${maxHeaderSize} bytes at most`)
  return new GatewayError('BAD_REQUEST', 'Malformed HTTP request')
}

/** Before Fastify looks at a request, so that what it takes for the client's address is one. */
export function believeAddressesAlone(server: Server): void {
  server.prependListener('request', ({ headers }: IncomingMessage) => {
    const header = headers['x-forwarded-for']
    if (header === undefined) return
    const believed = believableEntries(String(header))
    if (believed === undefined) delete headers['x-forwarded-for']
    else headers['x-forwarded-for'] = believed
  })
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

declare module 'fastify' {
  interface FastifyInstance {
    /** A path of the gateway's as the outside calls it: behind that of `PUBLIC_URL`. */
    readonly outside: (path: string) => string
  }
}

export default fp<Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>>(
  async (app, { CORS_ORIGINS, PUBLIC_URL }) => {
    const before = new URL(PUBLIC_URL).pathname.replace(/\/$/, '')
    app.decorate('outside', (path) => `${before}${path}`)

    app.addHook('onRequest', async (_request, reply) => {
      // What a contact reads is the contact's own; routes that hold nothing personal say so themselves.
      reply.header('cache-control', 'private, no-store').header('vary', 'Authorization, Cookie')
    })

    await app.register(helmet, {
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
      referrerPolicy: { policy: 'no-referrer' },
    })
    if (CORS_ORIGINS !== undefined) {
      await app.register(cors, {
        origin: [...CORS_ORIGINS],
        // coreBOS's own client asks so when it extends a session, though there is no cookie.
        credentials: true,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        exposedHeaders: [...answerHeaderNames, 'X-Request-Id'],
        maxAge: 600,
      })
    }
    // Many clients name the type of a body that they do not send, and there is nothing in it to be read.
    app.addHook('onRequest', async ({ headers, raw, routeOptions: { schema } }) => {
      const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
      if (schema?.body === undefined && length === '0' && coding === undefined)
        delete raw.headers['content-type']
    })
  },
  { name: 'edge', dependencies: ['problem'], fastify: '5.x' },
)

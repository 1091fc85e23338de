/** Every rejection and every failure leaves the gateway as a problem document (RFC 9457) with a code of the catalogue. */
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import { reasonOf } from '../src/model/log-reason.ts'
import { problemDocument, toGatewayError } from '../src/http/problem.ts'
import { problemMediaType } from '../src/http/schemas.ts'
import { RuleError } from '../src/scope/rule-error.ts'
import { isWebserviceUrl, sendFailure, unknownRequest } from '../src/webservice/rejection.ts'

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isWebserviceUrl(request.raw.url ?? '')) return sendFailure(error, request, reply)
  const problem = toGatewayError(error, request.routeOptions.bodyLimit)
  if (problem.status >= 500) request.log.error({ code: problem.code, ...reasonOf(error) }, problem.title)
  else if (problem instanceof RuleError)
    request.log.warn({ code: problem.code, reason: problem.reason.message }, problem.message)
  // The message of a parser quotes the malformed text, which may be a password.
  else request.log.debug({ code: problem.code }, problem.title)

  if (problem.retryAfter !== undefined)
    reply.header('retry-after', Math.max(1, Math.ceil(problem.retryAfter)))
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(problem.status)
    .type(`${problemMediaType}; charset=utf-8`)
    .serializer(JSON.stringify)
    .send(problemDocument(problem, request.id))
}

function notFound(request: FastifyRequest): GatewayError {
  return isWebserviceUrl(request.raw.url ?? '')
    ? unknownRequest(request)
    : new GatewayError('ROUTE_NOT_FOUND')
}

export default fp(
  async (app) => {
    app.setErrorHandler(sendProblem)
    // No byte of a body is read for a route that does not exist.
    app.addHook('preParsing', async (request) => {
      if (request.is404) throw notFound(request)
    })
    app.setNotFoundHandler((request, reply) => sendProblem(notFound(request), request, reply))
  },
  { name: 'problem', fastify: '5.x' },
)

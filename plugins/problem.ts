/** Every refusal and every failure leaves the gateway as a problem document (RFC 9457) with a code of the catalogue. */
import fp from 'fastify-plugin'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../src/errors.ts'
import { problemMediaType, type Problem } from '../src/schemas.ts'

/** Answers a request with the problem document of an error, whatever the error is. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toGatewayError(error)
  if (problem.status >= 500) request.log.error({ code: problem.code, err: error }, problem.title)
  // The message of a parser quotes what it could not read, and that may be a password.
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

/** The document itself; from status 500 on it says nothing but the title. */
export function problemDocument(problem: GatewayError, requestId: string): Problem {
  return {
    type: `urn:corebos-portal-gateway:${problem.code}`,
    title: problem.title,
    status: problem.status,
    ...(problem.detail !== undefined && problem.status < 500 && { detail: problem.detail }),
    code: problem.code,
    requestId,
    ...(problem.errors !== undefined && { errors: [...problem.errors] }),
  }
}

/** Translates what Fastify and its plugins throw; what is not known is `INTERNAL`. */
function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (!isFastifyError(error)) return new GatewayError('INTERNAL', undefined, { cause: error })
  if (error.validation !== undefined) {
    const place = error.validationContext ?? 'body'
    return new GatewayError('VALIDATION_FAILED', undefined, {
      errors: error.validation.map(({ instancePath, message }) => ({
        field: `${place}${instancePath.replaceAll('/', '.')}`,
        message: message ?? 'does not fit',
      })),
    })
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatewayError('BODY_TOO_LARGE')
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new GatewayError('UNSUPPORTED_MEDIA_TYPE')
  const status = error.statusCode ?? 500
  if (status === 404) return new GatewayError('ROUTE_NOT_FOUND')
  if (status >= 400 && status < 500) return new GatewayError('BAD_REQUEST')
  return new GatewayError('INTERNAL', undefined, { cause: error })
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && ('statusCode' in error || 'validation' in error)
}

export default fp(
  async (app) => {
    app.setErrorHandler(sendProblem)
    app.setNotFoundHandler((request, reply) =>
      sendProblem(new GatewayError('ROUTE_NOT_FOUND'), request, reply),
    )
  },
  { name: 'problem', fastify: '5.x' },
)

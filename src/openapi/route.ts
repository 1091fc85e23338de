/** The description of one route: its name, its security, and all its errors. */
import { KindGuard } from '@sinclair/typebox'
import type { FastifySchema, RouteOptions } from 'fastify'
import { GatewayError, type ErrorCode } from '../model/errors.ts'
import { problemDocument } from '../http/problem.ts'
import {
  corebosProblems,
  described,
  exampleRequestId,
  problemMediaType,
  problems,
  type Problem,
  type ProblemResponse,
} from '../http/schemas.ts'
import { operationIdOf } from './operation-ids.ts'

/** The headers that a request with the method may have, on any route. */
const bringBodies = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** The responses of a route that follow from its kind: public, authenticated, limited. */
function commonProblems(
  { method, config, onRequest, errorHandler }: RouteOptions,
  { params, querystring, headers, body, security = [] }: FastifySchema,
  identify: unknown,
): ErrorCode[] {
  // It answers in an envelope of its own, unless its URL is malformed.
  if (errorHandler !== undefined) return ['BAD_REQUEST']
  const isChecked = [params, querystring, headers, body].some((part) => part !== undefined)
  const named = KindGuard.IsObject(headers) ? headers.properties : {}
  const asksForSession = security.length > 0
  const withoutCorebos = [onRequest].flat().some((hook) => hook === identify)
  const mayBring = [method].flat().some((each) => bringBodies.has(each))
  return [
    'BAD_REQUEST',
    ...(isChecked ? (['VALIDATION_FAILED'] as const) : []),
    ...(mayBring ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(asksForSession && mayBring ? (['CROSS_SITE'] as const) : []),
    ...(asksForSession ? (['AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'SESSION_ENDED'] as const) : []),
    ...(asksForSession && !withoutCorebos ? corebosProblems : []),
    ...('idempotency-key' in named ? (['IDEMPOTENCY_KEY_IN_USE', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...('if-match' in named ? (['PRECONDITION_FAILED'] as const) : []),
    // Counting a request reads the session that it names, also on routes that need none.
    ...(config?.limited === false ? [] : (['RATE_LIMITED', 'STORE_UNAVAILABLE'] as const)),
    'INTERNAL',
    'SHUTTING_DOWN',
  ]
}

/** The described schema of a route. @param identify the hook of routes that need a session and do not call coreBOS */
export function describeRoute(route: RouteOptions, schema: FastifySchema, identify: unknown): FastifySchema {
  const headers = route.config?.limited === false ? {} : described('RateLimit', 'RateLimit-Policy')
  return describeWith(route, schema, commonProblems(route, schema, identify), headers)
}

/** @param common the errors that follow from the kind of the route @param headers those of every response */
export function describeWith(
  route: RouteOptions,
  schema: FastifySchema,
  common: readonly ErrorCode[],
  headers: Headers,
): FastifySchema {
  const [method = ''] = [route.method].flat()
  const answers = Object.entries(isObject(schema.response) ? schema.response : {})
  const own = answers.flatMap(([, answer]) => (isProblem(answer) ? answer.codes : []))
  const all = Object.entries(problems(...own, ...common)).map(([status, answer]) => [
    status,
    {
      ...withHeaders(answer, headers),
      content: { [problemMediaType]: { schema: oneOf(answer.codes), example: exampleOf(answer.codes) } },
    },
  ])
  return {
    ...schema,
    operationId: schema.operationId ?? operationIdOf(method, route.url),
    // A public route says so, because a missing `security` could be an omission.
    security: schema.security ?? [],
    response: Object.fromEntries([
      ...answers
        .filter(([, answer]) => !isProblem(answer))
        .map(([status, answer]) => [status, said(answer, headers)]),
      ...all,
    ]),
  }
}

/** The problem document is described once, under `components`. */
function oneOf(codes: readonly ErrorCode[]) {
  return { allOf: [{ $ref: 'Problem#' }, { type: 'object', properties: { code: { enum: [...codes] } } }] }
}

function exampleOf([code = 'INTERNAL']: readonly ErrorCode[]): Problem {
  return problemDocument(new GatewayError(code), exampleRequestId)
}

function said(answer: unknown, headers: Headers): unknown {
  return isObject(answer) ? { description: 'Done', ...withHeaders(answer, headers) } : answer
}

type Headers = ReturnType<typeof described>

/** Every response of a limited route has the remaining requests of the limits. */
function withHeaders<T extends object>(answer: T & { readonly headers?: unknown }, headers: Headers) {
  const all = { ...headers, ...(isObject(answer.headers) ? answer.headers : {}) }
  return Object.keys(all).length === 0 ? answer : { ...answer, headers: all }
}

function isProblem(answer: unknown): answer is ProblemResponse {
  return isObject(answer) && isObject(answer['content']) && problemMediaType in answer['content']
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

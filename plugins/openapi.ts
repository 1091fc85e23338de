/** The description of every route at `/openapi.json`, and a page to try it at `/docs`. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { KindGuard, Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import type { FastifySchema, RouteOptions } from 'fastify'
import { errorCatalogue, GatewayError, type ErrorCode } from '../src/model/errors.ts'
import { problemDocument } from '../src/http/problem.ts'
import { guide } from '../src/query/guide.ts'
import {
  corebosProblems,
  exampleRequestId,
  Problem,
  problemMediaType,
  problems,
  type ProblemResponse,
} from '../src/http/schemas.ts'
import type { Config } from '../src/config/config.ts'
import { version } from '../src/config/version.ts'

const catalogueTable = [
  '| code | status | meaning |',
  '|---|---|---|',
  ...Object.entries(errorCatalogue).map(
    ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
  ),
].join('\n')

const description = `Gives customers and employees access to their own records in a coreBOS CRM.

Log in with \`POST /auth/login\`, then send the access token as \`Authorization: Bearer …\`.
"Not there" and "not yours" are the same 404.

Parameters that a route does not know are rejected. Answers are \`Cache-Control: private, no-store\` unless a route says
otherwise, and \`X-Request-Id\` is what the log knows a request by.

${guide}

## Errors

Errors are \`${problemMediaType}\` (RFC 9457); \`code\` is one of these and never changes its meaning:

${catalogueTable}`

/** What a request with the method may bring, whether or not the route wants it. */
const bringBodies = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** The responses of a route that follow from its kind: public, authenticated, limited. */
function commonProblems(
  { method, config, onRequest, errorHandler }: RouteOptions,
  { params, querystring, headers, body, security = [] }: FastifySchema,
  identify: unknown,
): ErrorCode[] {
  // It answers in an envelope of its own.
  if (errorHandler !== undefined) return []
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

/** The schema of a route as it is described: with all the problems that it may answer. */
function described(schema: FastifySchema, common: readonly ErrorCode[]): FastifySchema {
  const answers = Object.entries(isObject(schema.response) ? schema.response : {})
  const own = answers.flatMap(([, answer]) => (isProblem(answer) ? answer.codes : []))
  const all = Object.entries(problems(...own, ...common)).map(([status, answer]) => [
    status,
    {
      ...answer,
      content: { [problemMediaType]: { schema: oneOf(answer.codes), example: exampleOf(answer.codes) } },
    },
  ])
  return {
    ...schema,
    response: Object.fromEntries([
      ...answers.filter(([, answer]) => !isProblem(answer)).map(([status, answer]) => [status, said(answer)]),
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

function said(answer: unknown): unknown {
  return isObject(answer) ? { description: 'Done', ...answer } : answer
}

function isProblem(answer: unknown): answer is ProblemResponse {
  return isObject(answer) && isObject(answer['content']) && problemMediaType in answer['content']
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

export default fp<Pick<Config, 'PUBLIC_URL'>>(
  async (app, { PUBLIC_URL }) => {
    app.addSchema(Problem)
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'coreBOS portal gateway', version, description },
        servers: [{ url: PUBLIC_URL }],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description: 'With `COOKIE_SESSIONS` the cookie of the log-in is accepted as well.',
            },
          },
        },
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, i) =>
          typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
      },
      transform: ({ schema, url, route }) => ({
        schema: described(schema, commonProblems(route, schema, app.identify)),
        url,
      }),
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: app.outside(''),
      uiConfig: { url: app.outside('/openapi.json'), persistAuthorization: false },
    })
    const querystring = Type.Object({}, { additionalProperties: false })
    // Printed once: any caller may ask for it.
    let text: string | undefined
    app.get('/openapi.json', { schema: { hide: true, querystring } }, async (_request, reply) => {
      text ??= JSON.stringify(app.swagger())
      return reply.type('application/json; charset=utf-8').send(text)
    })
  },
  { name: 'openapi', dependencies: ['problem', 'edge', 'authenticate'], fastify: '5.x' },
)

/** The description of every route at `/openapi.json`, and a page to try it at `/docs`. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import type { FastifySchema } from 'fastify'
import { errorCatalogue, type ErrorCode } from '../src/errors.ts'
import { Problem, problemMediaType, problems } from '../src/schemas.ts'
import type { Config } from '../src/config.ts'

/** What any route may answer, whatever it does. */
const everywhere = ['BAD_REQUEST', 'RATE_LIMITED', 'INTERNAL', 'SHUTTING_DOWN'] as const satisfies ErrorCode[]

const catalogueTable = [
  '| code | status | meaning |',
  '|---|---|---|',
  ...Object.entries(errorCatalogue).map(
    ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
  ),
].join('\n')

const description = `Lets the customers and employees of a company into its coreBOS CRM, each to their own records and nowhere else.

Log in with \`POST /auth/login\`, then send the access token as \`Authorization: Bearer …\`.
"Not there" and "not yours" are the same 404.

Errors are \`${problemMediaType}\` (RFC 9457); \`code\` is one of these and never changes its meaning:

${catalogueTable}`

/** The schema of a route with the problems that it shares with all others, each said once. */
function withProblems(schema: FastifySchema | undefined): FastifySchema {
  const own = new Map<string, unknown>(Object.entries(isObject(schema?.response) ? schema.response : {}))
  if (own.size === 0) own.set('200', { description: 'Done' })
  for (const [status, shared] of Object.entries(problems(...everywhere))) {
    const before = own.get(status)
    own.set(
      status,
      before === undefined ? shared : { ...shared, description: described(before, shared.description) },
    )
  }
  return {
    ...schema,
    response: Object.fromEntries([...own].map(([status, answer]) => [status, byReference(answer)])),
  }
}

function described(answer: unknown, more: string): string {
  const before = isObject(answer) && typeof answer['description'] === 'string' ? answer['description'] : ''
  return [before, more].filter((text) => text !== '').join('\n\n')
}

/** The problem document is described once, under `components`. */
function byReference(answer: unknown): unknown {
  const isProblem = isObject(answer) && isObject(answer['content']) && problemMediaType in answer['content']
  return isProblem ? { ...answer, content: { [problemMediaType]: { schema: { $ref: 'Problem#' } } } } : answer
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Of what is described here: raised when a client may have to change. */
const version = '1.0.0'

export default fp<Pick<Config, 'PUBLIC_URL'>>(
  async (app, { PUBLIC_URL }) => {
    app.addSchema(Problem)
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'coreBOS portal gateway', version, description },
        servers: [{ url: PUBLIC_URL }],
        components: {
          securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
        },
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, i) =>
          typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
      },
      transform: ({ schema, url }) => ({ schema: withProblems(schema), url }),
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { url: '/openapi.json', persistAuthorization: false },
    })
    const querystring = Type.Object({}, { additionalProperties: false })
    app.get('/openapi.json', { schema: { hide: true, querystring } }, async () => app.swagger())
  },
  { name: 'openapi', dependencies: ['problem'], fastify: '5.x' },
)

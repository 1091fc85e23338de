/** The OpenAPI description of the operators' port: its frame, and the errors of each route. */
import type { FastifySchema, RouteOptions } from 'fastify'
import type { ErrorCode } from '../model/errors.ts'
import { corebosProblems } from '../http/schemas.ts'
import { describeWith } from './route.ts'

const tags = [
  { name: 'metrics', description: 'Metrics for Prometheus' },
  { name: 'access', description: 'What a contact may see and write, and what a query becomes' },
  { name: 'sessions', description: 'Sessions and failed log-ins' },
  { name: 'cache', description: 'Cached data of coreBOS' },
]

export function operatorFrame(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'coreBOS portal gateway: operators',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Endpoints for operators, on a port of their own. All but `/metrics` and this description need `OPERATOR_TOKEN`.',
    },
    servers: [{ url: '/' }],
    tags,
    components: {
      securitySchemes: {
        bearer: { type: 'http' as const, scheme: 'bearer', description: 'The value of `OPERATOR_TOKEN`' },
        password: {
          type: 'http' as const,
          scheme: 'basic',
          description: 'Any name, and the value of `OPERATOR_TOKEN`',
        },
      },
    },
  }
}

/** The described schema of an operators' route. */
export function describeOperatorRoute(route: RouteOptions, schema: FastifySchema): FastifySchema {
  const isOpen = route.config?.open === true
  const password = route.config?.open === 'password' ? [{ password: [] }] : []
  const security = isOpen ? [] : [{ bearer: [] }, ...password]
  return describeWith(route, { ...schema, security }, commonProblems(route, schema, isOpen), {})
}

function commonProblems(
  { method, errorHandler }: RouteOptions,
  { querystring, body }: FastifySchema,
  isOpen: boolean,
): readonly ErrorCode[] {
  // It answers errors in its own way.
  if (errorHandler !== undefined) return []
  const isChecked = querystring !== undefined || body !== undefined
  const isPost = [method].flat().includes('POST')
  return [
    'BAD_REQUEST',
    ...(isChecked ? (['VALIDATION_FAILED'] as const) : []),
    ...(isPost ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(isOpen ? [] : (['AUTHENTICATION_REQUIRED', ...corebosProblems, 'STORE_UNAVAILABLE'] as const)),
    'INTERNAL',
    'SHUTTING_DOWN',
  ]
}

/** Parameters that a route does not know are rejected, also by routes that take none. */
import { KindGuard, Type, type TSchema } from '@sinclair/typebox'
import { withFilters } from '../src/query/filters.ts'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `any`: the route reads its query string itself. */
    parameters?: 'any'
  }
}

function closed(querystring: unknown): TSchema {
  if (querystring === undefined) return Type.Object({}, { additionalProperties: false })
  if (!KindGuard.IsObject(querystring)) throw new Error('the schema of a query string is that of an object')
  return { ...querystring, additionalProperties: false }
}

const takesFilters = (querystring: unknown): boolean =>
  KindGuard.IsObject(querystring) && 'filter' in querystring.properties

export default fp(
  async (app) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.parameters !== 'any')
        route.schema = { ...route.schema, querystring: closed(route.schema?.querystring) }
      if (takesFilters(route.schema?.querystring)) {
        route.preValidation = [
          async (request) => {
            request.query = withFilters(Object(request.query))
          },
          ...[route.preValidation ?? []].flat(),
        ]
      }
    })
  },
  { name: 'parameters', fastify: '5.x' },
)

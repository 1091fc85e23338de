/** Parameters that a route does not know are rejected, also by routes that take none, and those that cannot be decoded. */
import { KindGuard, Type, type TSchema } from '@sinclair/typebox'
import { withFilters } from '../src/query/filters.ts'
import fp from 'fastify-plugin'
import { unreadable } from '../src/http/utf8.ts'

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
      if (route.config?.parameters === 'any') return
      route.schema = { ...route.schema, querystring: closed(route.schema?.querystring) }
      if (takesFilters(route.schema.querystring)) {
        route.preValidation = [
          async (request) => {
            // A parsed query string is an object of texts and lists of texts.
            request.query = withFilters(request.query as Readonly<Record<string, unknown>>)
          },
          ...[route.preValidation ?? []].flat(),
        ]
      }
    })
    app.addHook('onRequest', ({ raw: { url = '' }, routeOptions: { config } }, _reply, next) => {
      next(config.parameters === 'any' ? undefined : unreadable(url))
    })
  },
  { name: 'strict-querystring', fastify: '5.x' },
)

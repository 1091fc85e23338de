/** How large bodies may be, and how JSON is read: small without a session, and never of more keys than a record has. */
import fp from 'fastify-plugin'
import type { RouteOptions } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import { exceededBound } from '../src/http/json-bounds.ts'
import { largeBody } from '../src/http/schemas.ts'

/** A record has fewer than 500 fields. */
const bounds = { keys: 1000, values: 10_000, depth: 32 }

export default fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    // Bodies are JSON; a route that takes another kind brings its own parser.
    app.removeContentTypeParser(['text/plain', 'application/json'])
    app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
      const exceeded = exceededBound(text, bounds)
      if (exceeded === undefined) void parse(request, text, done)
      else
        done(
          new GatewayError('BODY_TOO_LARGE', `a JSON body may have ${bounds[exceeded]} ${names[exceeded]}`),
        )
    })
    // The session of such a route has been found before a byte of its body is read.
    app.addHook('onRoute', (route) => {
      if (carriesValues(route)) route.bodyLimit ??= largeBody
    })
  },
  { name: 'bodies', dependencies: ['problem'], fastify: '5.x' },
)

const names = { keys: 'keys at most', values: 'values at most', depth: 'nested levels at most' }

function carriesValues({ schema }: RouteOptions): boolean {
  return schema?.body !== undefined && (schema.security ?? []).length > 0
}

/** How large bodies may be, and how JSON is read: in UTF-8, small without a session, and never of more keys than a record has. */
import fp from 'fastify-plugin'
import type { RouteOptions } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import { exceededBound } from '../src/http/json-bounds.ts'
import { largeBody } from '../src/http/schemas.ts'
import { decoded, notUtf8, requirePlainUtf8, wellFormedProblem } from '../src/http/utf8.ts'

/** A record has fewer than 500 fields. */
const bounds = { keys: 1000, values: 10_000, depth: 32 }

export default fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    // Bodies are JSON; a route that takes another kind brings its own parser.
    app.removeContentTypeParser(['text/plain', 'application/json'])
    app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
      const read = () => {
        const text = decoded(bytes)
        const problem = text === undefined ? notUtf8('the body') : boundProblem(text)
        if (text === undefined || problem !== undefined) done(problem ?? null)
        else {
          void parse(request, text, (error, body) => {
            done(error ?? wellFormedProblem(body) ?? null, body)
          })
        }
      }
      // The operators' port has no limits.
      if (app.hasDecorator('limitBody')) app.limitBody(request, bytes.length).then(read, done)
      else read()
    })
    app.addHook('preParsing', async ({ headers }, reply) => {
      const { 'content-length': length = '0', 'transfer-encoding': transfer } = headers
      if (length === '0' && transfer === undefined) return
      try {
        requirePlainUtf8(headers)
      } catch (error) {
        reply.header('accept-encoding', 'identity')
        throw error
      }
    })
    // The session of such a route has been found before a byte of its body is read.
    app.addHook('onRoute', (route) => {
      if (carriesValues(route)) route.bodyLimit ??= largeBody
    })
  },
  { name: 'bodies', dependencies: ['problem'], fastify: '5.x' },
)

const names = { keys: 'keys at most', values: 'values at most', depth: 'nested levels at most' }

function boundProblem(text: string): GatewayError | undefined {
  const exceeded = exceededBound(text, bounds)
  if (exceeded === undefined) return undefined
  return new GatewayError('BODY_TOO_LARGE', `a JSON body may have ${bounds[exceeded]} ${names[exceeded]}`)
}

function carriesValues({ schema }: RouteOptions): boolean {
  return schema?.body !== undefined && (schema.security ?? []).length > 0
}

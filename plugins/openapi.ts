/** The description of every route at `/openapi.json`, and a page to read and try it at `/docs`. */
import swagger from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import { version } from '../src/config/version.ts'
import { keepEncodings } from '../src/http/compression.ts'
import { Problem } from '../src/http/schemas.ts'
import { toJson, withNamedSchemas, type JsonObject } from '../src/openapi/components.ts'
import { docsPage } from '../src/openapi/docs-page.ts'
import { documentFrame } from '../src/openapi/document.ts'
import { describeRoute } from '../src/openapi/route.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The description of every route. */
    readonly description: () => JsonObject
  }
}

interface Description {
  readonly document: JsonObject
  readonly body: Buffer
}

export default fp(
  async (app) => {
    app.addSchema(Problem)
    await app.register(swagger, {
      openapi: documentFrame(version, app.outside('')),
      refResolver: {
        buildLocalReference: (json, _base, _fragment, i) =>
          typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
      },
      transform: ({ schema, url, route }) => ({ schema: describeRoute(route, schema, app.identify), url }),
    })
    // Made once: any caller may ask for it.
    let made: Description | undefined
    const description = () => {
      if (made === undefined) {
        const document = withNamedSchemas(toJson(app.swagger()))
        made = { document, body: Buffer.from(JSON.stringify(document)) }
        keepEncodings(made.body)
      }
      return made
    }
    app.decorate('description', () => description().document)
    await app.register(async (docs) =>
      docsPage(docs, { description: () => description().body, outside: app.outside }),
    )
    const querystring = Type.Object({}, { additionalProperties: false })
    app.get('/openapi.json', { schema: { hide: true, querystring } }, async (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(description().body),
    )
  },
  { name: 'openapi', dependencies: ['problem', 'security-headers', 'authenticate'], fastify: '5.x' },
)

/** The description of every route at `/openapi.json`, and a page to read and try it at `/docs`. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import { version } from '../src/config/version.ts'
import { Problem } from '../src/http/schemas.ts'
import { toJson, withNamedSchemas, type JsonObject } from '../src/openapi/components.ts'
import { documentFrame, title } from '../src/openapi/document.ts'
import { logo } from '../src/openapi/logo.ts'
import { describeRoute } from '../src/openapi/route.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The description of every route. */
    readonly description: () => JsonObject
  }
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
    let made: { readonly document: JsonObject; readonly text: string } | undefined
    const description = () => {
      if (made === undefined) {
        const document = withNamedSchemas(toJson(app.swagger()))
        made = { document, text: JSON.stringify(document) }
      }
      return made
    }
    app.decorate('description', () => description().document)
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: app.outside(''),
      uiConfig: { url: app.outside('/openapi.json'), persistAuthorization: false },
      theme: { title },
      // The page reads the same description as programs.
      transformSpecification: () => description().document,
      transformSpecificationClone: false,
      logo: { type: 'image/svg+xml', content: logo(title), href: app.outside('/docs'), target: '_self' },
    })
    const querystring = Type.Object({}, { additionalProperties: false })
    app.get('/openapi.json', { schema: { hide: true, querystring } }, async (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(description().text),
    )
  },
  { name: 'openapi', dependencies: ['problem', 'security-headers', 'authenticate'], fastify: '5.x' },
)

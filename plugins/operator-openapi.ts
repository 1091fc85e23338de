/** The description of the operators' endpoints at `/openapi.json` of their port. */
import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { version } from '../src/config/version.ts'
import { Problem } from '../src/http/schemas.ts'
import { toJson, withNamedSchemas } from '../src/openapi/components.ts'
import { describeOperatorRoute, operatorFrame } from '../src/openapi/operator.ts'

export default fp(
  async (app) => {
    app.addSchema(Problem)
    await app.register(swagger, {
      openapi: operatorFrame(version),
      refResolver: {
        buildLocalReference: (json, _base, _fragment, i) =>
          typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
      },
      transform: ({ schema, url, route }) => ({ schema: describeOperatorRoute(route, schema), url }),
    })
    let text: string | undefined
    app.get('/openapi.json', { config: { open: true }, schema: { hide: true } }, async (_request, reply) => {
      text ??= JSON.stringify(withNamedSchemas(toJson(app.swagger())))
      return reply.type('application/json; charset=utf-8').send(text)
    })
  },
  { name: 'operator-openapi', dependencies: ['problem'], fastify: '5.x' },
)

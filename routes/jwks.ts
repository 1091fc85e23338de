/** `GET /.well-known/jwks.json`: the public halves of the signing keys, for whoever verifies our access tokens. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'

const Jwks = Type.Object(
  { keys: Type.Array(Type.Record(Type.String(), Type.String())) },
  { description: 'A JSON Web Key Set (RFC 7517)' },
)

export default async function jwks(app: FastifyInstance): Promise<void> {
  const { tokens } = app

  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        tags: ['auth'],
        summary: 'Public signing keys',
        description:
          'A key that leaves the set was first announced beside its successor; keep the answer for up to five minutes.',
        response: { 200: { content: { 'application/jwk-set+json': { schema: Jwks } } } },
      },
    },
    async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type('application/jwk-set+json').send(tokens.jwks),
  )
}

/** `GET /.well-known/jwks.json`: the public signing keys, for services that verify access tokens. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { described } from '../src/http/schemas.ts'

const Jwks = Type.Object(
  { keys: Type.Array(Type.Record(Type.String(), Type.String())) },
  { title: 'SigningKeys' },
)
const example = {
  keys: [
    { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: '3kq…', x: 'f83OJ3D2xF1…', y: 'x_FEzRu9m36…' },
  ],
}

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
        response: {
          200: {
            description: 'A JSON Web Key Set (RFC 7517)',
            headers: described('Cache-Control'),
            content: { 'application/jwk-set+json': { schema: Jwks, example } },
          },
        },
      },
    },
    async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type('application/jwk-set+json').send(tokens.jwks),
  )
}

/** Access tokens as `app.tokens`, signed and verified by `@fastify/jwt` with one namespace for each key. */
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AccessTokens, type AccessTokensOptions, type Signer } from '../src/tokens/access-tokens.ts'
import type { SigningKeys } from '../src/tokens/signing-keys.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** One per signing key, by its kid. */
    namespaces: string
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly tokens: AccessTokens
  }
}

type Options = Pick<AccessTokensOptions, 'issuer' | 'audience' | 'ttl' | 'now'> & {
  readonly keys: SigningKeys
}

async function tokens(app: FastifyInstance, { keys, ...options }: Options): Promise<void> {
  const { issuer, audience } = options
  for (const { kid, alg, publicKey, privateKey } of keys) {
    await app.register(jwt, {
      namespace: kid,
      secret: privateKey === undefined ? { public: publicKey } : { public: publicKey, private: privateKey },
      sign: { algorithm: alg, kid, header: { alg, typ: 'at+jwt' } },
      verify: {
        algorithms: [alg],
        allowedIss: issuer,
        allowedAud: audience,
        checkTyp: 'at+jwt',
        requiredClaims: ['iss', 'aud', 'exp', 'iat', 'jti', 'sub', 'sid', 'client_id'],
        // Its own check of times would read the machine's clock; ours follows.
        ignoreExpiration: true,
        ignoreNotBefore: true,
      },
    })
  }
  const signerOf = (kid: string): Signer | undefined =>
    Object.hasOwn(app.jwt, kid) ? app.jwt[kid] : undefined
  const signer = signerOf(keys[0].kid)
  if (signer === undefined) throw new Error('the signing key was not registered')
  const jwks = { keys: keys.map(({ jwk }) => jwk) }
  app.decorate('tokens', new AccessTokens({ ...options, signer, signerOf, jwks }))
}

export default fp(tokens, { name: 'tokens', fastify: '5.x' })

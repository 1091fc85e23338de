/** Access tokens: JWTs as RFC 9068 wants them, verified as RFC 8725 does, by `@fastify/jwt` with one verifier per key. */
import { randomUUID } from 'node:crypto'
import jwt, { type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../src/model/errors.ts'
import type { PortalSession } from '../src/session/contract.ts'
import type { SigningKeys } from '../src/tokens/signing-keys.ts'

/** What a verified access token says. */
export interface AccessClaims {
  readonly sessionId: string
  readonly contactId: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly isExpired: boolean
}

export interface Tokens {
  /** @returns the token, and the seconds that it lives: never longer than its session may */
  issue(session: PortalSession): { readonly accessToken: string; readonly expiresIn: number }
  /** @throws GatewayError `TOKEN_EXPIRED` for a token that was ours to the letter, `AUTHENTICATION_REQUIRED` for all others */
  verify(token: string): AccessClaims
  /** The same for a token that may have expired. @throws GatewayError `AUTHENTICATION_REQUIRED` */
  read(token: string): AccessClaims
  /** The public key set, as `/.well-known/jwks.json` shows it. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** One per signing key, by its kid. */
    namespaces: string
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly tokens: Tokens
  }
}

export interface TokensOptions {
  readonly keys: SigningKeys
  readonly issuer: string
  readonly audience: string
  /** Seconds (`ACCESS_TOKEN_TTL`). */
  readonly ttl: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Longer than any token of ours; what is longer is not looked at. */
const maxTokenLength = 4096

async function tokens(app: FastifyInstance, options: TokensOptions): Promise<void> {
  const { keys, issuer, audience, ttl, now } = options

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
        cache: 10_000,
        // Its own check of times would read the machine's clock; ours follows.
        ignoreExpiration: true,
        ignoreNotBefore: true,
      },
    })
  }

  function namespace(kid: string): JWT | undefined {
    return Object.hasOwn(app.jwt, kid) ? app.jwt[kid] : undefined
  }
  const signer = namespace(keys[0].kid)
  if (signer === undefined) throw new Error('the signing key was not registered')

  function verified(token: string): unknown {
    try {
      if (token.length > maxTokenLength) return undefined
      return namespace(kidOf(token))?.verify(token)
    } catch {
      return undefined
    }
  }

  function read(token: string): AccessClaims {
    const claims = verified(token)
    if (!isClaims(claims)) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const seconds = now() / 1000
    if (claims.nbf !== undefined && seconds < claims.nbf) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const { sid: sessionId, sub: contactId, exp } = claims
    return { sessionId, contactId, expiresAt: exp * 1000, isExpired: seconds >= exp }
  }

  app.decorate('tokens', {
    read,
    issue(session) {
      const issuedAt = Math.floor(now() / 1000)
      const exp = Math.min(issuedAt + ttl, Math.floor(session.expiresAt / 1000))
      const accessToken = signer.sign({
        iss: issuer,
        aud: audience,
        sub: session.contact.id,
        sid: session.id,
        client_id: 'portal',
        jti: randomUUID(),
        iat: issuedAt,
        exp,
      })
      return { accessToken, expiresIn: exp - issuedAt }
    },

    verify(token) {
      const claims = read(token)
      if (claims.isExpired) throw new GatewayError('TOKEN_EXPIRED')
      return claims
    },

    jwks: { keys: keys.map(({ jwk }) => jwk) },
  } satisfies Tokens)
}

/** The kid that a token names; a token with an unknown kid is not verified at all. @throws the error of reading it */
function kidOf(token: string): string {
  const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
  return isObject(header) && typeof header['kid'] === 'string' ? header['kid'] : ''
}

interface Claims {
  readonly sub: string
  readonly sid: string
  readonly exp: number
  readonly nbf?: number
}

function isClaims(value: unknown): value is Claims {
  if (!isObject(value)) return false
  const { sub, sid, exp, nbf } = value
  const texts = typeof sub === 'string' && typeof sid === 'string'
  return texts && Number.isSafeInteger(exp) && (nbf === undefined || Number.isSafeInteger(nbf))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

export default fp(tokens, { name: 'tokens', fastify: '5.x' })

/** Access tokens: JWTs as RFC 9068 wants them, verified as RFC 8725 does, with one signer for each key. */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { atMost } from '../model/cache-bound.ts'
import { GatewayError } from '../model/errors.ts'
import { isObject } from '../model/is-object.ts'

/** The claims of a verified access token. */
export interface AccessClaims {
  readonly sessionId: string
  readonly contactId: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** The session that a token is issued for. */
export interface TokenSession {
  readonly id: string
  readonly contact: { readonly id: string }
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Signs and verifies with one key. */
export interface Signer {
  sign(payload: Readonly<Record<string, string | number>>): string
  /** @throws the reason why the token is not valid */
  verify(token: string): unknown
}

export interface AccessTokensOptions {
  /** The key that signs. */
  readonly signer: Signer
  /** The key that a token names; undefined for an unknown one. */
  readonly signerOf: (kid: string) => Signer | undefined
  /** The public key set, as `/.well-known/jwks.json` shows it. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] }
  readonly issuer: string
  readonly audience: string
  /** Seconds (`ACCESS_TOKEN_TTL`). */
  readonly ttl: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Longer than any token of the gateway; longer ones are not parsed. */
const maxTokenLength = 4096

/** Tokens whose claims are kept: a contact sends the same one with many requests. */
const mostVerified = 10_000

export class AccessTokens {
  readonly #options: AccessTokensOptions
  /** By the whole token, signature included. Times are looked at with each use. */
  readonly #known = new LRUCache<string, Claims>(atMost(mostVerified))

  constructor(options: AccessTokensOptions) {
    this.#options = options
  }

  get jwks(): AccessTokensOptions['jwks'] {
    return this.#options.jwks
  }

  /** @returns the token, and the seconds that it lives: never longer than its session may */
  issue(session: TokenSession): { readonly accessToken: string; readonly expiresIn: number } {
    const { signer, issuer, audience, ttl, now } = this.#options
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
  }

  /** @throws GatewayError `TOKEN_EXPIRED` for a token that this gateway signed, `AUTHENTICATION_REQUIRED` for all others */
  verify(token: string): AccessClaims {
    const { isExpired, ...claims } = this.read(token)
    if (isExpired) throw new GatewayError('TOKEN_EXPIRED')
    return claims
  }

  /** The claims of a token that may have expired. @throws GatewayError `AUTHENTICATION_REQUIRED` */
  read(token: string): AccessClaims & { readonly isExpired: boolean } {
    const claims = this.#known.get(token) ?? this.#verified(token)
    if (!isClaims(claims)) throw new GatewayError('AUTHENTICATION_REQUIRED')
    this.#known.set(token, claims)
    const seconds = this.#options.now() / 1000
    if (claims.nbf !== undefined && seconds < claims.nbf) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const { sid: sessionId, sub: contactId, exp } = claims
    return { sessionId, contactId, expiresAt: exp * 1000, isExpired: seconds >= exp }
  }

  #verified(token: string): unknown {
    try {
      if (token.length > maxTokenLength) return undefined
      return this.#options.signerOf(kidOf(token))?.verify(token)
    } catch {
      return undefined
    }
  }
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

/** Tokens of a browser session in cookies (`COOKIE_SESSIONS`) that scripts cannot read and other sites cannot use. */
import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../model/errors.ts'
import { bearerToken } from '../tokens/bearer.ts'
import { originLife } from './known-origins.ts'

/** The parts of a request that are read. */
export interface CookieRequest {
  readonly method: string
  readonly headers: Pick<IncomingHttpHeaders, 'authorization' | 'host' | 'origin'>
  readonly cookies: Readonly<Record<string, string | undefined>>
}

export interface CookieAttributes {
  readonly path: '/'
  readonly httpOnly: true
  readonly secure: boolean
  readonly sameSite: 'strict'
}

/** The parts of a response that are set; `maxAge` in seconds. */
export interface CookieReply {
  setCookie(name: string, value: string, options: CookieAttributes & { readonly maxAge: number }): unknown
  clearCookie(name: string, options: CookieAttributes): unknown
}

export interface SessionCookiesOptions {
  readonly enabled: boolean
  readonly publicUrl: string
  /** Further origins whose pages may use the cookies. */
  readonly origins: readonly string[]
  /** Lifetime of a session in seconds. */
  readonly sessionLife: number
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const loopbackOrigin = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

export class SessionCookies {
  readonly enabled: boolean
  readonly #origins: ReadonlySet<string>
  readonly #sessionLife: number
  /** `PUBLIC_URL` is plain HTTP, which the configuration accepts for `localhost` only. */
  readonly #isLocal: boolean
  readonly #attributes: CookieAttributes

  constructor({ enabled, publicUrl, origins, sessionLife }: SessionCookiesOptions) {
    const { origin, protocol } = new URL(publicUrl)
    this.enabled = enabled
    this.#origins = new Set([origin, ...origins])
    this.#sessionLife = sessionLife
    this.#isLocal = protocol === 'http:'
    this.#attributes = { path: '/', httpOnly: true, secure: !this.#isLocal, sameSite: 'strict' }
  }

  /**
   * The access token of the header, otherwise of the cookie.
   *
   * @throws GatewayError `CROSS_SITE` for a cookie in a request that another site may have caused
   */
  accessTokenOf(request: CookieRequest): string | undefined {
    return bearerToken(request.headers.authorization) ?? this.#tokenOf(request, 'access')
  }

  /** @throws GatewayError `CROSS_SITE`, as {@link accessTokenOf} */
  refreshTokenOf(request: CookieRequest): string | undefined {
    return this.#tokenOf(request, 'refresh')
  }

  /** The token of a device that has logged in before; undefined if another site may have caused the request. */
  deviceTokenOf(request: CookieRequest): string | undefined {
    return this.#isSameOrigin(request) ? this.#read(request, 'device') : undefined
  }

  /** Whether the session of a request is that of its cookies. */
  identifies({ headers, cookies }: CookieRequest): boolean {
    return bearerToken(headers.authorization) === undefined && this.#read({ cookies }, 'access') !== undefined
  }

  /**
   * For a request that asks for cookies. Another site must not log a browser in, because its user would then write to
   * the attacker's account.
   *
   * @throws GatewayError `VALIDATION_FAILED` without `COOKIE_SESSIONS`; `CROSS_SITE`
   */
  requireCookies(request: CookieRequest): void {
    if (!this.enabled) {
      throw new GatewayError('VALIDATION_FAILED', undefined, {
        errors: [
          {
            field: 'session',
            message: "'cookie' is not accepted, because COOKIE_SESSIONS is off; accepted: 'token'",
          },
        ],
      })
    }
    this.#requireSameOrigin(request)
  }

  /** An expired access token is still sent, so that the response is `TOKEN_EXPIRED` and the client refreshes. */
  setTokens(
    reply: CookieReply,
    tokens: { readonly accessToken: string; readonly refreshToken: string },
  ): void {
    const options = { ...this.#attributes, maxAge: this.#sessionLife }
    reply.setCookie(this.#name('access'), tokens.accessToken, options)
    reply.setCookie(this.#name('refresh'), tokens.refreshToken, options)
  }

  setDevice(reply: CookieReply, deviceToken: string): void {
    reply.setCookie(this.#name('device'), deviceToken, { ...this.#attributes, maxAge: originLife / 1000 })
  }

  /** Clears the tokens. The device token stays: it opens no session. */
  clear(reply: CookieReply): void {
    reply.clearCookie(this.#name('access'), this.#attributes)
    reply.clearCookie(this.#name('refresh'), this.#attributes)
  }

  /** With the prefix, browsers require TLS, this host alone and its whole path; they reject it over plain HTTP. */
  #name(token: 'access' | 'refresh' | 'device'): string {
    return `${this.#isLocal ? '' : '__Host-'}portal-${token}`
  }

  #read(
    { cookies }: Pick<CookieRequest, 'cookies'>,
    token: 'access' | 'refresh' | 'device',
  ): string | undefined {
    return this.enabled ? cookies[this.#name(token)] : undefined
  }

  #tokenOf(request: CookieRequest, token: 'access' | 'refresh'): string | undefined {
    const value = this.#read(request, token)
    if (value !== undefined) this.#requireSameOrigin(request)
    return value
  }

  #requireSameOrigin(request: CookieRequest): void {
    if (!this.#isSameOrigin(request)) throw new GatewayError('CROSS_SITE')
  }

  /** Browsers always send the origin of a request that changes something. */
  #isSameOrigin({ method, headers: { origin, host } }: CookieRequest): boolean {
    if (safeMethods.has(method)) return true
    if (origin === undefined) return false
    if (this.#origins.has(origin)) return true
    // The port may be any free one, and the page may use another name of the host.
    return this.#isLocal && loopbackOrigin.test(origin) && origin === `http://${host ?? ''}`
  }
}

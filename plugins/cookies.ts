/** Tokens in cookies, for portals in a browser (`COOKIE_SESSIONS`): no script can read them, no other site can use them. */
import cookie from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { originLife } from '../src/auth/known-origins.ts'
import { GatewayError } from '../src/model/errors.ts'
import { bearerToken } from '../src/tokens/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly cookies: Cookies
  }
}

export interface IssuedTokens {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly refreshToken: string
}

export interface Cookies {
  /** Whether tokens go into cookies instead of bodies. */
  readonly enabled: boolean
  /**
   * The access token of the header, or else of the cookie.
   * @throws GatewayError `CROSS_SITE` where a cookie comes with what another site may have caused
   */
  accessTokenOf(request: FastifyRequest): string | undefined
  /** @throws GatewayError `CROSS_SITE` */
  refreshTokenOf(request: FastifyRequest): string | undefined
  /**
   * For the `onRequest` of every route that sets or clears cookies.
   * @throws GatewayError `CROSS_SITE` where another site may have caused the request
   */
  requireSameSite(request: FastifyRequest): void
  /** @throws GatewayError as {@link requireSameSite}, for a route that has not asked */
  set(reply: FastifyReply, tokens: IssuedTokens): void
  /** The mark of a device that has logged in before. */
  deviceTokenOf(request: FastifyRequest): string | undefined
  /** Log-outs leave it: it opens no session. */
  setDevice(reply: FastifyReply, deviceToken: string): void
  /** @throws GatewayError as {@link requireSameSite}, for a route that has not asked */
  clear(reply: FastifyReply): void
}

/** The prefix has browsers insist on TLS, on this host alone, and on its whole path. */
const accessName = '__Host-portal-access'
const refreshName = '__Host-portal-refresh'
const deviceName = '__Host-portal-device'
const attributes = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' } as const

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

export type CookiesOptions = Pick<
  Config,
  'COOKIE_SESSIONS' | 'CORS_ORIGINS' | 'PUBLIC_URL' | 'SESSION_MAX_TTL'
>

export default fp<CookiesOptions>(
  async (app, { COOKIE_SESSIONS: enabled, CORS_ORIGINS = [], PUBLIC_URL, SESSION_MAX_TTL }) => {
    const origins = new Set([new URL(PUBLIC_URL).origin, ...CORS_ORIGINS])
    await app.register(cookie)

    /** Browsers always name the origin of a request that changes something. */
    function requireSameOrigin({ method, headers: { origin } }: FastifyRequest): void {
      if (enabled && !safeMethods.has(method) && (origin === undefined || !origins.has(origin)))
        throw new GatewayError('CROSS_SITE')
    }

    /** No other site can have a browser send a token in a header without naming itself. */
    function requireSameSite(request: FastifyRequest): void {
      const { origin, authorization } = request.headers
      if (origin === undefined && bearerToken(authorization) !== undefined) return
      requireSameOrigin(request)
    }

    function fromCookie(name: string, request: FastifyRequest): string | undefined {
      const token = enabled ? request.cookies[name] : undefined
      if (token !== undefined) requireSameOrigin(request)
      return token
    }

    app.decorate('cookies', {
      enabled,
      accessTokenOf: (request) =>
        bearerToken(request.headers.authorization) ?? fromCookie(accessName, request),
      refreshTokenOf: (request) => fromCookie(refreshName, request),
      requireSameSite,
      set: (reply, { accessToken, expiresIn, refreshToken }) => {
        requireSameSite(reply.request)
        reply.setCookie(accessName, accessToken, { ...attributes, maxAge: expiresIn })
        reply.setCookie(refreshName, refreshToken, { ...attributes, maxAge: SESSION_MAX_TTL })
      },
      deviceTokenOf: ({ cookies }) => (enabled ? cookies[deviceName] : undefined),
      setDevice: (reply, deviceToken) => {
        reply.setCookie(deviceName, deviceToken, { ...attributes, maxAge: originLife / 1000 })
      },
      clear: (reply) => {
        if (!enabled) return
        requireSameSite(reply.request)
        reply.clearCookie(accessName, attributes)
        reply.clearCookie(refreshName, attributes)
      },
    } satisfies Cookies)
  },
  { name: 'cookies', dependencies: ['problem'], fastify: '5.x' },
)

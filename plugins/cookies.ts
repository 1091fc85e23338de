/** Cookies of browser sessions (`COOKIE_SESSIONS`), as `app.cookies`. */
import cookie from '@fastify/cookie'
import fp from 'fastify-plugin'
import { SessionCookies } from '../src/auth/session-cookies.ts'
import type { Config } from '../src/config/config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly cookies: SessionCookies
  }
}

export type CookiesOptions = Pick<
  Config,
  'COOKIE_SESSIONS' | 'CORS_ORIGINS' | 'PUBLIC_URL' | 'SESSION_MAX_TTL'
>

export default fp<CookiesOptions>(
  async (app, { COOKIE_SESSIONS, CORS_ORIGINS = [], PUBLIC_URL, SESSION_MAX_TTL }) => {
    await app.register(cookie)
    const cookies = new SessionCookies({
      enabled: COOKIE_SESSIONS,
      publicUrl: PUBLIC_URL,
      origins: CORS_ORIGINS,
      sessionLife: SESSION_MAX_TTL,
    })
    app.decorate('cookies', cookies)
  },
  { name: 'cookies', dependencies: ['problem'], fastify: '5.x' },
)

/** Log-in, refresh and log-out. */
import { performance } from 'node:perf_hooks'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import { answer, corebosProblems, problems } from '../src/http/schemas.ts'
import { ContactView, Ended, exampleContact, ofSession, viewOfContact } from '../src/http/session-views.ts'
import type { Opened } from '../src/session/contract.ts'

const tokenFields = {
  accessToken: Type.Optional(
    Type.String({
      description: 'A JWT for `Authorization: Bearer …`; absent in a cookie session',
    }),
  ),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Lifetime of the access token in seconds' }),
  refreshToken: Type.Optional(
    Type.String({ description: 'Valid for one refresh; absent in a cookie session' }),
  ),
}
const Tokens = Type.Object(tokenFields, { title: 'TokenPair' })
const DeviceToken = Type.String({
  maxLength: 2048,
  description:
    'A mark of this device, for the next log-in of the same contact: it keeps attempts for the device that strangers ' +
    'cannot use up. It opens no session, lives 180 days, and is revoked by `/auth/logout-all`, by a change of password ' +
    'and by an operator; absent in a cookie session',
})
const LoggedIn = Type.Object(
  {
    ...tokenFields,
    deviceToken: Type.Optional(DeviceToken),
    contact: ContactView,
  },
  { title: 'LogIn' },
)

const Login = Type.Object(
  {
    username: Type.String({
      description: "The contact's e-mail address, or the CRM user's name in `user` mode",
    }),
    password: Type.String({ description: 'Or the access key in `user` mode' }),
    entity: Type.Optional(
      Type.Union([Type.Literal('Contacts'), Type.Literal('Employee')], {
        description: 'Default: `Contacts`',
      }),
    ),
    session: Type.Optional(
      Type.Union([Type.Literal('token'), Type.Literal('cookie')], {
        description:
          '`token` (default): the tokens are in the response body. `cookie`: they are in cookies that scripts cannot read, for ' +
          'pages of a browser; needs `COOKIE_SESSIONS=true` and the origin of `PUBLIC_URL` or of `CORS_ORIGINS`',
      }),
    ),
    deviceToken: Type.Optional(DeviceToken),
  },
  {
    title: 'Credentials',
    additionalProperties: false,
    examples: [{ username: 'alice@example.com', password: 'alice-pw' }],
  },
)

const exampleTokens: Static<typeof Tokens> = {
  accessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…',
  tokenType: 'Bearer',
  expiresIn: 600,
  refreshToken: '2x3k…',
}

const Refresh = Type.Object(
  { refreshToken: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })) },
  {
    title: 'RefreshRequest',
    additionalProperties: false,
    description: 'In a cookie session an empty object: the token is in its cookie',
    examples: [{ refreshToken: exampleTokens.refreshToken }],
  },
)

type App = Parameters<FastifyPluginAsyncTypebox>[0]

/** Opens sessions, and answers with their tokens. */
function sessionsOf(app: App) {
  const { cookies, tokens } = app

  function pair({ session, refreshToken }: Opened): Static<typeof Tokens> {
    return { ...tokens.issue(session), tokenType: 'Bearer', refreshToken }
  }

  function pairInCookies({ session, refreshToken }: Opened, reply: FastifyReply): Static<typeof Tokens> {
    const { accessToken, expiresIn } = tokens.issue(session)
    cookies.setTokens(reply, { accessToken, refreshToken })
    return { tokenType: 'Bearer', expiresIn }
  }

  /** A session that came in a header leaves the cookies of the browser as they are. */
  function clearCookies(request: FastifyRequest, reply: FastifyReply): void {
    if (cookies.identifies(request)) cookies.clear(reply)
  }

  return { pair, pairInCookies, clearCookies }
}

type Sessions = ReturnType<typeof sessionsOf>

function loginRoute(app: App, { pair, pairInCookies }: Sessions): void {
  const { cookies, originOf, metrics } = app
  const { loginService } = app.auth
  app.post(
    '/auth/login',
    {
      config: { presents: () => ({ login: true }) },
      schema: {
        tags: ['auth'],
        summary: 'Log in',
        description:
          'Every rejection is the same answer at the same time after the request, for every reason. ' +
          'Failures are counted by name and address, or by name and device where a `deviceToken` is sent. ' +
          'With `"session": "cookie"` the response sets cookies and contains no token.',
        body: Login,
        response: {
          200: answer(LoggedIn, 'A session', { example: { ...exampleTokens, contact: exampleContact } }),
          ...problems('INVALID_CREDENTIALS', 'CROSS_SITE', ...corebosProblems),
        },
      },
    },
    async (request, reply) => {
      const began = performance.now()
      const { username, password, entity = 'Contacts', session = 'token', deviceToken } = request.body
      const isCookie = session === 'cookie'
      if (isCookie) cookies.requireCookies(request)
      try {
        const admitted = await loginService.admit(
          { username, password, entity },
          {
            began,
            origin: originOf(request, deviceToken),
            count: async () => app.limitLogins(request),
            rejected: (reason) => request.log.info({ reason }, 'a log-in was rejected'),
          },
        )
        const opened = await app.auth.openSession(admitted, request)
        metrics.logins.inc({ outcome: 'ok' })
        const contact = viewOfContact(admitted.contact)
        if (!isCookie) return { ...pair(opened), deviceToken: admitted.deviceToken, contact }
        cookies.setDevice(reply, admitted.deviceToken)
        return { ...pairInCookies(opened, reply), contact }
      } catch (error) {
        metrics.logins.inc({ outcome: error instanceof GatewayError ? error.code : 'INTERNAL' })
        throw error
      }
    },
  )
}

function refreshRoute(app: App, { pair, pairInCookies }: Sessions): void {
  const { cookies, sessions, endUpstream } = app
  app.post(
    '/auth/refresh',
    {
      schema: {
        tags: ['auth'],
        summary: 'Exchange a refresh token for a new pair',
        description:
          'For `REFRESH_GRACE` seconds after its first use a token is answered with the newest one of its session, so ' +
          'that any number of tabs may share a session. Any later use of a token that was exchanged ends the session. ' +
          'The new pair comes in the way of the old token: in the body for a token in the body, in cookies for a cookie. ' +
          '`SESSION_ENDED` is the answer to a token of a session that has ended.',
        body: Refresh,
        response: {
          200: answer(Tokens, 'The new pair', { example: exampleTokens }),
          ...problems('INVALID_REFRESH_TOKEN', 'SESSION_ENDED', 'CROSS_SITE'),
        },
      },
    },
    async (request, reply) => {
      const given = request.body.refreshToken
      const refreshToken = given ?? cookies.refreshTokenOf(request)
      if (refreshToken === undefined) throw new GatewayError('INVALID_REFRESH_TOKEN')
      const rotation = await sessions.rotate(refreshToken)
      if (rotation.kind === 'rotated')
        return given === undefined ? pairInCookies(rotation, reply) : pair(rotation)
      if (given === undefined) cookies.clear(reply)
      if (rotation.kind === 'ended') throw new GatewayError('SESSION_ENDED')
      if (rotation.kind === 'reused') {
        const { id, contact, upstream } = rotation.session
        request.log.warn(
          { session: id, contact: contact.id },
          'A refresh token was reused; its session was ended',
        )
        await endUpstream(upstream)
      }
      throw new GatewayError('INVALID_REFRESH_TOKEN')
    },
  )
}

function logoutRoute(app: App, { clearCookies }: Sessions): void {
  const { sessions, identify, admissionOf, endUpstream } = app
  app.post(
    '/auth/logout',
    {
      onRequest: identify,
      schema: {
        ...ofSession,
        summary: 'End this session',
        response: { 204: Ended },
      },
    },
    async (request, reply) => {
      const { session } = admissionOf(request)
      await endUpstream((await sessions.end(session.id))?.upstream)
      clearCookies(request, reply)
      return reply.code(204).send(null)
    },
  )
}

function logoutAllRoute(app: App, { clearCookies }: Sessions): void {
  const { sessions, identify, admissionOf, endUpstream } = app
  const { origins } = app.auth
  app.post(
    '/auth/logout-all',
    {
      onRequest: identify,
      schema: {
        ...ofSession,
        summary: 'End all sessions of this contact',
        description: 'Revokes the marks of all its devices as well.',
        response: { 204: Ended },
      },
    },
    async (request, reply) => {
      const { session } = admissionOf(request)
      const ended = await sessions.endAll(session.contact.id)
      await origins.revoke(session.contact.id)
      await Promise.all(ended.map(async ({ upstream }) => endUpstream(upstream)))
      clearCookies(request, reply)
      return reply.code(204).send(null)
    },
  )
}

const auth: FastifyPluginAsyncTypebox = async (app) => {
  const opened = sessionsOf(app)
  loginRoute(app, opened)
  refreshRoute(app, opened)
  logoutRoute(app, opened)
  logoutAllRoute(app, opened)
}

export default auth

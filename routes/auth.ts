/** Log-in, and the sessions that come of it. */
import { performance } from 'node:perf_hooks'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { levels, type Contact } from '../src/model/contact.ts'
import type { Admitted } from '../src/auth/rejection.ts'
import { GatewayError } from '../src/model/errors.ts'
import { answer, bodyBounds, corebosProblems, problems, WebserviceId } from '../src/http/schemas.ts'
import type { Opened, PortalSession } from '../src/session/contract.ts'
import { changePassword } from '../src/write/audited.ts'

const ContactView = Type.Object(
  {
    id: WebserviceId,
    accountId: Type.Union([WebserviceId, Type.Null()], {
      description: 'Null if the contact belongs to no account',
    }),
    user: Type.Object(
      { id: WebserviceId, name: Type.String() },
      { description: 'The CRM user that the contact is mapped to' },
    ),
    language: Type.String({ examples: ['en'] }),
    level: Type.Union(
      levels.map((level) => Type.Literal(level)),
      { description: 'How far the contact sees, unless a rule overrides it' },
    ),
  },
  { title: 'SessionContact' },
)

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

const NewPassword = Type.Object(
  {
    currentPassword: Type.String(),
    newPassword: Type.String({ minLength: 8, maxLength: 128 }),
  },
  {
    title: 'NewPassword',
    additionalProperties: false,
    examples: [{ currentPassword: 'alice-pw', newPassword: 'a better one' }],
  },
)

const Recovery = Type.Object(
  { username: Type.String() },
  { title: 'PasswordRecovery', additionalProperties: false, examples: [{ username: 'alice@example.com' }] },
)

/** No body at all; Fastify would write the word `null` into an answer that may have one. */
const Nothing = Type.Unsafe<undefined>(
  Type.Null({ description: 'Accepted. The response is the same whether or not the name exists' }),
)

const Time = Type.String({ format: 'date-time' })
const SessionView = Type.Object(
  {
    id: Type.String(),
    current: Type.Boolean({ description: 'True for the session of this request' }),
    userAgent: Type.String(),
    address: Type.String(),
    createdAt: Time,
    lastSeenAt: Time,
    expiresAt: Type.String({ format: 'date-time', description: 'When the session ends at the latest' }),
  },
  { title: 'Session' },
)
const CurrentSession = Type.Composite([SessionView, Type.Object({ contact: ContactView })], {
  title: 'CurrentSession',
})

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
const exampleContact: Static<typeof ContactView> = {
  id: '12x8549',
  accountId: '11x8546',
  user: { id: '19x6', name: 'portal' },
  language: 'en',
  level: 'account',
}
const exampleSession: Static<typeof SessionView> = {
  id: 'Yk9…',
  current: true,
  userAgent: 'Mozilla/5.0',
  address: '192.0.2.7',
  createdAt: '2026-11-24T07:35:26.000Z',
  lastSeenAt: '2026-11-24T08:01:10.000Z',
  expiresAt: '2026-11-24T19:35:26.000Z',
}

const bearer = { tags: ['auth'], security: [{ bearer: [] }] }
const Ended = Type.Null({ description: 'Done' })

const auth: FastifyPluginAsyncTypebox = async (app) => {
  const {
    cookies,
    door,
    originOf,
    sessions,
    tokens,
    metrics,
    authenticate,
    identify,
    admissionOf,
    endUpstream,
  } = app
  const { loginService, origins, passwords } = app.auth

  const limitLogin = async (request: FastifyRequest): Promise<void> => {
    await app.limitLogins(request)
  }

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

  app.post(
    '/auth/login',
    {
      config: { presents: () => ({ login: true }) },
      schema: {
        tags: ['auth'],
        summary: 'Log in',
        description:
          'Every rejection is the same answer at the same time after the request, whatever its reason. ' +
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
        const opened = await open(admitted, request)
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

  async function open({ contact, upstream, leaving }: Admitted, request: FastifyRequest): Promise<Opened> {
    try {
      const userAgent = request.headers['user-agent'] ?? ''
      return await sessions.create({ contact, upstream, userAgent, address: request.ip }, leaving)
    } catch (error) {
      await endUpstream(upstream)
      throw error
    }
  }

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

  app.post(
    '/auth/logout',
    {
      onRequest: identify,
      schema: {
        ...bearer,
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

  app.post(
    '/auth/logout-all',
    {
      onRequest: identify,
      schema: {
        ...bearer,
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

  app.get(
    '/auth/session',
    {
      onRequest: authenticate,
      schema: {
        ...bearer,
        summary: 'Show the session of this token',
        response: {
          200: answer(CurrentSession, 'The session', {
            example: { ...exampleSession, contact: exampleContact },
          }),
        },
      },
    },
    async (request) => {
      const { session } = admissionOf(request)
      return { ...viewOfSession(session, session.id), contact: viewOfContact(session.contact) }
    },
  )

  app.get(
    '/auth/sessions',
    {
      onRequest: authenticate,
      schema: {
        ...bearer,
        summary: "List this contact's sessions, newest first",
        response: {
          200: answer(Type.Object({ sessions: Type.Array(SessionView) }), 'The sessions', {
            example: { sessions: [exampleSession] },
          }),
        },
      },
    },
    async (request) => {
      const { session } = admissionOf(request)
      const all = await sessions.list(session.contact.id)
      return { sessions: all.map((each) => viewOfSession(each, session.id)) }
    },
  )

  app.delete(
    '/auth/sessions/:id',
    {
      onRequest: identify,
      schema: {
        ...bearer,
        summary: "End one of this contact's sessions",
        params: Type.Object({
          id: Type.String({ minLength: 1, maxLength: 128, examples: [exampleSession.id] }),
        }),
        response: { 204: Ended, ...problems('NOT_FOUND') },
      },
    },
    async (request, reply) => {
      const ended = await sessions.end(request.params.id, admissionOf(request).session.contact.id)
      if (ended === undefined) throw new GatewayError('NOT_FOUND')
      await endUpstream(ended.upstream)
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/auth/password',
    {
      config: { writes: 'password' },
      // In this order, so that a guess beyond the limit has its audit line too.
      onRequest: [authenticate, limitLogin],
      bodyLimit: bodyBounds.any,
      schema: {
        ...bearer,
        summary: "Change this contact's password",
        description:
          "Ends the contact's other sessions and revokes the marks of its devices. The current password is checked like that of a log-in. In `user` mode, " +
          'and for employees, passwords are changed in coreBOS.',
        body: NewPassword,
        response: {
          204: Ended,
          ...problems('WRONG_PASSWORD', 'INVALID_VALUE', 'NOT_WRITABLE'),
        },
      },
    },
    async (request, reply) => {
      const began = performance.now()
      const { session } = admissionOf(request)
      const { currentPassword: current, newPassword: next } = request.body
      await changePassword(session.contact.id, door.auditorOf(request), async () => {
        const visit = { began, origin: originOf(request), log: request.log }
        const deviceToken = await passwords.change(session, { current, next }, visit)
        if (cookies.deviceTokenOf(request) !== undefined) cookies.setDevice(reply, deviceToken)
      })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/auth/password-recovery',
    {
      schema: {
        tags: ['auth'],
        summary: 'Mail a forgotten password',
        description:
          'The answer is the same whether or not somebody has that name, and comes before anything is done. Beyond three ' +
          'mails an hour by name, and `RATE_LIMIT_LOGIN` by address, it stays the same and nothing is sent. Only ' +
          '`RATE_LIMIT_IP` rejects an address here as on every route, independent of the name in the body. In `user` ' +
          'mode, where passwords are those of CRM users, and without a service user nothing is ever sent.',
        body: Recovery,
        response: { 202: Nothing },
      },
    },
    async (request, reply) => {
      // Not awaited, so that the response time tells nothing.
      void app
        .limitLogins(request)
        .then(async () => passwords.recover(request.body.username, originOf(request)))
        .catch((error: unknown) => request.log.info({ err: error }, 'a password was not mailed'))
      return reply.code(202).send(undefined)
    },
  )
}

function viewOfContact({ id, accountId, user, language, level }: Contact): Static<typeof ContactView> {
  return { id, accountId: accountId ?? null, user: { ...user }, language, level }
}

function viewOfSession(session: PortalSession, current: string): Static<typeof SessionView> {
  const { id, userAgent, address, createdAt, lastSeenAt, expiresAt } = session
  const iso = (time: number) => new Date(time).toISOString()
  return {
    id,
    current: id === current,
    userAgent,
    address,
    createdAt: iso(createdAt),
    lastSeenAt: iso(lastSeenAt),
    expiresAt: iso(expiresAt),
  }
}

export default auth

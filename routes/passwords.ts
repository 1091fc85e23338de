/** Passwords of contacts: changed, or mailed when forgotten. */
import { performance } from 'node:perf_hooks'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { bodyBounds, problems } from '../src/http/schemas.ts'
import { Ended, ofSession } from '../src/http/session-views.ts'
import { changePassword } from '../src/write/audited.ts'

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

type App = Parameters<FastifyPluginAsyncTypebox>[0]

/** The limits of these routes. */
function limitsOf(app: App) {
  const limitLogin = async (request: FastifyRequest): Promise<void> => {
    await app.limitLogins(request)
  }

  return { limitLogin }
}

type Limits = ReturnType<typeof limitsOf>

function changeRoute(app: App, { limitLogin }: Limits): void {
  const { cookies, access, originOf, authenticate, admissionOf } = app
  const { passwords } = app.auth
  app.put(
    '/auth/password',
    {
      config: { writes: 'password' },
      // In this order, so that a guess beyond the limit has its audit line too.
      onRequest: [authenticate, limitLogin],
      bodyLimit: bodyBounds.any,
      schema: {
        ...ofSession,
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
      await changePassword(session.contact.id, access.auditorOf(request), async () => {
        const visit = { began, origin: originOf(request), log: request.log }
        const deviceToken = await passwords.change(session, { current, next }, visit)
        if (cookies.deviceTokenOf(request) !== undefined) cookies.setDevice(reply, deviceToken)
      })
      return reply.code(204).send(null)
    },
  )
}

function recoverRoute(app: App): void {
  const { originOf } = app
  const { passwords } = app.auth
  app.post(
    '/auth/password-recovery',
    {
      schema: {
        tags: ['auth'],
        summary: 'Mail a forgotten password',
        description:
          'The response is the same whether or not the name exists, and is sent before anything is done. Beyond ' +
          'three mails an hour by name, and `RATE_LIMIT_LOGIN` by address, it stays the same and nothing is sent. ' +
          'Only `RATE_LIMIT_IP` rejects an address here as on every route, independent of the name in the body. In ' +
          '`user` mode, in which passwords are those of CRM users, and without a service user nothing is ever sent.',
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

const passwordRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const limits = limitsOf(app)
  changeRoute(app, limits)
  recoverRoute(app)
}

export default passwordRoutes

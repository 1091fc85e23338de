/** Rows about what is open to all, and about log-ins and sessions. */
import { textAt } from '../../support/webservice-client.ts'
import { credentialsOf } from '../../support/portal.ts'
import { all, hers, none, type Row } from './row.ts'
import { named, type Vocabulary } from './vocabulary.ts'

/** Routes that need no token and give every caller the same. */
export const openRows: readonly Row[] = [
  { route: '/health/live' },
  { route: '/health/ready' },
  { route: '/.well-known/jwks.json' },
  { route: '/openapi.json' },
  { route: '/docs' },
  { route: '/docs/json' },
  { route: '/docs/yaml' },
  { route: '/docs/static/index.html' },
  { route: '/docs/static/swagger-initializer.js' },
  { route: '/docs/static/*', params: { '*': 'swagger-ui.css' } },
  { route: '/portal/settings.json' },
].map(({ route, params = {} }) => ({
  route: `GET ${route}`,
  ask: () => ({ params }),
  right: all,
  nobody: 'done',
  alike: true,
}))

export function logInRows({ tested }: Vocabulary): readonly Row[] {
  const { mode, alice } = tested
  return [
    {
      route: 'POST /auth/login',
      about: credentialsOf('alice', mode).username,
      absent: mode === 'user' ? 'nobody' : 'nobody@example.com',
      ask: async (username, context) => {
        // A guess takes one of the few that are let through for her, until she logs in.
        if (context !== alice) await tested.login(alice)
        return { body: { username, password: credentialsOf(context?.name ?? 'nobody', mode).password } }
      },
      right: hers,
      nobody: 'absent',
      holds: (t, { body }) => t.equal(textAt(body, 'contact', 'id'), tested.id(alice.contact)),
    },
    {
      route: 'POST /auth/refresh',
      ask: async (_, context) => {
        if (context === undefined) return { body: { refreshToken: 'made up' } }
        const { refreshToken } = await tested.login(context)
        return { body: { refreshToken } }
      },
      right: all,
      nobody: 'INVALID_REFRESH_TOKEN',
      holds: async (t, { body }, { contact }) => {
        const session = await tested.session({ authorization: `Bearer ${textAt(body, 'accessToken')}` })
        t.equal(session?.contact, tested.id(contact))
      },
    },
    {
      route: 'POST /auth/refresh',
      ask: () => ({ body: { refreshToken: 'made up' } }),
      right: () => 'INVALID_REFRESH_TOKEN',
      nobody: 'INVALID_REFRESH_TOKEN',
      alike: true,
    },
    {
      route: 'POST /auth/password-recovery',
      about: 'alice@example.com',
      absent: 'nobody@example.com',
      ask: (username) => ({ body: { username } }),
      right: none,
      nobody: 'absent',
      alike: true,
    },
  ]
}

export function sessionRows({ tested, subjects }: Vocabulary): readonly Row[] {
  const ownRows = ['GET /me', 'GET /auth/session'].map((route): Row => ({
    route,
    right: all,
    holds: (t, { body }, { contact }) => t.equal(textAt(body, 'contact', 'id'), tested.id(contact)),
  }))
  return [
    ...ownRows,
    {
      route: 'GET /auth/sessions',
      right: all,
      holds: (t, answer, { name }) => {
        const listed = named(answer, 'sessions', 'id')
        for (const { session } of [subjects.second, subjects.third])
          t.equal(listed.includes(session?.id ?? ''), name === 'alice')
      },
    },
  ]
}

/** The last rows of the table, since they end sessions. */
export function endingRows({ tested, subjects: { second, third } }: Vocabulary): readonly Row[] {
  const { portal, mode, alice } = tested
  const { password } = credentialsOf('alice', mode)
  return [
    {
      route: 'DELETE /auth/sessions/:id',
      about: second.session?.id ?? '',
      absent: 'nothing',
      right: hers,
      holds: async (t) => {
        t.equal(await tested.session(second.headers), undefined)
        t.same(await tested.session(third.headers), third.session)
      },
    },
    {
      route: 'PUT /auth/password',
      about: password,
      absent: 'no such password',
      ask: (currentPassword) => ({ body: { currentPassword, newPassword: 'a better one' } }),
      right: mode === 'user' ? () => 'NOT_WRITABLE' : hers,
      holds: async (t) => {
        t.equal(await tested.session(third.headers), undefined, 'other sessions end')
        t.equal((await tested.login(alice)).status, 401)
        const changed = { currentPassword: 'a better one', newPassword: password }
        t.equal((await tested.login(alice, changed.currentPassword)).status, 200)
        t.equal((await portal.as('alice', 'PUT', '/auth/password', { body: changed })).status, 204)
      },
    },
    {
      route: 'POST /auth/logout',
      ask: async (_, context) =>
        context === undefined ? {} : { headers: (await tested.login(context)).headers },
      right: all,
      holds: async (t, _, { name }) => {
        t.equal((await portal.as(name, 'GET', '/auth/session')).status, 200, 'no other session ends')
      },
    },
    {
      // Those who are asked later log out as well: the sessions of others go on.
      route: 'POST /auth/logout-all',
      right: all,
      holds: async (t, _, { name }) => {
        t.equal((await portal.as(name, 'GET', '/auth/session')).status, 401)
      },
    },
  ]
}

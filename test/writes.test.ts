/** Writing through REST routes, and the audit of it. */
import t from 'tap'
import { FormData } from 'undici'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config/config.ts'
import {
  auditIn,
  credentialsOf,
  usualModes,
  policyFile,
  startPortal,
  type Portal,
  type Sent,
} from './support/portal.ts'
import { installed, sharedSettings, startRedis } from './support/redis-server.ts'

const ids = {
  alice: '12x8549',
  bob: '12x8550',
  carol: '12x8551',
  aliceTicket: '17x8625',
  bobTicket: '17x8645',
  acmeTicket: '17x8565',
  carolTicket: '17x8665',
} as const

for (const mode of usualModes) {
  t.test(`${mode} mode: a contact opens a ticket, changes it, and nothing but it`, async (t) => {
    const portal = await startPortal(t, { mode })
    const read = async (id: string) =>
      (await portal.admin.result('retrieve', { id })) as Record<string, string>

    const created = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
      body: { ticket_title: 'on fire', ticketstatus: 'Open' },
    })
    t.equal(created.status, 201)
    const { id = '' } = created.body
    t.equal(created.headers['location'], `/records/${id}`)
    t.match(await read(id), { ticket_title: 'on fire', parent_id: ids.alice })
    t.match(await portal.as('alice', 'GET', `/records/${id}`), { body: created.body })

    const changed = await portal.as('alice', 'PATCH', `/records/${id}`, { body: { ticket_title: 'out' } })
    t.match(changed, { status: 200, body: { ticket_title: 'out', ticketstatus: 'Open' } })
    t.match(await read(id), { ticket_title: 'out', parent_id: ids.alice })

    for (const [ticket, code] of [
      [ids.acmeTicket, 'NOT_WRITABLE'],
      [ids.bobTicket, 'NOT_FOUND'],
      [ids.carolTicket, 'NOT_FOUND'],
      ['17x1', 'NOT_FOUND'],
    ] as const) {
      const before = portal.relay.count('revise')
      const rejected = await portal.as('alice', 'PATCH', `/records/${ticket}`, {
        body: { ticket_title: 'mine' },
      })
      t.equal(rejected.body.code, code, ticket)
      t.equal(portal.relay.count('revise'), before, 'nothing was sent')
    }
  })
}

t.test('the log tells of each write who did what by which rule, and no value', async (t) => {
  const portal = await startPortal(t, { env: { LOG_LEVEL: 'error' } })
  await portal.as('alice', 'PATCH', `/records/${ids.alice}`, { body: { phone: 'room zero' } })
  await portal.as('alice', 'PATCH', `/records/${ids.alice}`, { body: { account_id: '11x8547' } })
  await portal.as('alice', 'PATCH', `/records/${ids.bobTicket}`, { body: { ticket_title: 'mine' } })
  const lines = auditIn(portal)
  t.strictSame(
    lines.map((line) => ({ ...line, by: 'by' in line && typeof line.by })),
    [
      { ids: [ids.alice], module: 'Contacts', rule: 'Contacts', outcome: 'ok' },
      { ids: [ids.alice], module: 'Contacts', rule: 'Contacts', outcome: 'FIELD_NOT_WRITABLE' },
      { ids: [ids.bobTicket], module: 'HelpDesk', rule: 'HelpDesk', outcome: 'NOT_FOUND' },
    ].map((line) => ({
      contact: ids.alice,
      entity: 'Contacts',
      by: 'string',
      operation: 'update',
      ...line,
    })),
  )
  t.notMatch(JSON.stringify(lines), /room zero|11x8547|mine/)
})

t.test('the log tells of a comment what it is on, and which record it is where it is one', async (t) => {
  const portal = await startPortal(t)
  const [ticket, project, foreign] = [ids.aliceTicket, '33x8636', '33x8676']
  const say = async (id: string) =>
    (await portal.as('alice', 'POST', `/records/${id}/comments`, { body: { text: 'a word' } })).body.id
  await say(ticket)
  const made = await say(project)
  await say(foreign)
  t.match(made, /^30x/)
  t.match(auditIn(portal), [
    { operation: 'comment', ids: [ticket], outcome: 'ok' },
    { operation: 'comment', ids: [project, made], module: 'ModComments', outcome: 'ok' },
    { operation: 'comment', ids: [foreign], outcome: 'NOT_FOUND' },
  ])
  t.strictSame(
    auditIn(portal).map(({ ids }) => ids),
    [[ticket], [project, made], [foreign]],
  )
})

/** One request of alice's, and its outcome in the audit; `undefined` where there is no line. */
type Attempt = readonly [path: string, sent: Sent, outcome: string | RegExp | undefined]
type Attempts = Readonly<Record<string, readonly Attempt[]>>

const title = { ticket_title: 'secret title', ticketstatus: 'Open' }
const key = (value: string) => ({ headers: { 'idempotency-key': value } })

function upload(name: string, type = 'text/plain', size = 1): FormData {
  const form = new FormData()
  form.append('file', new Blob(['x'.repeat(size)], { type }), name)
  return form
}

const password = (currentPassword: string, newPassword = 'secret enough') => ({
  body: { currentPassword, newPassword },
})

/** `METHOD PATH WRITE`: what is tried at a route, and the write that the audit calls it. `ticket` is alice's own. */
function recordAttempts(ticket: string): Attempts {
  const large = { body: { ticket_title: 'x'.repeat(2 ** 21) } }
  const noJson = { body: {}, headers: { 'content-type': 'text/plain' } }
  const changed = { body: {}, headers: { 'if-match': '"x"' } }
  return {
    'post /modules/{module}/records create': [
      ['/modules/HelpDesk/records', { body: title, ...key('one') }, 'ok'],
      ['/modules/HelpDesk/records', { body: title, ...key('one') }, undefined],
      ['/modules/HelpDesk/records', { body: {}, ...key('one') }, 'IDEMPOTENCY_KEY_REUSED'],
      ['/modules/HelpDesk/records', { body: title, ...key('with a blank') }, 'VALIDATION_FAILED'],
      ['/modules/HelpDesk/records', { body: { ticket_title: 1 } }, 'INVALID_VALUE'],
      ['/modules/HelpDesk/records', { body: { no_such_field: 'x' } }, 'UNKNOWN_FIELD'],
      ['/modules/Leads/records', { body: {} }, 'UNKNOWN_MODULE'],
      ['/modules/HelpDesk/records', large, 'BODY_TOO_LARGE'],
      ['/modules/HelpDesk/records', noJson, 'UNSUPPORTED_MEDIA_TYPE'],
      ['/modules/HelpDesk/records', {}, 'VALIDATION_FAILED'],
    ],
    'patch /records/{id} update': [
      [`/records/${ticket}`, { body: { description: 'secret' } }, 'ok'],
      [`/records/${ticket}`, { body: { description: 'secret' } }, 'unchanged'],
      [`/records/${ticket}`, changed, 'PRECONDITION_FAILED'],
      [`/records/${ticket}`, { body: [] }, 'VALIDATION_FAILED'],
      [`/records/${ids.carolTicket}`, { body: {} }, 'NOT_FOUND'],
      ['/records/x', { body: {} }, 'VALIDATION_FAILED'],
    ],
    'put /records/{id}/related/{other} relate': [
      [`/records/${ticket}/related/15x8644`, {}, 'ok'],
      [`/records/${ticket}/related/15x8684`, {}, 'NOT_FOUND'],
      [`/records/${ticket}/related/x`, {}, 'VALIDATION_FAILED'],
    ],
    'delete /records/{id}/related/{other} unrelate': [
      [`/records/${ticket}/related/15x8644`, {}, 'ok'],
      [`/records/${ticket}/related/${ids.alice}`, {}, 'NOT_WRITABLE'],
    ],
    'post /records/{id}/comments comment': [
      [`/records/${ticket}/comments`, { body: { text: 'secret' }, ...key('two') }, 'ok'],
      [`/records/${ticket}/comments`, { body: { text: 'secret' }, ...key('two') }, undefined],
      [`/records/${ticket}/comments`, { body: { text: ' ' } }, 'INVALID_VALUE'],
      [`/records/${ticket}/comments`, { body: { text: '' } }, 'VALIDATION_FAILED'],
      [`/records/${ids.carolTicket}/comments`, { body: { text: 'secret' } }, 'NOT_FOUND'],
    ],
    'post /records/{id}/actions/{name} action': [
      [`/records/${ids.alice}/actions/LBL_ADD_NOTE`, {}, 'ACTION_NOT_RUNNABLE'],
      [`/records/${ids.alice}/actions/other`, {}, 'NOT_FOUND'],
      ['/records/x/actions/LBL_ADD_NOTE', {}, 'VALIDATION_FAILED'],
    ],
  }
}

function otherAttempts(ticket: string): Attempts {
  return {
    'post /documents create': [
      ['/documents', { body: upload('secret.txt'), ...key('three') }, 'ok'],
      ['/documents', { body: upload('secret.txt'), ...key('three') }, undefined],
      ['/documents', { body: upload('secret\t.txt') }, 'VALIDATION_FAILED'],
      ['/documents', { body: new FormData() }, 'VALIDATION_FAILED'],
      ['/documents', { body: upload('secret.html', 'text/html') }, 'UNSUPPORTED_MEDIA_TYPE'],
      ['/documents', { body: {} }, 'UNSUPPORTED_MEDIA_TYPE'],
      ['/documents', { body: upload('secret.txt', 'text/plain', 21 * 2 ** 20) }, 'BODY_TOO_LARGE'],
      ['/documents', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }, 'BAD_REQUEST'],
    ],
    'delete /records/{id} delete': [
      [`/records/${ids.aliceTicket}`, { headers: { 'if-match': '"x"' } }, 'PRECONDITION_FAILED'],
      [`/records/${ticket}`, {}, 'ok'],
      [`/records/${ticket}`, {}, 'NOT_FOUND'],
      ['/records/x', {}, 'VALIDATION_FAILED'],
    ],
    'put /auth/password password': [
      ['/auth/password', password('secret'), 'WRONG_PASSWORD'],
      ['/auth/password', password('alice-pw', 'short'), 'VALIDATION_FAILED'],
      ['/auth/password', password('alice-pw', '<b>secret</b>'), 'INVALID_VALUE'],
      ['/auth/password', password('alice-pw'), 'ok'],
      ...Array.from({ length: 6 }, () => ['/auth/password', password('secret'), /WRONG|LIMITED/] as const),
    ],
  }
}

/** Routes with a method that changes something, which write nothing to coreBOS. */
const writesNothing = [
  'post /auth/login',
  'post /auth/refresh',
  'post /auth/logout',
  'post /auth/logout-all',
  'delete /auth/sessions/{id}',
  'post /auth/password-recovery',
  'post /documents/{id}/link',
  'post /query',
  'post /query/explain',
  'post /webservice.php',
]

async function changingRoutes(portal: Portal): Promise<readonly string[]> {
  const described = (await portal.as(undefined, 'GET', '/openapi.json')).body['paths'] as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  > // as OpenAPI has it
  return Object.entries(described).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'get' && method !== 'head')
      .map((method) => `${method} ${path}`),
  )
}

t.test('every attempt at a route that writes is one line of the audit, whatever comes of it', async (t) => {
  const POLICY_FILE = await policyFile(t, {
    Contacts: { actions: ['LBL_ADD_NOTE'] },
    HelpDesk: { delete: true },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE, RATE_LIMIT_LOGIN: '5/60' } })
  const created = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: title })
  const { id: ticket = '' } = created.body
  const attempts = { ...recordAttempts(ticket), ...otherAttempts(ticket) }

  await t.test('these are all routes', async (t) => {
    const tried = Object.keys(attempts).map((each) => each.replace(/ \w+$/, ''))
    t.strictSame([...writesNothing, ...tried].sort(), (await changingRoutes(portal)).toSorted())
  })

  for (const [route, tries] of Object.entries(attempts)) {
    await t.test(route, async (t) => {
      const [method = '', , operation = ''] = route.split(' ')
      for (const [path, sent, outcome] of tries) {
        const before = auditIn(portal).length
        const { status } = await portal.as('alice', method.toUpperCase(), path, sent)
        const lines = auditIn(portal).slice(before)
        const expected = outcome === undefined ? [] : [{ operation, outcome, contact: ids.alice }]
        t.match(lines, expected, `${path} ${String(outcome)}`)
        t.equal(lines.length, expected.length, `${path} ${status}`)
      }
    })
  }

  await t.test('a guess too many is one of them', async (t) => {
    const limited = auditIn(portal).filter(({ outcome }) => outcome === 'RATE_LIMITED')
    t.ok(limited.length > 0)
  })

  await t.test('a write whose answer is lost is one line each time, and sent once', async (t) => {
    portal.relay.lost.add('create')
    const sent = portal.relay.count('create')
    for (let i = 0; i < 2; i++) {
      const before = auditIn(portal).length
      await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: title, ...key('four') })
      t.match(auditIn(portal).slice(before), [{ operation: 'create', outcome: 'OUTCOME_UNKNOWN' }])
    }
    t.equal(portal.relay.count('create'), sent + 1)
  })

  t.equal((await portal.as(undefined, 'PATCH', `/records/${ids.alice}`, { body: {} })).status, 401)
  t.notMatch(JSON.stringify(auditIn(portal)), /secret|alice-pw|short/)
})

t.test('an entity tag tells whether a record is still what its reader saw', async (t) => {
  const portal = await startPortal(t)
  const path = `/records/${ids.aliceTicket}`
  const seen = await portal.as('alice', 'GET', path)
  const tag = String(seen.headers['etag'])
  t.match(tag, /^"[\w-]{43}"$/)
  t.equal(seen.headers['cache-control'], 'private, no-cache')
  const known = (etag: string) => portal.as('alice', 'GET', path, { headers: { 'if-none-match': etag } })
  t.match(await known(tag), { status: 304, text: '', headers: { etag: tag } })
  for (const etag of [`"x", W/${tag}`, '*']) t.equal((await known(etag)).status, 304, etag)
  t.equal((await known('"x"')).status, 200)

  const patch = (title: string, headers: Record<string, string>) =>
    portal.as('alice', 'PATCH', path, { body: { ticket_title: title }, headers })
  const first = await patch('first', { 'if-match': tag })
  t.match(first, { status: 200, body: { ticket_title: 'first' } })
  for (const headers of [{ 'if-match': tag }, { 'if-match': `W/${tag}` }, { 'if-none-match': '*' }]) {
    const second = await patch('second', headers)
    t.match(second, { status: 412, body: { code: 'PRECONDITION_FAILED' } }, JSON.stringify(headers))
  }
  t.match(await portal.as('alice', 'GET', path), {
    body: { ticket_title: 'first' },
    headers: { etag: first.headers['etag'] },
  })
  t.equal((await patch('third', { 'if-match': `"x", ${String(first.headers['etag'])}` })).status, 200)
  t.match(await portal.as('bob', 'PATCH', path, { body: {}, headers: { 'if-match': tag } }), { status: 404 })

  const now = String((await portal.as('alice', 'GET', path)).headers['etag'])
  const both = await Promise.all(['fourth', 'fifth'].map((title) => patch(title, { 'if-match': now })))
  t.same(both.map(({ status }) => status).sort(), [200, 412], 'of two at once one is too late')

  const asBob = await portal.as('bob', 'GET', '/records/11x8546')
  const asAlice = await portal.as('alice', 'GET', '/records/11x8546')
  t.same(asBob.body, asAlice.body)
  t.not(asBob.headers['etag'], asAlice.headers['etag'], 'each contact has tags of its own')
})

t.test(
  "a conditional write holds a record's lock only where the record is the contact's to write",
  async (t) => {
    const { relay, env } = await startPortal(t)
    const app = await buildApp(readConfig({ ...env }), { sink: { write: () => undefined } })
    t.teardown(() => app.close())
    const login = async (name: string) =>
      (await app.inject({ method: 'POST', url: '/auth/login', payload: credentialsOf(name) })).json<{
        accessToken: string
      }>().accessToken
    const tokens = { alice: await login('alice'), bob: await login('bob') }
    const send = async (
      name: keyof typeof tokens,
      id: string,
      method: 'PATCH' | 'DELETE',
      headers: object,
    ) => {
      const { statusCode, body } = await app.inject({
        method,
        url: `/records/${id}`,
        headers: { authorization: `Bearer ${tokens[name]}`, ...headers },
        ...(method === 'PATCH' && { payload: { ticket_title: 'new' } }),
      })
      return { status: statusCode, body: body.replace(/"requestId":"[^"]*"/, '') }
    }
    /** Whether the lock was held at any call of coreBOS that the work caused. */
    const holds = async <T>(id: string, work: () => Promise<T>) => {
      const tries: Promise<boolean>[] = []
      relay.alter = ({ answer }) => {
        tries.push(app.recordLocks.take(id, async () => false).catch(() => true))
        return answer
      }
      const result = await work()
      relay.alter = undefined
      return { result, asked: tries.length, held: (await Promise.all(tries)).includes(true) }
    }

    for (const [name, id, method, headers, status] of [
      ['bob', ids.aliceTicket, 'PATCH', { 'if-match': '*' }, 404],
      ['bob', ids.aliceTicket, 'PATCH', { 'if-match': '"x"' }, 404],
      ['bob', ids.aliceTicket, 'PATCH', { 'if-none-match': '"x"' }, 404],
      ['bob', ids.aliceTicket, 'DELETE', { 'if-match': '*' }, 403],
      ['alice', ids.acmeTicket, 'PATCH', { 'if-match': '*' }, 403],
      ['alice', ids.acmeTicket, 'PATCH', { 'if-match': '"x"' }, 403],
      ['alice', ids.aliceTicket, 'PATCH', { 'if-match': '"x"' }, 412],
      ['alice', ids.aliceTicket, 'PATCH', { 'if-none-match': '*' }, 412],
    ] as const) {
      const what = `${name}: ${method} ${id} ${JSON.stringify(headers)}`
      const free = await holds(id, () => send(name, id, method, headers))
      t.match(free, { result: { status }, held: false }, what)
      t.equal(free.asked > 0, status !== 403 || method === 'PATCH', `${what}: the record was looked up`)
      const during = await app.recordLocks.take(id, () => send(name, id, method, headers))
      t.same(during, free.result, `${what}: another's lock does not show`)
    }

    const own = () => send('alice', ids.aliceTicket, 'PATCH', { 'if-match': '*' })
    t.match(await app.recordLocks.take(ids.aliceTicket, own), { status: 412, body: /is changing the record/ })
    t.match(await holds(ids.aliceTicket, own), { result: { status: 200 }, held: true })
    t.equal(await app.recordLocks.take(ids.aliceTicket, async () => 'free'), 'free', 'and gives it back')
  },
)

const redisMissing = !installed('redis-server')

t.test('a double click makes one ticket', async (t) => {
  const titled = async ({ admin }: Portal, title: string) => {
    const query = `select id from HelpDesk where ticket_title='${title}';`
    return ((await admin.result('query', { query })) as readonly unknown[]).length
  }
  const ticket = (title: string, key: string) => ({
    body: { ticket_title: title, ticketstatus: 'Open' },
    headers: { 'idempotency-key': key },
  })

  await t.test('by one process', async (t) => {
    let now = Date.now()
    const portal = await startPortal(t, { now: () => now })
    const post = (name: string, title: string, key: string) =>
      portal.as(name, 'POST', '/modules/HelpDesk/records', ticket(title, key))
    await portal.as('alice', 'GET', '/modules')
    const clicks = await Promise.all([post('alice', 'click', 'k1'), post('alice', 'click', 'k1')])
    t.strictSame(clicks.map(({ status }) => status).sort(), [201, 409])
    t.match(
      clicks.find(({ status }) => status === 409),
      { body: { code: 'IDEMPOTENCY_KEY_IN_USE' }, headers: { 'retry-after': '1' } },
    )
    const made = clicks.find(({ status }) => status === 201)
    const again = await post('alice', 'click', 'k1')
    t.strictSame(
      [again.status, again.body, again.headers['location'], again.headers['etag']],
      [201, made?.body, made?.headers['location'], made?.headers['etag']],
    )
    const { body, headers } = ticket('click', 'k1')
    const turned = { headers, body: Object.fromEntries(Object.entries(body).reverse()) }
    t.match(await portal.as('alice', 'POST', '/modules/HelpDesk/records', turned), {
      status: 201,
      body: made?.body,
    })
    t.equal(await titled(portal, 'click'), 1)

    t.match(await post('alice', 'other', 'k1'), { status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    t.match(await portal.as('alice', 'POST', '/modules/ModComments/records', ticket('click', 'k1')), {
      status: 422,
    })
    t.match(await post('bob', 'click', 'k1'), { status: 201 }, 'the keys of others are others')
    t.equal((await post('alice', 'click', 'a key with blanks')).status, 400)

    const rejected = { body: { ticketstatus: 'on fire' }, headers: { 'idempotency-key': 'k2' } }
    t.match(await portal.as('alice', 'POST', '/modules/HelpDesk/records', rejected), { status: 400 })
    t.match(await post('alice', 'mended', 'k2'), { status: 201 }, 'what was rejected was not done')

    portal.relay.lost.add('create')
    const lost = await post('alice', 'lost', 'k3')
    t.match(lost, { status: 409, body: { code: 'OUTCOME_UNKNOWN' } })
    portal.relay.lost.clear()
    now += 300_000
    t.match(await post('alice', 'lost', 'k3'), { status: 409, body: { code: 'OUTCOME_UNKNOWN' } })
    t.equal(await titled(portal, 'lost'), 1, 'coreBOS had made it, and was not asked again')
  })

  await t.test(
    'by two that share a Redis',
    { skip: redisMissing && 'skipped: no redis-server' },
    async (t) => {
      const redis = await startRedis(t)
      const env = {
        ...(await sharedSettings(t, redis)),
      }
      const portal = await startPortal(t, { env })
      const other = await portal.another()
      const post = (at: string, title: string, key: string) =>
        portal.as('alice', 'POST', '/modules/HelpDesk/records', { ...ticket(title, key), at })
      const made = await post(portal.url, 'click', 'k1')
      t.equal(made.status, 201)
      const again = await post(other, 'click', 'k1')
      t.strictSame([again.status, again.body], [201, made.body])
      t.equal(again.headers['etag'], made.headers['etag'], 'both give it the same tag')
      portal.relay.lost.add('create')
      t.match(await post(portal.url, 'lost', 'k2'), { status: 409 })
      portal.relay.lost.clear()
      t.match(await post(other, 'lost', 'k2'), { status: 409, body: { code: 'OUTCOME_UNKNOWN' } })
      t.same([await titled(portal, 'click'), await titled(portal, 'lost')], [1, 1])
    },
  )
})

t.test('a policy opens what may be written, and how far', async (t) => {
  const modules = {
    Contacts: { actor: 'contact_id' },
    ProjectTask: { update: { fields: ['projecttaskname'] } },
    Potentials: { update: { level: 'account', fields: ['potentialname', 'related_to'] } },
    Assets: { create: { fields: ['assetname'], force: { account: '$account' } } },
  }
  const employees = {
    HelpDesk: {
      where: "assigned_user_id='$user' and ticketstatus='Open'",
      update: { fields: ['ticketpriorities', 'ticketstatus'] },
    },
  }
  const POLICY_FILE = await policyFile(t, modules, { employees })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const read = async (id: string) => (await portal.admin.result('retrieve', { id })) as Record<string, string>
  const patch = async (name: string, id: string, body: object) =>
    portal.as(name, 'PATCH', `/records/${id}`, { body })

  await t.test('what is tied through a record that is only seen is not the own', async (t) => {
    const name = { projecttaskname: 'changed' }
    t.match(await patch('alice', '32x8637', name), { status: 200, body: name }, 'of her own project')
    t.equal((await portal.as('alice', 'GET', '/records/32x8577')).status, 200)
    t.equal((await patch('alice', '32x8577', name)).body.code, 'NOT_WRITABLE', "of her company's")
    t.equal((await patch('alice', '32x8677', name)).body.code, 'NOT_FOUND')
    t.notMatch(await read('32x8577'), name)
  })

  await t.test('a tie can be moved within the scope, and not out of it', async (t) => {
    const [deal, acmeDeal] = ['13x8642', '13x8582']
    t.match(await patch('alice', acmeDeal, { related_to: ids.alice }), { status: 200 })
    t.match(await patch('alice', deal, { related_to: '11x8546' }), { status: 200 })
    for (const id of [ids.bob, ids.carol, '11x8547', '12x99999', '']) {
      const { status, body } = await patch('alice', deal, { related_to: id })
      t.match(
        { status, body },
        { status: 422, body: { code: 'REFERENCE_OUT_OF_SCOPE', errors: [{ field: 'related_to' }] } },
      )
    }
    t.match(await read(deal), { related_to: '11x8546' })
  })

  await t.test('what the policy forces is written, and who acts where it names a field for it', async (t) => {
    await patch('alice', ids.alice, { phone: '1' })
    t.match(await read(ids.alice), { phone: '1', contact_id: ids.alice })
    t.equal((await patch('alice', ids.alice, { contact_id: ids.bob })).body.code, 'FIELD_NOT_WRITABLE')
    const asset = { body: { assetname: 'mine' } }
    const made = await portal.as('erin', 'POST', '/modules/Assets/records', asset)
    t.equal(made.body.code, 'NOT_WRITABLE', 'there is no account to force')
  })

  await t.test('every wrong field is named, and coreBOS names others', async (t) => {
    const values = {
      ticketstatus: 'on fire',
      parent_id: ids.carol,
      secret: 'x',
      ticket_title: 'a\0b',
      hours: '1',
    }
    const { body, status } = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: values })
    t.equal(status, 400)
    t.same(
      body.errors?.map(({ field, code }) => [field, code]),
      [
        ['ticketstatus', 'INVALID_VALUE'],
        ['parent_id', 'FIELD_NOT_WRITABLE'],
        ['secret', 'UNKNOWN_FIELD'],
        ['ticket_title', 'INVALID_VALUE'],
        ['hours', 'FIELD_NOT_WRITABLE'],
      ],
    )
    t.match(
      await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: { ticket_title: 'no status' } }),
      {
        status: 422,
        body: {
          code: 'VALUES_REFUSED',
          errors: [{ field: 'ticketstatus', message: 'Status (ticketstatus) does not have a value' }],
        },
      },
    )
    const nothing = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: {} })
    t.equal(nothing.body.code, 'VALUES_REFUSED')
    t.same(nothing.body.errors?.map(({ field }) => field).sort(), ['ticket_title', 'ticketstatus'])
    for (const [path, body, field] of [
      ['/modules/HelpDesk/records', { ticket_title: 'well done 👍', ticketstatus: 'Open' }, 'ticket_title'],
      [`/records/${ids.aliceTicket}/comments`, { text: 'well done 👍' }, 'text'],
    ] as const)
      t.match(
        await portal.as('alice', 'POST', path, { body }),
        { status: 400, body: { code: 'INVALID_VALUE', errors: [{ field, message: /cannot store: 👍$/ }] } },
        'coreBOS would keep ???? of it',
      )
    const misshapen = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
      body: { ticket_title: 1 },
    })
    t.match(misshapen.body, { code: 'INVALID_VALUE', errors: [{ field: 'ticket_title' }] })
    for (const body of [[], 'x', null])
      t.equal(
        (await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body })).body.code,
        'VALIDATION_FAILED',
      )
  })

  await t.test('an employee writes what its own section opens, and does not write it away', async (t) => {
    t.match(await patch('emil', ids.aliceTicket, { ticketpriorities: 'High' }), { status: 200 })
    t.match(await read(ids.aliceTicket), { ticketpriorities: 'High' })
    t.equal((await patch('emil', ids.aliceTicket, { ticketstatus: 'Closed' })).body.code, 'NOT_WRITABLE')
    t.equal((await patch('emil', ids.aliceTicket, { ticket_title: 'x' })).body.code, 'FIELD_NOT_WRITABLE')
    t.equal((await patch('emil', ids.alice, { phone: 'x' })).body.code, 'NOT_FOUND')
    t.match(await read(ids.aliceTicket), { ticketstatus: 'Open' })
  })
})

t.test('a write costs few calls of coreBOS', async (t) => {
  const portal = await startPortal(t)
  await Promise.all(
    // A write needs all modules described, which happens once.
    ['/modules', '/modules/HelpDesk/records', '/modules/Documents/records'].map((path) =>
      portal.as('alice', 'GET', path),
    ),
  )
  await portal.as('alice', 'GET', `/records/${ids.aliceTicket}/comments`)
  const costs: [calls: number, method: string, path: string, body?: object][] = [
    // What a document hangs on is looked up anew before anything is written.
    [15, 'PUT', `/records/${ids.aliceTicket}/related/15x8644`],
    [2, 'POST', '/modules/HelpDesk/records', { ticket_title: 'one more', ticketstatus: 'Open' }],
    [3, 'PATCH', `/records/${ids.aliceTicket}`, { ticket_title: 'another title' }],
    [1, 'PATCH', `/records/${ids.aliceTicket}`, { ticket_title: 'another title' }],
    [1, 'PATCH', `/records/${ids.aliceTicket}`, { parent_id: ids.bob }],
    [0, 'POST', '/modules/HelpDesk/records', { parent_id: ids.bob }],
    [5, 'POST', `/records/${ids.aliceTicket}/comments`, { text: 'a word' }],
  ]
  for (const [calls, method, path, body] of costs) {
    const before = portal.relay.calls.length
    const { status } = await portal.as('alice', method, path, body === undefined ? {} : { body })
    const made = portal.relay.calls.slice(before).map(({ operation }) => operation)
    t.comment(`${made.length} calls: ${method} ${path} → ${status}: ${made.join(', ')}`)
    t.equal(made.length, calls)
  }
})

/** Rows and ids that several requests use: for which scope, and for how long. */
import t from 'tap'
import { startPortal, usualModes } from '../support/portal.ts'
import { until } from '../support/redis-server.ts'
import { startGateway, type Started } from '../support/start.ts'
import { people, ContactPortal } from '../support/levels.ts'

t.test('ids that make up a scope are not used for longer than ACCESS_RECHECK', async (t) => {
  let now = Date.now()
  const gateway = await startGateway(t, { env: { ACCESS_RECHECK: '60' }, now: () => now })
  const { database } = gateway.corebos
  const alice = await ContactPortal.of(gateway, 'alice')
  const tasks = async () => (await alice.ids('select id from ProjectTask limit 1000')).length
  const before = await tasks()
  t.ok(before > 0)
  for (const project of database.records('Project'))
    project.values.set('linktoaccountscontacts', String(people.carol))
  now += 61_000
  t.equal(await tasks(), 0)

  const documents = async () => (await alice.ids('select id from Documents limit 1000')).includes('15x8644')
  t.ok(await documents())
  const relation = database.documentRelations.findIndex((each) => each.document === 8644)
  database.documentRelations.splice(relation, 1)
  t.ok(await documents(), 'a list may be a minute old')
  const content = await alice.get('/documents/15x8644/content')
  t.match(content, { status: 404, body: { code: 'NOT_FOUND' } }, 'what a file hangs on is looked at anew')
  t.match((await alice.send('POST', '/documents/15x8644/link', {})).status, 404)
})

/** Reads that did not ask coreBOS. */
async function shared(
  { operatorUrl }: Started,
  how: 'kept' | 'awaited',
  cache: 'records' | 'answers' = 'records',
): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  return Number(
    new RegExp(`^portal_cache_requests_total\\{cache="${cache}",how="${how}"\\} (\\d+)`, 'm').exec(
      metrics,
    )?.[1] ?? 0,
  )
}

const titles = '/modules/HelpDesk/records?fields=ticket_title&limit=1000'

t.test('rows that are being read are requested once, and are not kept', async (t) => {
  const portal = await startPortal(t, { mode: 'service' })
  const asking = ['alice', 'alice', 'alice', 'bob', 'carol']
  const alone = await Promise.all(asking.map(async (name) => (await portal.as(name, 'GET', titles)).body))
  const before = portal.relay.count('query')
  const known = await shared(portal, 'awaited')
  let release = (): void => undefined
  portal.relay.held = new Promise((resolve) => (release = resolve))
  const together = asking.map(async (name) => portal.as(name, 'GET', titles))
  await until('all have asked', async () => (await shared(portal, 'awaited')) === known + 2)
  await until('and coreBOS was asked', async () => portal.relay.count('query') === before + 3)
  release()
  const answers = await Promise.all(together)
  t.same(
    answers.map(({ status }) => status),
    asking.map(() => 200),
  )
  t.same(
    answers.map(({ body }) => body),
    alone,
    'each got what is its own',
  )
  portal.relay.held = undefined
  await portal.as('alice', 'GET', titles)
  t.equal(portal.relay.count('query'), before + 4, 'whoever comes later asks again')
  t.equal(await shared(portal, 'kept'), 0)

  portal.relay.alter = () => ({ success: false, error: { code: 'QUERY_SYNTAX_ERROR', message: 'no' } })
  const failed = await portal.as('alice', 'GET', titles)
  portal.relay.alter = undefined
  t.ok(failed.status >= 500)
  t.equal((await portal.as('alice', 'GET', titles)).status, 200, 'a failure is not kept either')
})

for (const mode of usualModes) {
  t.test(
    `with READ_CACHE_TTL rows are used again, for the same scope and until something is written, in ${mode} mode`,
    async (t) => {
      let now = Date.now()
      const portal = await startPortal(t, { mode, now: () => now, env: { READ_CACHE_TTL: '60' } })
      const seen = async (name: string, path = titles) =>
        (await portal.as(name, 'GET', path)).body.records ?? []
      const first = await seen('alice')
      t.ok(first.length > 0)
      const asked = portal.relay.count('query')
      t.same(await seen('alice'), first)
      t.equal(portal.relay.count('query'), asked, 'coreBOS is not asked again')
      t.equal(await shared(portal, 'kept', 'answers'), 1)
      const others = await seen('carol')
      t.notOk(
        others.some(({ id }) => first.some((own) => own['id'] === id)),
        'no other contact gets them',
      )

      await portal.admin.result('revise', {
        element: { id: '17x8625', ticket_title: 'changed by the staff' },
      })
      const isChanged = async () =>
        (await seen('alice')).some(({ ticket_title }) => ticket_title === 'changed by the staff')
      now += 59_000
      t.notOk(await isChanged(), 'the staff is not noticed at once')
      now += 1_001
      t.ok(await isChanged(), 'but when the time is over')

      await seen('bob')
      const title = { ticket_title: 'a new one', ticketstatus: 'Open' }
      t.equal((await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: title })).status, 201)
      const written = portal.relay.count('query')
      t.ok((await seen('alice')).some(({ ticket_title }) => ticket_title === 'a new one'))
      await seen('bob')
      t.equal(portal.relay.count('query'), written + 2, 'after a write nobody gets what was kept before')

      const record = '/records/17x8625'
      const rejected = async () =>
        (await portal.as('alice', 'PATCH', record, { body: { ticket_no: 'x' } })).status
      t.equal((await portal.as('alice', 'GET', record)).status, 200)
      t.equal(await rejected(), 403)
      await portal.admin.result('revise', { element: { id: '17x8625', parent_id: '12x8551' } })
      t.equal((await portal.as('alice', 'GET', record)).status, 200, 'a record may be as old as the rest')
      t.equal(await rejected(), 404, 'what is written to is looked at anew')

      await seen('carol')
      await seen('alice', '/modules/Products/records')
      const open = portal.relay.count('query')
      await seen('carol', '/modules/Products/records')
      const more = portal.relay.count('query') - open
      t.equal(
        more,
        mode === 'service' ? 0 : 1,
        'what is open to all is shared where all have the same rights',
      )
    },
  )
}

t.test(
  'ids that make up a scope are looked up again after ACCESS_RECHECK, with any READ_CACHE_TTL',
  async (t) => {
    let now = Date.now()
    const env = { READ_CACHE_TTL: '3600', ACCESS_RECHECK: '60' }
    const portal = await startPortal(t, { now: () => now, env })
    const tasks = async () =>
      (await portal.as('alice', 'GET', '/modules/ProjectTask/records?limit=1000')).body.records
    t.not((await tasks())?.length, 0)
    for (const project of portal.corebos.database.records('Project'))
      project.values.set('linktoaccountscontacts', String(people.carol))
    now += 61_000
    t.same(await tasks(), [])
  },
)

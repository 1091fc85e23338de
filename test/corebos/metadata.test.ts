/** Modules and fields: read once for all instances, as requests need them, and in the background when they grow old. */
import t, { type Test } from 'tap'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { corebosAt, stubCorebos } from '../support/corebos-stub.ts'
import { startPortal, type Portal } from '../support/portal.ts'
import { installed, sharedSettings, startRedis, until } from '../support/redis-server.ts'

const tickets = '/modules/HelpDesk/records?fields=ticket_title&limit=1'

/** What was asked of modules in sessions of contacts; the service user's is warmed by itself. */
function asked({ relay }: Portal): string[] {
  const own = new Set(
    relay.calls
      .filter(({ operation }) => operation === 'loginPortal')
      .map(({ answer }) => String(Reflect.get(Object(answer.result), 'sessionName'))),
  )
  return relay.calls
    .filter(({ params }) => own.has(params.get('sessionName') ?? ''))
    .filter(({ operation }) => operation === 'listtypes' || operation === 'describe')
    .map(({ operation, params }) => params.get('elementType') ?? operation)
}

t.test('a request has the modules described that it needs', async (t) => {
  const portal = await startPortal(t)
  t.equal((await portal.as('alice', 'GET', tickets)).status, 200)
  t.same(asked(portal), ['listtypes', 'HelpDesk'])
  await portal.as('alice', 'GET', '/query?q=select%20ticket_title,Products.productname%20from%20HelpDesk')
  t.same(asked(portal).slice(2), ['Products'], 'those that a statement follows references to')
  await portal.as('alice', 'GET', '/modules/ProjectTask/records?limit=1')
  t.same(asked(portal).slice(3), ['Project,ProjectTask'], 'those that a rule leads to')
  const { body } = await portal.as('alice', 'GET', '/modules')
  t.equal(asked(portal).length, 5, 'all the others at once where all are wanted')
  await portal.as('alice', 'GET', '/records/17x8625')
  t.same((await portal.as('alice', 'GET', '/modules')).body, body)
  t.equal(asked(portal).length, 5)
})

t.test('the service user is asked at the start, before any request', async (t) => {
  const { relay } = await startPortal(t, { keepsStart: true })
  await until('all modules are described', async () => relay.count('describe') > 0)
  t.equal(relay.count('loginPortal'), 0)
})

t.test('a record is found by its id before any module is described', async (t) => {
  const portal = await startPortal(t)
  const { status, body } = await portal.as('alice', 'GET', '/records/17x8625')
  t.equal(status, 200)
  t.equal(body.id, '17x8625')
})

t.test(
  'two instances with one Redis',
  { skip: !installed('redis-server') && 'no redis-server' },
  async (t) => {
    const clock = { at: Date.now() }
    const portal = await started(t, clock)
    const other = await portal.another()
    await portal.as('alice', 'GET', '/modules')
    const { length } = asked(portal)

    t.equal((await portal.as('alice', 'GET', '/modules', { at: other })).status, 200)
    t.equal(asked(portal).length, length, 'what one has read the other has as well')

    clock.at += 61_000
    portal.relay.alter = ({ operation, answer }) =>
      ['listtypes', 'describe'].includes(operation) ? { success: false } : answer
    t.equal((await portal.as('alice', 'GET', '/modules')).status, 200, 'in use while coreBOS fails')
    portal.relay.alter = undefined

    portal.relay.calls.splice(0)
    clock.at += 61_000
    await until('one has read them again', async () => {
      await Promise.all([
        portal.as('alice', 'GET', '/modules'),
        portal.as('alice', 'GET', '/modules', { at: other }),
      ])
      clock.at += 100
      return portal.relay.count('listtypes') > 0
    })
  },
)

t.test('one instance reads for all what has grown old, and the others take it over', async (t) => {
  const clock = { at: 1000 }
  const now = () => clock.at
  const store = new EmbeddedStore({ life: { idle: 1, max: 1, grace: 1 }, now })
  const stub = await stubCorebos(t, ({ operation }) =>
    operation === 'listtypes' ? { types: ['A', 'B'] } : description,
  )
  const generation = async () => (await store.generations()).schemaGeneration
  const instances = ['one', 'two', 'three'].map(() => {
    const corebos = corebosAt(t, stub.url, { metadataTtlMs: 500, now })
    corebos.metadata.shareIn({ values: store, generation })
    return corebos
  })
  const all = async (needed?: () => string[]) => {
    const read = instances.map(async (corebos) =>
      corebos.metadata.of('19x5', corebos.session('abcdefgh'), ['A', 'B'], needed),
    )
    const catalogues = await Promise.all(read)
    await Promise.all(instances.map(async ({ metadata }) => metadata.settled()))
    return catalogues
  }
  const [first] = await all(() => ['A'])
  t.throws(() => first?.byName('B'), { name: 'NotDescribed', modules: ['B'] })
  await all(() => ['A'])
  stub.received.length = 0
  clock.at += 501
  t.equal((await all(() => ['A']))[0]?.byName('A'), first?.byName('A'), 'the old ones are in use meanwhile')
  for (let look = 0; look < 3; look++) {
    clock.at += 100
    await all(() => ['A'])
  }
  t.same(
    stub.received.map(({ operation }) => operation),
    ['listtypes', 'describe'],
  )
  await store.invalidate('everything')
  for (const { metadata } of instances) metadata.clear()
  stub.received.length = 0
  await all(() => ['A'])
  t.ok(stub.received.length > 0, 'what an operator has ended is read again')
})

const description = {
  ...{ name: 'A', label: 'A', idPrefix: '1', isEntity: true, labelFields: 'title', fields: [] },
  ...{ createable: true, updateable: true, deleteable: true, retrieveable: true },
}

async function started(t: Test, clock: { at: number }): Promise<Portal> {
  const env = { ...(await sharedSettings(t, await startRedis(t))), METADATA_TTL: '60' }
  return startPortal(t, { env, now: () => clock.at })
}

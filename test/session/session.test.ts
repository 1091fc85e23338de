/** The embedded store, and the names and generations of sessions. */
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import fastify from 'fastify'
import t from 'tap'
import metrics from '../../plugins/metrics.ts'
import sessions from '../../plugins/sessions.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { present, usesKept } from '../../src/tokens/refresh.ts'
import { SessionNames } from '../../src/webservice/session-names.ts'
import { contact, facts, life, storeContract } from '../support/session-contract.ts'

function clock() {
  let time = Date.UTC(2026, 0, 1)
  return { now: () => time, pass: (ms: number) => void (time += ms) }
}

t.test('the embedded store', (t) => {
  storeContract(t, async (t) => {
    const { now, pass } = clock()
    const store = new EmbeddedStore({ life, now })
    t.teardown(() => store.close())
    return { store, pass }
  })
  t.end()
})

t.test('the embedded store keeps no more than it may, and lets the oldest go', async (t) => {
  const { now, pass } = clock()
  const store = new EmbeddedStore({ life, now, maxSessions: 3, maxEntries: 3 })
  const sessions = []
  for (let n = 0; n < 3; n++) sessions.push((await store.create(facts(`12x${n}`))).session)
  await store.read(sessions[0]?.id ?? '')
  const fourth = (await store.create(facts('12x9'))).session
  const alive = await Promise.all(
    [...sessions, fourth].map(async ({ id }) => (await store.read(id)).session !== undefined),
  )
  t.same(alive, [true, false, true, true], 'the one seen longest ago was removed')
  t.same(
    (await store.reap()).map(({ contact }) => contact.id),
    ['12x1'],
    'and its coreBOS session can be ended',
  )

  const budget = { key: 'guess:12x1', max: 4, window: 86_400_000, cost: 4, kind: 'budget' } as const
  await store.take([budget])
  for (let n = 0; n < 1000; n++) await store.take([{ key: `ip:${n}`, max: 5, window: 60_000 }])
  t.match(
    await store.take([budget]),
    [{ allowed: false }],
    'a flood of addresses does not give a budget back',
  )
  t.match(await store.take([{ key: 'ip:999', max: 5, window: 60_000, cost: 0 }]), [{ count: 1 }])
  t.match(await store.take([{ key: 'ip:1', max: 5, window: 60_000, cost: 0 }]), [{ count: 0 }])
  pass(60_000)
  t.match(await store.take([{ key: 'ip:999', max: 5, window: 60_000, cost: 0 }]), [{ count: 0 }])
  await store.close()
})

t.test('where there is no room, a contact with many sessions makes it', async (t) => {
  const { now } = clock()
  const store = new EmbeddedStore({ life, now, maxSessions: 30 })
  const others = []
  for (let n = 0; n < 15; n++) others.push((await store.create(facts(`12x${n}`))).session)
  const own = []
  for (let n = 0; n < 200; n++) own.push((await store.create(facts('12x99'))).session)
  const alive = async ({ id }: { readonly id: string }) => (await store.read(id)).session !== undefined
  t.same(
    await Promise.all(others.map(alive)),
    Array.from(others, () => true),
    'those of others stay',
  )
  t.same(
    await Promise.all(own.map(alive)),
    own.map((_, n) => n >= 185),
    'its latest ones too',
  )
  await store.close()
})

t.test('a generation says what happened to a refresh token', (t) => {
  const at = (now: number) => ({ now, grace: 10 })
  // Generations 3 and 4 were first presented at 1000 and 1005.
  const known = { generation: 5, uses: [1000, 1005] }
  t.same(present(5, known, at(1008)), { generation: 6, uses: [1000, 1005, 1008] }, 'the current one')
  t.same(present(5, known, at(9999)), { generation: 6, uses: [9999] }, 'the current one, however old')
  t.same(present(6, known, at(1008)), { generation: 7, uses: [1000, 1005, 1008, 1008] }, 'a lost write')
  t.equal(present(7, known, at(1008)), 'reuse', 'two ahead')
  t.same(present(3, known, at(1010)), known, 'the last moment of its grace')
  t.same(present(4, known, at(1011)), { generation: 5, uses: [1005] })
  t.equal(present(3, known, at(1011)), 'reuse', 'after its grace')
  t.equal(present(2, known, at(1008)), 'reuse', 'of long ago')
  const full = { generation: 90, uses: Array.from({ length: usesKept }, () => 1000) }
  t.same(present(90, full, at(1010)), full, 'not replaced while too many are within their grace')
  t.same(present(90, full, at(1011)), { generation: 91, uses: [1011] })
  t.end()
})

t.test('a session carries its contact unchanged', async (t) => {
  const store = new EmbeddedStore({ life, now: Date.now })
  const employee = { ...contact('22x3'), entity: 'Employee', accountId: undefined, level: 'own' } as const
  const { session } = await store.create({ ...facts('22x3'), contact: employee })
  t.same((await store.read(session.id)).session?.contact, employee)
  await store.close()
})

t.test('a session name of `/webservice.php` is valid only with our signature', async (t) => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  const store = new EmbeddedStore({ life, now: Date.now })
  const { session, refreshToken } = await store.create(facts('12x1'))
  const other = (await store.create(facts('12x2'))).session
  const name = new SessionNames([old]).name(session)
  const claim = { sessionId: session.id, contactId: '12x1' }
  t.same(new SessionNames([old]).read(name), claim)
  t.same(new SessionNames([fresh, old]).read(name), claim, 'keys are rotated')
  t.equal(new SessionNames([fresh]).read(name), undefined, 'a key that was given up')
  const [id = '', contactId = '', mac = ''] = name.split('.')
  for (const forged of [
    '',
    id,
    refreshToken,
    `${id}.${contactId}`,
    `${id}.${contactId}.`,
    `${id}.12x2.${mac}`,
    `${other.id}.${contactId}.${mac}`,
    `${id}.${contactId}.${'A'.repeat(22)}`,
    `${id}.${contactId}.${mac}A`,
    `${id}.${contactId}.${mac.slice(1)}`,
    `${name}\n`,
    ` ${name}`,
    `${id}\n${contactId}.${mac}`,
  ])
    t.equal(new SessionNames([old]).read(forged), undefined, JSON.stringify(forged))
  await store.close()
})

t.test('coreBOS sessions are ended behind sessions that ran out, also where one of them fails', async (t) => {
  const { now, pass } = clock()
  const ended: (string | undefined)[] = []
  const both = new EventEmitter()
  const ending = once(both, 'ended')
  const app = fastify()
  await app.register(metrics)
  await app.register(sessions, {
    life,
    now,
    reapEvery: 5,
    endUpstream: async ({ upstream }) => {
      ended.push(upstream)
      if (ended.length === 2) both.emit('ended')
      throw new Error('coreBOS is away')
    },
  })
  await app.sessions.create(facts('12x1'))
  await app.sessions.create(facts('12x2'))
  await app.sessions.create({ ...facts('12x3'), upstream: undefined })
  await app.listen({ port: 0, host: '127.0.0.1' })
  pass(life.idle)
  await ending
  t.same(ended.toSorted(), ['upstream-12x1', 'upstream-12x2'])
  await app.close()
})

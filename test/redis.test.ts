import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Take } from '../src/session/contract.ts'
import { RedisStore } from '../src/session/redis.ts'
import { installed, startRedis, until, type Server } from './redis-server.ts'
import { facts, life, storeContract } from './session-contract.ts'

const skip = installed('redis-server') ? false : 'skipped: redis-server is not on the PATH'
const keys = [randomBytes(32)]

function clock() {
  let time = Date.UTC(2026, 0, 1)
  return { now: () => time, pass: (ms: number) => void (time += ms) }
}

/** A store that is connected, closed with the test. */
async function open(
  t: Test,
  url: string,
  options: { readonly keys?: readonly Buffer[]; readonly now?: () => number } = {},
) {
  const store = new RedisStore({ url, keys, life, now: Date.now, ...options })
  t.teardown(() => store.close())
  await until('a connection', async () => store.ping().then(() => true))
  return store
}

const urlOf = (server: Server) => `redis://127.0.0.1:${server.port}`

t.test('one server', { skip }, async (t) => {
  const server = await startRedis(t)
  storeContract(t, async (t) => {
    await server.admin.flushall()
    const { now, pass } = clock()
    return { store: await open(t, urlOf(server), { now }), pass }
  })
})

t.test('a request costs one command, a log-in two, counted by Redis itself', { skip }, async (t) => {
  const server = await startRedis(t)
  const store = await open(t, urlOf(server))
  const login: Take[] = [
    { key: 'login:192.0.2.1', max: 100, window: 60_000 },
    { key: 'guess:12x1', max: 100, window: 60_000, kind: 'budget' },
  ]
  const limits: Take[] = [
    { key: 'ip:192.0.2.1', max: 1000, window: 60_000 },
    { key: 'contact:12x1', max: 1000, window: 60_000 },
  ]
  const { session } = await store.create(facts('12x1'))
  await Promise.all([store.take(login), store.read(session.id, limits)])

  /** Commands that came over the wire: what a script calls is counted as well, so the script itself is what counts. */
  const sent = async (work: () => Promise<unknown>) => {
    await server.admin.config('RESETSTAT')
    await work()
    const stats = await server.admin.info('commandstats')
    const lines = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
    return Object.fromEntries(
      lines.flatMap(([, name = '', calls]) => (/^(eval|config)/.test(name) ? [[name, Number(calls)]] : [])),
    )
  }
  const requests = await sent(async () => {
    for (let n = 0; n < 100; n++) t.ok((await store.read(session.id, limits)).session)
  })
  t.same(requests, { evalsha: 100, 'config|resetstat': 1 }, '100 requests')
  const [calls] = /total_commands_processed:(\d+)/.exec(await server.admin.info('stats')) ?? []
  t.comment(
    `100 authenticated requests: evalsha ${requests['evalsha'] ?? 0}; ${calls ?? ''} with what the scripts call`,
  )

  const logins = await sent(async () => {
    await store.take(login)
    await store.create(facts('12x1'), ['guess:12x1'])
  })
  t.same(logins, { evalsha: 2, 'config|resetstat': 1 }, 'a log-in: limits and budget, then the session')
})

t.test('a dump of Redis tells nothing, and a session takes less than a kilobyte', { skip }, async (t) => {
  const server = await startRedis(t)
  const store = await open(t, urlOf(server))
  const upstream = 'coreBOS-session-name-0123456789'
  const userAgent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 with more'
  const opened = []
  for (let n = 0; n < 200; n++)
    opened.push(await store.create({ ...facts(`12x${8549 + n}`), upstream, userAgent }))
  const bytes = await memory(server)
  t.comment(`bytes per session: ${Math.round(bytes / 200)}`)
  t.ok(bytes / 200 <= 1024, 'session, index and queue together')

  const [first] = opened
  await store.take([{ key: 'ip:192.0.2.77', max: 5, window: 60_000 }])
  await store.put('idempotency:12x8549:/records/HelpDesk', 'a ticket about 17x8625', 60_000)
  await store.invalidate('12x8549')
  const names = await server.admin.keysBuffer('*')
  const dump = Buffer.concat(
    await Promise.all(names.map(async (name) => Buffer.concat([name, await server.admin.dumpBuffer(name)]))),
  ).toString('latin1')
  const secrets = [
    upstream,
    '8549',
    'alice',
    '192.0.2',
    '11x74',
    'Mozilla',
    '17x8625',
    first?.session.id,
    first?.refreshToken,
  ]
  for (const secret of secrets) t.notOk(dump.includes(secret ?? '?'), `no ${secret ?? '?'}`)
})

async function memory({ admin }: Server): Promise<number> {
  const sizes = await Promise.all(
    (await admin.keys('*')).map((name) => admin.memory('USAGE', name, 'SAMPLES', 0)),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

t.test(
  'sealed values work in no other place, with no other key, and not when changed',
  { skip },
  async (t) => {
    const server = await startRedis(t)
    const store = await open(t, urlOf(server))
    const alice = (await store.create(facts('12x1'))).session
    const bob = (await store.create(facts('12x2'))).session
    const [one = '', two = ''] = (await server.admin.keys('gw:{*}s:*')).sort()
    const kept = [await server.admin.getBuffer(one), await server.admin.getBuffer(two)].map((text) =>
      text?.subarray(49),
    )
    const write = async (name: string, sealed: Buffer | undefined) => {
      const times = (await server.admin.getBuffer(name))?.subarray(0, 49)
      await server.admin.set(
        name,
        Buffer.concat([times ?? Buffer.alloc(0), sealed ?? Buffer.alloc(0)]),
        'KEEPTTL',
      )
    }
    const found = async () => [
      (await store.read(alice.id)).session?.contact.id,
      (await store.read(bob.id)).session?.contact.id,
    ]

    await write(one, kept[1])
    await write(two, kept[0])
    t.same(await found(), [undefined, undefined], 'swapped')
    const changed = Buffer.from(kept[0] ?? '')
    changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
    await write(one, changed)
    await write(two, kept[1]?.subarray(0, 30))
    t.same(await found(), [undefined, undefined], 'one bit changed; cut short')
    await write(one, kept[0])
    await write(two, kept[1])
    t.same(await found(), ['12x1', '12x2'], 'as they were')

    const other = await open(t, urlOf(server), { keys: [randomBytes(32)] })
    t.equal((await other.read(alice.id)).session, undefined, 'another key')
    t.same(await other.list('12x1'), [])
  },
)

t.test('keys are rotated without losing a session, a count or a value', { skip }, async (t) => {
  const server = await startRedis(t)
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  const stages = { before: [old], reads: [old, fresh], writes: [fresh, old] }
  const { before, reads, writes } = {
    before: await open(t, urlOf(server), { keys: stages.before }),
    reads: await open(t, urlOf(server), { keys: stages.reads }),
    writes: await open(t, urlOf(server), { keys: stages.writes }),
  }
  const { session, refreshToken } = await before.create(facts('12x1'))
  const budget: Take = { key: 'guess:12x1', max: 4, window: 3_600_000 }
  await before.take([budget])
  await before.put('idempotency:1', 'done', 60_000)

  const young = await writes.create(facts('12x1'))
  for (const store of [reads, writes]) {
    t.equal((await store.read(session.id)).session?.id, session.id)
    t.equal((await store.read(young.session.id)).session?.id, young.session.id)
    t.same(new Set((await store.list('12x1')).map(({ id }) => id)), new Set([session.id, young.session.id]))
    t.match(await store.rotate(refreshToken), { kind: 'rotated' })
    t.equal(await store.get('idempotency:1'), 'done')
  }
  t.match(await reads.take([budget]), [{ count: 2 }])
  t.match(await writes.take([budget]), [{ count: 3 }], 'moves to the new name')
  t.match(await reads.take([budget]), [{ count: 4 }], 'and back')
  t.match(await writes.take([budget]), [{ allowed: false }], 'two names are not two budgets')
  t.equal(await writes.claim('idempotency:1', 'again', 60_000), 'done')
  await writes.put('idempotency:1', 'new', 60_000)
  t.equal(await reads.get('idempotency:1'), 'new')
  t.equal(await reads.pull('idempotency:1'), 'new')
  t.equal(await writes.get('idempotency:1'), undefined)

  const stamp = (await reads.read(session.id)).stamp
  await writes.invalidate('12x1')
  t.not((await reads.read(session.id)).stamp, stamp)
  t.equal((await reads.endAll('12x1')).length, 2, 'logout-all ends those of both keys')
  t.same(await writes.list('12x1'), [])
})

t.test('a rotation that Redis forgot is no theft, more than one is', { skip }, async (t) => {
  const server = await startRedis(t)
  const store = await open(t, urlOf(server))
  const rotated = async (token: string) => {
    const rotation = await store.rotate(token)
    return rotation.kind === 'rotated' ? rotation.refreshToken : rotation.kind
  }
  const { session, refreshToken: first } = await store.create(facts('12x1'))
  const [name = ''] = await server.admin.keys('gw:{*}s:*')
  const forget = async (generation: number) =>
    server.admin.setrange(name, 39, `${generation}`.padStart(10, '0'))

  const second = await rotated(first)
  await forget(1)
  const third = await rotated(second)
  t.match(third, /^[^.]+\.3\./, 'one ahead is taken as current')
  t.equal(await rotated(second), third, 'and repeats within the grace')
  const fourth = await rotated(third)
  await forget(2)
  t.equal(await rotated(fourth), 'reused', 'two ahead')
  t.equal((await store.read(session.id)).session, undefined)
})

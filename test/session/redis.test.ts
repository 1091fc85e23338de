/** The Redis store against a real server. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import type { RateCheck } from '../../src/session/contract.ts'
import { readAddress } from '../../src/session/redis/address.ts'
import { KeyRing } from '../../src/session/redis/encryption.ts'
import { OpenedSessions } from '../../src/session/redis/opened.ts'
import { RedisStore } from '../../src/session/redis/store.ts'
import { commandsOf, installed, scratch, startRedis, until, type Server } from '../support/redis-server.ts'
import { facts, life, storeContract } from '../support/session-contract.ts'

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
  const store = await RedisStore.open({ url, keys, life, now: Date.now, ...options })
  t.teardown(() => store.close())
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

t.test('a request costs one command, a log-in three, counted by Redis itself', { skip }, async (t) => {
  const server = await startRedis(t)
  const store = await open(t, urlOf(server))
  const login: RateCheck[] = [
    { key: 'login:192.0.2.1', max: 100, window: 60_000 },
    { key: 'guess:12x1', max: 100, window: 60_000, kind: 'budget' },
  ]
  const limits: RateCheck[] = [
    { key: 'ip:192.0.2.1', max: 1000, window: 60_000 },
    { key: 'contact:12x1', max: 1000, window: 60_000 },
  ]
  const { session } = await store.create(facts('12x1'))
  await Promise.all([
    store.take(login),
    store.read(session.id, limits),
    store.takeSlot('other', 'ticket', '', 4, 1000),
  ])

  const requests = await commandsOf(server, async () => {
    for (let n = 0; n < 100; n++) t.ok((await store.read(session.id, limits)).session)
  })
  t.same(requests, { evalsha: 100 }, '100 requests')
  const [calls] = /total_commands_processed:(\d+)/.exec(await server.admin.info('stats')) ?? []
  t.comment(
    `100 authenticated requests: evalsha ${requests['evalsha'] ?? 0}; ${calls ?? ''} with what the scripts call`,
  )

  const logins = await commandsOf(server, async () => {
    await store.take(login)
    await store.takeSlot('failures:12x1', 'ticket', 'under way', 4, 86_400_000)
    await store.create(facts('12x1'), { key: 'failures:12x1', slots: ['ticket'] })
  })
  t.same(logins, { evalsha: 3 }, 'a log-in: limits, a slot of the budget, the session')
})

t.test('what was opened a moment ago is known by its bytes alone', { skip }, async (t) => {
  const server = await startRedis(t)
  const [one, other] = [await open(t, urlOf(server)), await open(t, urlOf(server))]
  const { session } = await one.create(facts('12x1'))
  const { contact, id } = session
  const read = async (store: RedisStore) => (await store.read(id)).session
  for (let n = 0; n < 3; n++) t.same((await read(one))?.contact, contact)
  t.ok(await other.update(id, { checkedAt: 7, contact: { ...contact, level: 'own' } }))
  t.match(await read(one), { checkedAt: 7, contact: { level: 'own' } }, 'changed on another instance')

  const [name = ''] = (await server.admin.keys('gw:*')).filter((each) => each.includes('}s:'))
  const bytes = (await server.admin.getBuffer(name)) ?? Buffer.alloc(0)
  const spoilt = Buffer.from(bytes)
  spoilt[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await server.admin.set(name, spoilt, 'KEEPTTL')
  t.equal(await read(one), undefined, 'one bit differs')
  await server.admin.set(name, bytes, 'KEEPTTL')
  t.match(await read(one), { checkedAt: 7 })

  t.ok(await other.end(id))
  t.equal(await read(one), undefined, 'ended on another instance')
})

t.test('opened bytes are opened for the place alone that they were sealed for', (t) => {
  const ring = new KeyRing(keys)
  let decrypted = 0
  const opened = new OpenedSessions({
    open: (place, sealed) => {
      decrypted += 1
      return ring.open(place, sealed)
    },
  })
  const text = JSON.stringify([
    1,
    'id',
    'Contacts',
    '12x1',
    null,
    '19x1',
    'u',
    'en',
    'own',
    null,
    '',
    '',
    1,
    2,
    3,
  ])
  const sealed = ring.seal('here', text)
  for (let n = 0; n < 3; n++) t.match(opened.open('here', Buffer.from(sealed)), { id: 'id', expiresAt: 3 })
  t.equal(decrypted, 1)
  t.equal(opened.open('there', sealed), undefined)
  t.equal(opened.open('here', Buffer.concat([sealed, Buffer.from('x')])), undefined)
  t.equal(opened.open('here', new KeyRing([randomBytes(32)]).seal('here', text)), undefined)
  t.match(opened.open('here', ring.seal('here', text)), { id: 'id' })
  t.equal(decrypted, 5, 'the same facts sealed anew are other bytes')
  t.end()
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
  await store.put('idempotency:12x8549:/modules/HelpDesk/records', 'a ticket about 17x8625', 60_000)
  await store.invalidate('records')
  const names = await server.admin.keysBuffer('*')
  const dump = Buffer.concat(
    await Promise.all(names.map(async (name) => Buffer.concat([name, await server.admin.dumpBuffer(name)]))),
  ).toString('latin1')
  const secrets = [
    upstream,
    '12x8549',
    'alice',
    '192.0.2',
    '11x74',
    'Mozilla',
    '17x8625',
    first?.session.id,
    first?.refreshToken,
  ]
  for (const secret of secrets) t.notOk(dump.includes(secret ?? '?'), `no ${secret ?? '?'}`)
  t.notMatch(dump, /(?<![0-9A-Za-z])8549(?![0-9A-Za-z])/, 'nor its number alone')
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
  const budget: RateCheck = { key: 'guess:12x1', max: 4, window: 3_600_000 }
  await before.take([budget])
  await before.put('idempotency:1', 'done', 60_000)

  await before.takeSlot('failures:12x1', 'one', 'failed', 4, 86_400_000)
  t.same([...(await writes.takeSlot('failures:12x1', 'two', 'failed', 4, 86_400_000)).others.keys()], ['one'])
  t.same(
    [...(await reads.takeSlot('failures:12x1', 'three', 'failed', 4, 86_400_000)).others.keys()].sort(),
    ['one', 'two'],
  )
  await writes.releaseSlots({ key: 'failures:12x1', slots: ['one'] })
  t.same([...(await reads.takeSlot('failures:12x1', 'four', '', 4, 86_400_000)).others.keys()].sort(), [
    'three',
    'two',
  ])

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

  const cacheGeneration = (await reads.read(session.id)).cacheGeneration
  await writes.invalidate('records')
  t.not((await reads.read(session.id)).cacheGeneration, cacheGeneration)
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

const away = { code: 'STORE_UNAVAILABLE', status: 503, retryAfter: 1 }

async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const began = performance.now()
  await work.catch(() => undefined)
  return performance.now() - began < ms
}

interface Away {
  readonly store: RedisStore
  readonly sessionId: string
  readonly refreshToken: string
}

/** Every step of the store that has no answer without Redis. */
async function rejectsEverything(t: Test, { store, sessionId, refreshToken }: Away): Promise<void> {
  const began = performance.now()
  const steps: readonly Promise<unknown>[] = [
    store.read(sessionId, [{ key: 'contact:12x1', max: 1000, window: 60_000 }]),
    store.create(facts('12x1')),
    store.rotate(refreshToken),
    store.update(sessionId, { checkedAt: 1 }),
    store.list('12x1'),
    store.end(sessionId),
    store.endAll('12x1'),
    store.reap(),
    store.claim('idempotency:1', 'x', 1000),
    store.pull('link:1'),
    store.invalidate('records'),
    store.ping(),
  ]
  await Promise.all(steps.map((step, index) => t.rejects(step, away, `step ${index}`)))
  t.ok(performance.now() - began < 1500, 'nothing hangs')
}

const limit: RateCheck = { key: 'ip:192.0.2.1', max: 2, window: 60_000 }
const budget: RateCheck = { key: 'guess:12x1', max: 4, window: 60_000, kind: 'budget' }

t.test('while Redis is away nothing hangs and no limit is waived', { skip }, async (t) => {
  const server = await startRedis(t)
  const states: string[] = []
  const onState = (state: string) => states.push(state)
  const store = new RedisStore({ url: urlOf(server), keys, life, now: Date.now, onState })
  t.teardown(() => store.close())
  await until('a connection', async () => store.ping().then(() => true))
  const { session, refreshToken } = await store.create(facts('12x1'))
  const stored = { store, sessionId: session.id, refreshToken }

  await t.test('a Redis that is gone: everything but limits is rejected', async (t) => {
    await server.kill()
    await until('the connection is lost', async () => states.includes('lost'))
    await rejectsEverything(t, stored)
  })

  await t.test('limits count in this process, budgets are spent', async (t) => {
    const results = await Promise.all([1, 2, 3].map(() => store.take([limit, budget])))
    t.same(
      results.map((taken) => taken.map(({ allowed }) => allowed)),
      [
        [true, false],
        [true, false],
        [false, false],
      ],
    )
  })

  await t.test('a caller over its limit is told so, and not to come back at once', async (t) => {
    const results = [{ allowed: false, count: 2, resetIn: Number, away: true }]
    t.match(await store.read(session.id, [limit]), { session: undefined, cacheGeneration: '', results })
  })

  const again = await startRedis(t, { port: server.port })

  await t.test('it is used again within a second of its start', async (t) => {
    const began = performance.now()
    await until('it is back', async () => store.create(facts('12x1')).then(() => true))
    const recovered = performance.now() - began
    t.comment(`recovered in ${Math.round(recovered)} ms`)
    t.ok(recovered < 1000, 'recovered within a second')
    t.match(await store.take([limit, budget]), [{ allowed: true }, { allowed: true }])
  })

  await t.test('a Redis that hangs is one that is away', async (t) => {
    again.process.kill('SIGSTOP')
    const hung = performance.now()
    await t.rejects(store.list('12x1'), away)
    t.ok(performance.now() - hung < 1500)
    await rejectsEverything(t, stored)
    again.process.kill('SIGCONT')
    const woken = performance.now()
    await until('it is back', async () => store.ping().then(() => true))
    t.ok(performance.now() - woken < 1000, 'recovered within a second')
  })

  await t.test('a replica is not written to, and used again once it is the master', async (t) => {
    await again.admin.replicaof('127.0.0.1', 1)
    await t.rejects(store.create(facts('12x1')), away)
    await again.admin.replicaof('NO', 'ONE')
    await until('a master again', async () => store.create(facts('12x1')).then(() => true), 1000)
  })
})

t.test('an ending counts once a replica has it, and is rejected while none does', { skip }, async (t) => {
  const master = await startRedis(t)
  const store = await open(t, urlOf(master))
  const alone = (await store.create(facts('12x1'))).session
  t.ok(await within(400, store.end(alone.id)), 'without replicas there is nothing to wait for')

  const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', `${master.port}`] })
  const two = (await store.create(facts('12x1'))).session
  await until('the replica is in step', async () => {
    await master.admin.set('step', 'on')
    return (await master.admin.wait(1, 1000)) === 1
  })
  // A machine that is busy may keep the replica for longer than an ending waits for it.
  await until('an ending is acknowledged', async () => {
    const { session } = await store.create(facts('12x2'))
    return (await store.end(session.id)) !== undefined
  })
  await store.reap()
  t.equal((await replica.admin.keys('gw:{*}s:*')).length, 1, 'the replica has it when it is acknowledged')

  replica.process.kill('SIGSTOP')
  const three = (await store.create(facts('12x1'))).session
  await t.rejects(store.end(three.id), away, 'no replica has it')
  t.same(
    (await store.reap()).map(({ id }) => id),
    [three.id],
  )
  await t.rejects(store.endAll('12x1'), away, 'nor all of them')
  t.equal((await store.read(two.id)).session, undefined, 'ended all the same')
  t.same(
    (await store.reap()).map(({ id }) => id),
    [two.id],
    'its coreBOS session is not forgotten',
  )
  replica.process.kill('SIGCONT')
  t.same(await store.endAll('12x1'), [])
})

t.test('URLs name every way to reach Redis, and wrong ones are rejected without being quoted', async (t) => {
  const form = (url: string) => {
    const { kind, nodes, master, db, username, password, tls } = readAddress(url)
    const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join()
    return [kind, hosts, master, db, username, password, tls !== undefined].join(' ')
  }
  t.equal(form('redis://localhost'), 'redis localhost:6379  0   false')
  t.equal(form('rediss://:p%40ss@redis.example:7000/3'), 'redis redis.example:7000 3 3  p@ss true')
  t.equal(form('redis://gateway:secret@[::1]:7000'), 'redis ::1:7000  0 gateway secret false')
  t.equal(form('redis-sentinel://a:1,b,c:3/mymaster/2'), 'sentinel a:1,b:26379,c:3 mymaster 2   false')
  t.equal(form('rediss-cluster://u:p@a:1,b:2'), 'cluster a:1,b:2  0 u p true')
  for (const url of [
    'http://hunter2',
    'redis://',
    'redis://hunter2:x',
    'redis://a:1,hunter2:2',
    'redis://hunter2:99999',
    'redis://hunter2/x',
    'redis-sentinel://hunter2:1',
    'redis-cluster://hunter2/4',
    'redis://hunter2?tls=1',
    'redis://hunter2?ca=x',
    'redis:///hunter2',
  ]) {
    const error = t.throws(() => readAddress(url), { message: /^REDIS_URL: / }, url)
    t.notMatch(error, { message: /hunter2/ })
  }
})

t.test(
  'TLS, with an authority of one’s own and a password',
  { skip: skip || (installed('openssl') ? false : 'skipped: openssl is not on the PATH') },
  async (t) => {
    const directory = await scratch(t)
    const file = (name: string) => join(directory, name)
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
    const days = ['-days', '2']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...key, ...days, '-subj', '/CN=throw-away', '-keyout', 'ca.key', '-out', 'ca.pem')
    openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'redis.key', '-out', 'redis.csr')
    await writeFile(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    openssl(
      'x509',
      '-req',
      ...days,
      '-in',
      'redis.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-extfile',
      'names',
      '-out',
      'redis.pem',
    )

    const server = await startRedis(t, {
      args: [
        '--tls-cert-file',
        file('redis.pem'),
        '--tls-key-file',
        file('redis.key'),
        '--tls-ca-cert-file',
        file('ca.pem'),
        '--tls-auth-clients',
        'no',
        '--requirepass',
        'p@ss',
      ],
      admin: { password: 'p@ss', tls: { ca: await readFile(file('ca.pem')) } },
    })
    const address = `:p%40ss@127.0.0.1:${server.port}`
    const store = await open(t, `rediss://${address}?ca=${encodeURIComponent(file('ca.pem'))}`)
    const { session } = await store.create(facts('12x1'))
    t.equal((await store.read(session.id)).session?.id, session.id)

    for (const url of [
      `rediss://${address}`,
      `redis://${address}`,
      `rediss://:wrong@127.0.0.1:${server.port}?ca=${file('ca.pem')}`,
    ]) {
      const errors: string[] = []
      const stranger = new RedisStore({
        url,
        keys,
        life,
        now: Date.now,
        onState: (_, why) => why !== undefined && errors.push(why),
      })
      t.teardown(() => stranger.close())
      await until('it is rejected', async () => errors.length > 0)
      t.notMatch(errors, [/p@ss|wrong/], 'what Redis was told is not repeated')
      await t.rejects(stranger.ping(), away, 'neither an unknown authority, nor no TLS, nor a wrong password')
    }
  },
)

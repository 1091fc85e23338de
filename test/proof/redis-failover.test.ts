/** A failover of Redis: no session is lost, and none comes back. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import type { Store, RateCheck } from '../../src/session/contract.ts'
import { RedisStore } from '../../src/session/redis/store.ts'
import { onPort } from '../support/port.ts'
import { installed, scratch, start, startRedis, until, type Server } from '../support/redis-server.ts'
import { facts, life, storeContract } from '../support/session-contract.ts'

const skip =
  installed('redis-server') && installed('redis-cli') ? false : 'skipped: redis-server is not on the PATH'
const keys = [randomBytes(32)]
const run = promisify(execFile)

async function open(t: Test, url: string, now: () => number = Date.now): Promise<RedisStore> {
  const store = await RedisStore.open({ url, keys, life, now })
  t.teardown(() => store.close())
  return store
}

async function startSentinel(t: Test, port: number, master: Server): Promise<number> {
  const directory = await scratch(t)
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor portal 127.0.0.1 ${master.port} 2`,
    'sentinel down-after-milliseconds portal 500',
    'sentinel failover-timeout portal 2000',
  ]
  await writeFile(file, lines.join('\n'))
  await start(t, 'redis-server', [file, '--sentinel'], /\+monitor master/)
  return port
}

/** A master, two replicas, three Sentinels that agree about them. */
async function sentinels(
  t: Test,
): Promise<{ readonly servers: readonly Server[]; readonly url: string; readonly ports: readonly number[] }> {
  const master = await startRedis(t)
  const args = ['--replicaof', '127.0.0.1', `${master.port}`, '--repl-diskless-sync-delay', '0']
  const replicas = await Promise.all([startRedis(t, { args }), startRedis(t, { args })])
  const ports = [
    await onPort(async (port) => startSentinel(t, port, master)),
    await onPort(async (port) => startSentinel(t, port, master)),
    await onPort(async (port) => startSentinel(t, port, master)),
  ]
  const [port = 0] = ports
  const sentinel = new Redis({ port, host: '127.0.0.1' })
  t.teardown(() => sentinel.disconnect())
  await until('the Sentinels agree', async () => {
    const state = await sentinel.info('sentinel')
    return (
      /slaves=2,sentinels=3/.test(state) &&
      /state=online.*[\s\S]*state=online/.test(await master.admin.info('replication'))
    )
  })
  return {
    servers: [master, ...replicas],
    url: `redis-sentinel://${ports.map((each) => `127.0.0.1:${each}`).join()}/portal`,
    ports,
  }
}

function unavailable(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'STORE_UNAVAILABLE'
}

async function asked(ports: readonly number[], question: string): Promise<unknown> {
  const sentinel = new Redis({ port: ports[0] ?? 0, host: '127.0.0.1' })
  try {
    return await sentinel.call('SENTINEL', question, 'portal')
  } finally {
    sentinel.disconnect()
  }
}

async function masterOf(servers: readonly Server[], ports: readonly number[]): Promise<Server | undefined> {
  const address = await asked(ports, 'GET-MASTER-ADDR-BY-NAME')
  return servers.find(({ port }) => Array.isArray(address) && address[1] === `${port}`)
}

/** One call as its caller saw it; times are of this process. */
interface Call {
  readonly contact: string
  readonly kind: 'create' | 'read' | 'rotate' | 'end' | 'endAll'
  readonly began: number
  readonly ended: number
  /** The session that was opened, accepted or ended; all of the contact with `endAll`. */
  readonly session?: string
  readonly presented?: string
  readonly given?: string
}

/** A client that opens, uses, refreshes and ends sessions, and writes down what was acknowledged to it. */
async function client(
  store: Store,
  contact: string,
  seed: number,
  running: () => boolean,
  history: Call[],
  failures: number[],
) {
  let random = seed
  const dice = (sides: number) => {
    random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return ((random ^ (random >>> 16)) >>> 0) % sides
  }
  let known: { session: string; token: string }[] = []

  while (running()) {
    const began = performance.now()
    const write = (call: Omit<Call, 'contact' | 'began' | 'ended'>) =>
      history.push({ contact, began, ended: performance.now(), ...call })
    const mine = known[dice(Math.max(1, known.length))]
    const throwOf = dice(40)
    try {
      if (mine === undefined || throwOf < 4) {
        const { session, refreshToken } = await store.create(facts(contact))
        write({ kind: 'create', session: session.id })
        known.push({ session: session.id, token: refreshToken })
      } else if (throwOf < 20) {
        const { session } = await store.read(mine.session)
        if (session !== undefined) write({ kind: 'read', session: session.id })
      } else if (throwOf < 36) {
        const presented = mine.token
        const rotation = await store.rotate(presented)
        if (rotation.kind === 'rotated') {
          mine.token = rotation.refreshToken
          write({ kind: 'rotate', session: mine.session, presented, given: rotation.refreshToken })
        }
      } else if (throwOf < 38) {
        await store.end(mine.session)
        write({ kind: 'end', session: mine.session })
      } else {
        await store.endAll(contact)
        write({ kind: 'endAll' })
      }
      if (known.length > 6) known = known.slice(3)
    } catch {
      failures.push(performance.now())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

const calm = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until another server is the master. */
async function anotherMaster(
  servers: readonly Server[],
  ports: readonly number[],
  old: Server | undefined,
): Promise<void> {
  await until('another master', async () => {
    const now = await masterOf(servers, ports)
    return now !== undefined && now !== old
  })
}

/** Reads a session again and again while `running`. @returns how often, and what failed */
async function readWhile(stores: readonly Store[], session: string, running: () => boolean) {
  let requests = 0
  const failed: unknown[] = []
  const load = async (store: Store) => {
    while (running()) {
      requests++
      try {
        if ((await store.read(session)).session === undefined) failed.push('no session')
      } catch (error) {
        failed.push(error)
        await calm(5)
      }
    }
  }
  await Promise.all(stores.map(load))
  return { requests, failed }
}

/** Uses of a session that were accepted after its end had been acknowledged. */
function revivedIn(history: readonly Call[]): readonly Call[] {
  const born = new Map(
    history.flatMap(({ kind, session, ended }) =>
      kind === 'create' && session !== undefined ? [[session, ended]] : [],
    ),
  )
  const endings = history.filter(({ kind }) => kind === 'end' || kind === 'endAll')
  const isEndOf = (end: Call, use: Call) =>
    end.kind === 'endAll'
      ? (born.get(use.session ?? '') ?? Infinity) < end.began
      : end.session === use.session
  return history
    .filter(({ kind }) => kind === 'read' || kind === 'rotate')
    .filter((use) =>
      endings.some((end) => end.contact === use.contact && end.ended < use.began && isEndOf(end, use)),
    )
}

/** Refresh tokens for which more than one successor was given. */
function forkedIn(history: readonly Call[]): readonly string[] {
  const successors = new Map<string, Set<string>>()
  for (const { presented, given } of history) {
    if (presented === undefined || given === undefined) continue
    successors.set(presented, (successors.get(presented) ?? new Set()).add(given))
  }
  return [...successors].filter(([, { size }]) => size > 1).map(([presented]) => presented)
}

/** How long it took until a call was answered again after something was done to the master. */
function outageAfter(at: number, history: readonly Call[], failures: readonly number[]): number {
  const back = history.find(
    ({ began }) => began > at + 100 && failures.some((failure) => failure > at && failure < began),
  )
  return Math.round((back?.ended ?? Infinity) - at)
}

const countIn = (history: readonly Call[], kind: Call['kind']) =>
  history.filter((call) => call.kind === kind).length

t.test('a failover loses no session and brings none back', { skip }, async (t) => {
  const { servers, url, ports } = await sentinels(t)
  const stores = await Promise.all([open(t, url), open(t, url), open(t, url)])
  const [first] = stores
  const lasting = await first.create(facts('12x99'))
  const ended = await first.create(facts('12x99'))
  await first.end(ended.session.id)
  await until('the replicas have it', async () => {
    const counts = await Promise.all(servers.map(({ admin }) => admin.dbsize()))
    return new Set(counts).size === 1
  })

  await t.test('requests wait out a change of masters on purpose', async (t) => {
    let moving = true
    const before = await masterOf(servers, ports)
    const reading = readWhile(stores, lasting.session.id, () => moving)
    await asked(ports, 'FAILOVER')
    await anotherMaster(servers, ports, before)
    await calm(500)
    moving = false
    const { requests, failed } = await reading
    t.comment(`a failover on purpose: requests ${requests} failed ${failed.length}`)
    const others = failed.filter((error) => !unavailable(error))
    t.same(others, [], 'at worst a caller had to ask again')
    t.ok(failed.length < requests / 4, 'and few had to')
  })

  const history: Call[] = []
  const failures: number[] = []
  const outages: [what: string, at: number][] = []

  await t.test('a master hangs, and one is killed, while clients open, use and end sessions', async (t) => {
    let on = true
    const clients = Array.from({ length: 8 }, (_, index) => {
      const store = stores[index % 3] ?? first
      return client(store, `12x${1 + (index % 4)}`, index + 1, () => on, history, failures)
    })
    const works = () => until('it works', async () => first.ping().then(() => true))

    await calm(500)
    const paused = await masterOf(servers, ports)
    outages.push(['paused', performance.now()])
    paused?.process.kill('SIGSTOP')
    await anotherMaster(servers, ports, paused)
    await works()
    await calm(300)
    paused?.process.kill('SIGCONT')
    await calm(1500)

    const killed = await masterOf(servers, ports)
    outages.push(['killed', performance.now()])
    await killed?.kill()
    await anotherMaster(servers, ports, killed)
    await works()
    await calm(1000)
    await until(
      'enough has happened',
      async () => countIn(history, 'endAll') > 20 && countIn(history, 'rotate') > 200,
    )
    on = false
    await Promise.all(clients)
    await works()
    t.ok(failures.length > 0, 'the failovers were felt')
  })

  await t.test('what was acknowledged before them holds after them', async (t) => {
    t.ok((await first.read(lasting.session.id)).session, 'a session outlived two failovers')
    t.match(await first.rotate(lasting.refreshToken), { kind: 'rotated' }, 'and so did its refresh token')
    t.equal((await first.read(ended.session.id)).session, undefined, 'what had ended stayed ended')
  })

  await t.test('nothing is accepted after an acknowledged end, no token has two successors', async (t) => {
    const kinds = ['create', 'read', 'rotate', 'end', 'endAll'] as const
    const counts = kinds.map((kind) => `${kind} ${countIn(history, kind)}`)
    const times = outages.map(([what, at]) => `${what} ${outageAfter(at, history, failures)} ms`)
    t.comment(
      `acknowledged: ${counts.join(', ')}; rejected ${failures.length}; ` +
        `until the first answer after the master was ${times.join(', ')}`,
    )
    t.same(revivedIn(history), [])
    t.same(forkedIn(history), [])
  })
})

/** Says who is master when it is let, and tells of a new one when it is asked to: what a Sentinel does at a bad moment. */
async function badSentinel(t: Test, master: number) {
  const subscribers = new Set<Socket>()
  const held: (() => void)[] = []
  let holding = false
  function take(asked: string, socket: Socket): void {
    if (asked.includes('get-master-addr-by-name')) {
      const name = `${master}`
      const answer = () => socket.write(`*2\r\n$9\r\n127.0.0.1\r\n$${name.length}\r\n${name}\r\n`)
      if (holding) held.push(answer)
      else answer()
    } else if (asked.includes('subscribe')) {
      subscribers.add(socket)
      socket.write('*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n')
    } else socket.write(asked.includes('sentinels') ? '*0\r\n' : '+OK\r\n')
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('close', () => subscribers.delete(socket))
    socket.on('data', (data) => {
      // Several commands may come at once.
      for (const asked of data
        .toString('latin1')
        .toLowerCase()
        .split(/(?=\*[0-9])/))
        take(asked, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `redis-sentinel://127.0.0.1:${port}/portal`,
    subscribers,
    held,
    hold: () => (holding = true),
    tell: () => {
      for (const socket of subscribers)
        socket.write('*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$6\r\nportal\r\n')
    },
    answer: () => {
      holding = false
      for (const each of held.splice(0)) each()
    },
  }
}

t.test(
  'a new master that is told of while the old one is looked for ends no connection',
  { skip },
  async (t) => {
    const master = await startRedis(t)
    const sentinel = await badSentinel(t, master.port)
    const store = await open(t, sentinel.url)
    await until('somebody listens', async () => sentinel.subscribers.size > 0)
    await store.ping()

    sentinel.hold()
    await master.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => undefined)
    await until('the master is looked for', async () => sentinel.held.length > 0)
    sentinel.tell()
    await new Promise((resolve) => setTimeout(resolve, 50))
    sentinel.answer()
    await until('it works', async () => store.ping().then(() => true))
    t.pass('it works')
  },
)

t.test('a cluster of six', { skip }, async (t) => {
  const args = [
    '--cluster-enabled',
    'yes',
    '--cluster-config-file',
    'nodes.conf',
    '--cluster-node-timeout',
    '2000',
  ]
  const servers = await Promise.all(Array.from({ length: 6 }, async () => startRedis(t, { args })))
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
  await until('the cluster is up', async () => {
    const states = await Promise.all(servers.map(({ admin }) => admin.cluster('INFO')))
    const replication = await Promise.all(servers.map(({ admin }) => admin.info('replication')))
    const inStep = replication.filter((state) => /state=online|master_link_status:up/.test(state))
    return states.every((state) => /cluster_state:ok/.test(state)) && inStep.length === 6
  })
  const url = `redis-cluster://${addresses.slice(0, 2).join()}`

  const masters = async () => {
    const roles = await Promise.all(
      servers.map(async (server) => ({ server, role: await server.admin.info('replication') })),
    )
    return roles.flatMap(({ server, role }) => (/role:master/.test(role) ? [server] : []))
  }

  await t.test('keeps the contract', async (t) => {
    storeContract(t, async (t) => {
      for (const { admin } of await masters()) await admin.flushall()
      let time = Date.UTC(2026, 0, 1)
      const store = await open(t, url, () => time)
      return { store, pass: (ms) => void (time += ms) }
    })
  })

  await t.test('serves while slots move', async (t) => {
    const store = await open(t, url)
    const opened = await Promise.all(Array.from({ length: 200 }, (_, n) => store.create(facts(`12x${n}`))))
    const take: RateCheck = { key: 'ip:192.0.2.1', max: 1_000_000, window: 600_000 }
    const [from, to] = await masters()
    const nodeId = async (server: Server | undefined) => String(await server?.admin.cluster('MYID'))
    let moving = true
    const moved = run('redis-cli', [
      ...[
        '--cluster',
        'reshard',
        addresses[0] ?? '',
        '--cluster-from',
        await nodeId(from),
        '--cluster-to',
        await nodeId(to),
      ],
      ...['--cluster-slots', '5000', '--cluster-yes'],
    ]).finally(() => (moving = false))

    let requests = 0
    const failed: unknown[] = []
    const load = async (first: number) => {
      for (let n = first; moving; n += 7) {
        const id = opened[n % opened.length]?.session.id ?? ''
        requests++
        const found = await store.read(id, [take]).catch((error: unknown) => error)
        if (!(
          typeof found === 'object' &&
          found !== null &&
          'session' in found &&
          found.session !== undefined
        ))
          failed.push(found)
      }
    }
    await Promise.all([moved, ...Array.from({ length: 8 }, (_, n) => load(n))])
    t.comment(`requests ${requests} failed ${failed.length} while 5000 slots moved`)
    t.same(failed, [])
    t.equal(
      (await store.take([{ ...take, cost: 0 }]))[0]?.count,
      requests,
      'and every one of them was counted, once',
    )
    t.equal((await store.endAll('12x7')).length, 1)
    t.match(await store.rotate(opened[8]?.refreshToken ?? ''), { kind: 'rotated' })
  })
})

/** The rows of the first table: CPU of one process per request, in rounds in which the rows take turns. */
import { Redis } from 'ioredis'
import { quantile, Target, type Requests, type Sent } from './load.ts'
import { cpuOf, residentOf, type Process } from './processes.ts'
import {
  logIn,
  loginOf,
  startGateway,
  startNginx,
  startRedis,
  startReplyFrom,
  startUpstream,
  webserviceSession,
  type RedisServer,
  type Served,
} from './stand.ts'

export interface Row {
  readonly name: string
  /** CPU in each round, microseconds per request. */
  readonly cpu: readonly number[]
  readonly median: number
  readonly least: number
  /** Of the CPU to that of reply-from, median of the rounds. Absent where the two reply-from differ too much. */
  readonly ratio: number | undefined
  /** Milliseconds at a fixed rate. */
  readonly p50: number
  readonly p99: number
  readonly calls: number
  readonly roundTrips: number | undefined
  readonly failed: number
}

export interface RowsResult {
  readonly rows: readonly Row[]
  /** How much the two reply-from differ, as a share. */
  readonly control: number
  readonly perSecond: number
  readonly resident: { readonly before: number; readonly after: number; readonly requests: number }
}

export interface RowsOptions {
  readonly rounds: number
  /** Requests of a row in a round. */
  readonly requests: number
  /** Seconds of a row at a fixed rate. */
  readonly seconds: number
  /** Requests of a row per second at the fixed rate. */
  readonly perSecond: number
  readonly only: string | undefined
}

interface Measured {
  readonly name: string
  readonly process: Process
  readonly target: Target
  readonly requests: Requests
  readonly atOnce: number
  readonly redis: Redis | undefined
  readonly cpu: number[]
}

const form = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'bench' }
let unique = 0

/** The bare question, as it is put to coreBOS itself. */
const bare: Requests = () => ({
  method: 'POST',
  path: '/webservice.php',
  headers: form,
  body: `operation=query&query=${encodeURIComponent(`select * from HelpDesk where ticketstatus='${unique++}' limit 20;`)}`,
})

const statement = (word: string): string =>
  encodeURIComponent(`select * from HelpDesk where ticketstatus='${word}' limit 20`)

async function kindsOf(gateway: Served): Promise<readonly (readonly [string, Requests, number])[]> {
  const token = await logIn(gateway.url)
  const session = await webserviceSession(gateway.url, 'alice', 'md5')
  const headers = { authorization: `Bearer ${token}` }
  const get = (path: () => string): Requests => {
    return (): Sent => ({ method: 'GET', path: path(), headers })
  }
  return [
    ['new query', get(() => `/query?q=${statement(`new ${unique++}`)}`), 8],
    ['repeated query', get(() => `/query?q=${statement('same')}`), 8],
    ['64 identical callers', get(() => `/query?q=${statement(`crowd ${Math.floor(unique++ / 64)}`)}`), 64],
    ['one record', get(() => `/records/17x${100_000 + unique++}`), 8],
    [
      '/webservice.php query',
      () => ({
        method: 'POST',
        path: '/webservice.php',
        headers: form,
        body: `operation=query&sessionName=${session}&query=${statement(`ws ${unique++}`)};`,
      }),
      8,
    ],
    [
      'list, expand, display',
      get(
        () =>
          `/modules/HelpDesk/records?expand=parent_id&display=true&filter[ticket_title][ne]=${unique++}`,
      ),
      8,
    ],
    ['repeated list, expand, display', get(() => `/modules/HelpDesk/records?expand=parent_id&display=true`), 8],
    ['log-in', () => ({ method: 'POST', path: '/auth/login', ...loginOf('alice') }), 8],
    ['metadata', get(() => '/modules/HelpDesk'), 8],
  ]
}

/** One process of each, put to all of their rows in turn. */
export async function measureRows(options: RowsOptions): Promise<RowsResult> {
  const upstream = await startUpstream({ BENCH_TICKETS: '20' })
  const redis = await startRedis()
  const started: Process[] = [upstream]
  const admin = redis && new Redis({ port: redis.port, host: '127.0.0.1' })
  try {
    const proxies = await proxiesOf(upstream, started)
    const gateways = await gatewaysOf(upstream, redis, started)
    const measured = await rowsOf(proxies, gateways, admin, options)
    return await run(measured, upstream, gateways[0][1], options)
  } finally {
    admin?.disconnect()
    await Promise.all([...started, ...(redis === undefined ? [] : [redis])].map(async (each) => each.end()))
  }
}

async function proxiesOf(upstream: Served, started: Process[]) {
  const nginx = await startNginx(upstream.url)
  const first = await startReplyFrom(upstream.url)
  const second = await startReplyFrom(upstream.url)
  started.push(first, second, ...(nginx === undefined ? [] : [nginx]))
  return [
    ['upstream alone', upstream],
    ...(nginx === undefined ? [] : [['nginx', nginx] as const]),
    [control[0], first],
    [control[1], second],
  ] as const
}

const control = ['reply-from', 'reply-from, again'] as const

async function gatewaysOf(upstream: Served, redis: RedisServer | undefined, started: Process[]) {
  const env = { LOGIN_MODE: 'service', READ_CACHE_TTL: '300' }
  const embedded = await startGateway(upstream.url, env)
  started.push(embedded)
  if (redis === undefined) return [['embedded', embedded]] as const
  const shared = await startGateway(upstream.url, { ...env, ...redis.env })
  started.push(shared)
  return [
    ['embedded', embedded],
    ['Redis', shared],
  ] as const
}

async function rowsOf(
  proxies: readonly (readonly [string, Served])[],
  gateways: readonly (readonly [string, Served])[],
  admin: Redis | undefined,
  { only }: RowsOptions,
): Promise<Measured[]> {
  const measured: Measured[] = proxies.map(([name, process]) => ({
    name,
    process,
    target: new Target(process.url),
    requests: bare,
    atOnce: 8,
    redis: undefined,
    cpu: [],
  }))
  for (const [store, process] of gateways) {
    for (const [kind, requests, atOnce] of await kindsOf(process)) {
      const name = `${kind}, ${store}`
      if (only !== undefined && !name.includes(only)) continue
      const target = new Target(process.url)
      measured.push({ name, process, target, requests, atOnce, redis: store === 'Redis' ? admin : undefined, cpu: [] })
    }
  }
  return measured
}

async function run(
  measured: readonly Measured[],
  upstream: Served,
  gateway: Served,
  { rounds, requests, seconds, perSecond }: RowsOptions,
): Promise<RowsResult> {
  for (const each of measured) await each.target.burst(each.requests, Math.max(200, requests / 2), each.atOnce)
  const before = residentOf(gateway)
  for (let round = 0; round < rounds; round++) {
    for (const each of round % 2 === 0 ? measured : measured.toReversed()) {
      const began = cpuOf(each.process)
      await each.target.burst(each.requests, requests, each.atOnce)
      each.cpu.push((cpuOf(each.process) - began) / requests)
    }
  }
  const [first, second] = control.map((name) => measured.find((each) => each.name === name)?.cpu ?? [])
  const medians = [first, second].map((cpu) => quantile(cpu ?? [], 0.5))
  const difference = Math.max(...medians) / Math.min(...medians) - 1
  const rows: Row[] = []
  for (const each of measured) {
    const ratios = each.cpu.map((cpu, round) => (2 * cpu) / ((first?.[round] ?? NaN) + (second?.[round] ?? NaN)))
    rows.push({
      name: each.name,
      cpu: each.cpu,
      median: quantile(each.cpu, 0.5),
      least: Math.min(...each.cpu),
      ratio: difference > 0.1 ? undefined : quantile(ratios, 0.5),
      ...(await atFixedRate(each, upstream, perSecond, seconds)),
    })
    await each.target.close()
  }
  const ofGateway = measured.filter(({ process }) => process === gateway).length
  const after = residentOf(gateway)
  const soaked = ofGateway * (rounds * requests + perSecond * seconds)
  return { rows, control: difference, perSecond, resident: { before, after, requests: soaked } }
}

async function atFixedRate(
  { target, requests, redis }: Measured,
  upstream: Served,
  perSecond: number,
  seconds: number,
): Promise<Pick<Row, 'p50' | 'p99' | 'calls' | 'roundTrips' | 'failed'>> {
  await redis?.config('RESETSTAT')
  const called = await callsOf(upstream)
  const latencies = await target.openLoop(requests, perSecond, seconds)
  const count = perSecond * seconds
  const trips = redis === undefined ? undefined : (await roundTripsOf(redis)) / count
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    calls: ((await callsOf(upstream)) - called) / count,
    roundTrips: trips,
    failed: target.failed,
  }
}

export async function callsOf({ url }: Pick<Served, 'url'>): Promise<number> {
  return Number(await (await fetch(`${url}/calls`)).text())
}

/** Scripts are what comes over the wire; what they call is not. */
async function roundTripsOf(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats')
  return ['evalsha', 'eval', 'mget', 'exec'].reduce(
    (sum, name) => sum + Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0),
    0,
  )
}

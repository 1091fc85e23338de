/** The rows of the second table: a home page of ten queries, directly and through the gateway, in front of a coreBOS that takes its time. */
import { performance } from 'node:perf_hooks'
import { Pool } from 'undici'
import { quantile } from './load.ts'
import { logIn, startGateway, startRedis, startUpstream, webserviceSession, type Served } from './stand.ts'

/** Ten questions of a home page, as a portal puts them. */
const page = [
  'select ticket_title,ticketstatus,modifiedtime from HelpDesk order by modifiedtime desc limit 10',
  "select ticket_title,ticketpriorities from HelpDesk where ticketstatus='Open' limit 10",
  "select count(*) from HelpDesk where ticketstatus!='Closed'",
  'select subject,invoicestatus,hdnGrandTotal from Invoice order by invoicedate desc limit 5',
  "select subject,invoicedate from Invoice where invoicestatus='Created' limit 5",
  'select subject,quotestage from Quotes limit 5',
  'select projectname,projectstatus from Project limit 5',
  'select notes_title,filename from Documents limit 10',
  'select firstname,lastname,email from Contacts limit 10',
  "select productname,unit_price from Products where discontinued='1' limit 10",
]

const hashes = { alice: 'md5', bob: 'sha256', carol: 'sha512', dave: 'plaintext', erin: 'md5' } as const
type Name = keyof typeof hashes
const people = ['alice', 'bob', 'carol', 'dave', 'erin'] as const satisfies readonly Name[]

/** As measured on a real coreBOS: a query, and `describe` of 19 modules in 1.5 s. */
const slow = { BENCH_CALL_MS: '45', BENCH_DESCRIBE_MS: '79' }

export interface PageRow {
  readonly name: string
  /** The first page of each contact, milliseconds. */
  readonly firstP50: number
  readonly p50: number
  readonly p95: number
  readonly calls: number
  /** The calls by operation, and of a query by module. */
  readonly operations: Readonly<Record<string, number>>
  /** To the direct way: of p50, and of calls. */
  readonly time: number
  readonly share: number
}

export interface PageOptions {
  readonly repeats: number
  /** Rows whose names contain the text; default: all. */
  readonly only?: string | undefined
}

type Ask = (name: Name, text: string) => Promise<void>

interface Way {
  readonly name: string
  /** Whether all contacts are mapped to the service user. */
  readonly isMapped: boolean
  readonly instances: number
  readonly env: Readonly<Record<string, string>>
  /** The contacts that open the page; default: all. */
  readonly contacts?: number
  /** One more instance starts when each contact has had its page, and is measured alone. */
  readonly isLate?: boolean
}

const cached = { READ_CACHE_TTL: '300', CHANGE_POLL: '5' }
const ways: readonly Way[] = [
  { name: 'gateway', isMapped: false, instances: 1, env: {} },
  { name: 'gateway, COREBOS_READS=shared', isMapped: true, instances: 1, env: { COREBOS_READS: 'shared' } },
  { name: 'one contact, COREBOS_READS=shared', isMapped: true, instances: 1, env: { COREBOS_READS: 'shared' }, contacts: 1 },
  {
    name: 'shared, with 20 sessions',
    isMapped: true,
    instances: 1,
    env: { COREBOS_READS: 'shared', COREBOS_SESSIONS: '20', COREBOS_CONCURRENCY: '40' },
  },
  { name: 'gateway, fresh beside another', isMapped: false, instances: 1, env: {}, isLate: true },
  { name: 'gateway, cached', isMapped: false, instances: 1, env: cached },
  { name: '3 instances, cached', isMapped: false, instances: 3, env: cached },
  {
    name: '3 instances, cached, shared',
    isMapped: true,
    instances: 3,
    env: { ...cached, COREBOS_READS: 'shared' },
  },
]

export async function measurePages(options: PageOptions): Promise<PageRow[]> {
  const direct = await measureDirect(options)
  const rows: PageRow[] = [{ name: 'direct', ...direct, time: 1, share: 1 }]
  for (const way of ways) {
    if (options.only !== undefined && !way.name.includes(options.only)) continue
    const measured = await measureWay(way, options)
    if (measured === undefined) continue
    rows.push({
      name: way.name,
      ...measured,
      time: measured.p50 / direct.p50,
      share: (measured.calls / direct.calls) * (people.length / (way.contacts ?? people.length)),
    })
  }
  return rows
}

async function measureDirect(options: PageOptions) {
  const upstream = await startUpstream(slow)
  const pool = new Pool(upstream.url, { connections: 64 })
  try {
    const sessions = new Map<Name, string>()
    for (const name of people) sessions.set(name, await webserviceSession(upstream.url, name, hashes[name]))
    const ask: Ask = async (name, text) => {
      const params = { operation: 'query', sessionName: sessions.get(name) ?? '', query: `${text};` }
      const response = await pool.request({
        method: 'POST',
        path: '/webservice.php',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'bench' },
        body: new URLSearchParams(params).toString(),
      })
      await response.body.dump()
    }
    return await measure(upstream, ask, options)
  } finally {
    await pool.destroy()
    await upstream.end()
  }
}

async function measureWay(way: Way, options: PageOptions) {
  const { isMapped, instances, env, contacts = people.length, isLate = false } = way
  const needsRedis = instances > 1 || isLate
  const redis = needsRedis ? await startRedis() : undefined
  if (needsRedis && redis === undefined) return undefined
  const upstream = await startUpstream({ ...slow, BENCH_MAPPING: isMapped ? 'service' : '' })
  const gateways: Served[] = []
  const pools: Pool[] = []
  const start = async (): Promise<void> => {
    const gateway = await startGateway(upstream.url, { ...env, ...redis?.env })
    gateways.push(gateway)
    pools.push(new Pool(gateway.url, { connections: 64 }))
  }
  try {
    for (let n = 0; n < instances; n++) await start()
    const tokens = new Map<Name, string>()
    for (const name of people) tokens.set(name, await logIn(gateways[0]?.url ?? '', name))
    let turn = 0
    let asked: readonly Pool[] = pools
    const ask: Ask = async (name, text) => {
      const pool = asked[turn++ % asked.length]
      const response = await pool?.request({
        method: 'GET',
        path: `/query?q=${encodeURIComponent(text)}`,
        headers: { authorization: `Bearer ${tokens.get(name) ?? ''}` },
      })
      if (response?.statusCode !== 200) throw new Error(`${text}: ${response?.statusCode} ${await response?.body.text()}`)
      await response.body.dump()
    }
    if (isLate) {
      await measure(upstream, ask, { repeats: 1 })
      await start()
      asked = pools.slice(-1)
    }
    return await measure(upstream, ask, options, people.slice(0, contacts))
  } finally {
    await Promise.all([...pools.map((pool) => pool.destroy()), ...gateways.map((gateway) => gateway.end())])
    await upstream.end()
    await redis?.end()
  }
}

/** The contacts open the page at once, each again as soon as it has it. */
async function measure(
  upstream: Served,
  ask: Ask,
  { repeats }: PageOptions,
  contacts: readonly Name[] = people,
) {
  const before = await operationsOf(upstream)
  const first: number[] = []
  const others: number[] = []
  await Promise.all(
    contacts.map(async (name) => {
      for (let n = 0; n < repeats; n++) {
        const began = performance.now()
        await Promise.all(page.map(async (text) => ask(name, text)))
        ;(n === 0 ? first : others).push(performance.now() - began)
      }
    }),
  )
  const after = Object.entries(await operationsOf(upstream))
  const more = after.map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
  return {
    firstP50: quantile(first, 0.5),
    p50: quantile(others, 0.5),
    p95: quantile(others, 0.95),
    calls: more.reduce((sum, [, count]) => sum + count, 0),
    operations: Object.fromEntries(more.filter(([, count]) => count > 0)),
  }
}

async function operationsOf({ url }: Served): Promise<Readonly<Record<string, number>>> {
  // As the coreBOS of the bench answers.
  return (await (await fetch(`${url}/operations`)).json()) as Readonly<Record<string, number>>
}

export interface FairRow {
  readonly name: string
  /** Milliseconds of a query of one of three contacts, while no other asks and while one asks as much as it can. */
  readonly idleP95: number
  readonly busyP95: number
  readonly ratio: number
  /** Answers of the contact that asks as much as it can, and those of them that are errors. */
  readonly flood: number
  readonly rejected: number
}

/** `RATE_LIMIT_CONTACT` by default: 1200/60. */
const perSecondAllowed = 20

/** How much three contacts notice of one that asks as much as its limit allows, with 50 ms a call. */
export async function measureFairness(seconds: number): Promise<FairRow[]> {
  const rows: FairRow[] = []
  for (const [name, env] of [
    ['own sessions', {}],
    ['COREBOS_READS=shared', { COREBOS_READS: 'shared' }],
  ] as const) {
    const upstream = await startUpstream({ BENCH_CALL_MS: '50', BENCH_MAPPING: 'service' })
    const gateway = await startGateway(upstream.url, env)
    const pool = new Pool(gateway.url, { connections: 128 })
    try {
      rows.push({ name, ...(await measureFlood(gateway, pool, seconds)) })
    } finally {
      await pool.destroy()
      await gateway.end()
      await upstream.end()
    }
  }
  return rows
}

async function measureFlood(gateway: Served, pool: Pool, seconds: number): Promise<Omit<FairRow, 'name'>> {
  let unique = 0
  const query = async (token: string): Promise<number> => {
    const q = `select ticket_title from HelpDesk where ticketstatus='${unique++}' limit 5`
    const path = `/query?q=${encodeURIComponent(q)}`
    const response = await pool.request({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } })
    await response.body.dump()
    return response.statusCode
  }
  const others = await Promise.all((['bob', 'carol', 'dave'] as const).map(async (name) => logIn(gateway.url, name)))
  const greedy = await logIn(gateway.url, 'alice')
  for (const token of [...others, greedy]) await query(token)
  const timed = async (): Promise<number[]> => {
    const until = performance.now() + seconds * 1000
    const times = others.map(async (token) => {
      const own: number[] = []
      while (performance.now() < until) {
        const began = performance.now()
        await query(token)
        own.push(performance.now() - began)
      }
      return own
    })
    return (await Promise.all(times)).flat()
  }
  const idle = quantile(await timed(), 0.95)
  const flood: Promise<number>[] = []
  const clock = setInterval(() => flood.push(query(greedy)), 1000 / perSecondAllowed)
  const busy = quantile(await timed(), 0.95)
  clearInterval(clock)
  const statuses = await Promise.all(flood)
  const rejected = statuses.filter((status) => status !== 200).length
  return { idleP95: idle, busyP95: busy, ratio: busy / idle, flood: statuses.length, rejected }
}

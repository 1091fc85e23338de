/** The rows of the last table: what other clients notice of an attack within the default limits, with 50 ms a call. */
import { Pool } from 'undici'
import { atRate, quantile } from './load.ts'
import { loginOf, logIn, startGateway, startUpstream, type Served } from './stand.ts'

export interface AttackRow {
  readonly name: string
  /** Milliseconds of another contact's list, and of a log-in. */
  readonly listP50: number
  readonly listP95: number
  readonly loginP50: number
  readonly loginP95: number
  /** Of the p95 of a list, and of a log-in, to those without an attack. */
  readonly list: number
  readonly login: number
}

interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Attack {
  readonly name: string
  readonly perSecond: number
  /** The client hangs up after so many milliseconds. */
  readonly leavesAfter?: number
  readonly request: (n: number, token: string) => Asked
}

/** From the proxy that the gateway trusts, on behalf of an address. */
const from = (address: string) => ({ 'x-forwarded-for': address })
const json = { 'content-type': 'application/json' }

/** 1 MiB of keys. */
const keys = `{${Array.from({ length: 90_000 }, (_, n) => `"k${n}":1`).join(',')}}`

const login = (body: string): Attack['request'] => {
  return () => ({ method: 'POST', path: '/auth/login', headers: { ...json, ...from('198.51.100.1') }, body })
}

const search: Attack['request'] = (n, token) => ({
  method: 'GET',
  path: `/search?q=${n}`,
  headers: { authorization: `Bearer ${token}`, ...from(`198.51.100.${n % 4}`) },
})

const attacks: readonly Attack[] = [
  { name: 'nothing', perSecond: 0, request: search },
  { name: '1 MiB of keys at log-in', perSecond: 4, request: login(keys) },
  { name: 'malformed log-ins', perSecond: 10, request: login('{"username":1}') },
  { name: 'searches of one contact', perSecond: 9, request: search },
  { name: 'searches, the default limit', perSecond: 20, request: search },
  { name: 'searches left after 60 ms', perSecond: 20, leavesAfter: 60, request: search },
]

export async function measureAttacks(seconds: number): Promise<AttackRow[]> {
  const rows: AttackRow[] = []
  for (const attack of attacks) {
    const { lists, logins } = await measureAttack(attack, seconds)
    const [listP95, loginP95] = [quantile(lists, 0.95), quantile(logins, 0.95)]
    rows.push({
      name: attack.name,
      listP50: quantile(lists, 0.5),
      listP95,
      loginP50: quantile(logins, 0.5),
      loginP95,
      list: listP95 / (rows[0]?.listP95 ?? listP95),
      login: loginP95 / (rows[0]?.loginP95 ?? loginP95),
    })
  }
  return rows
}

/** With the limits that a gateway has by default, but for those of the measured contacts. */
const limits = {
  TRUST_PROXY: '127.0.0.1',
  RATE_LIMIT_IP: '600/60',
  RATE_LIMIT_CONTACT: '1200/60',
  RATE_LIMIT_LOGIN: '10/60',
}

async function measureAttack(attack: Attack, seconds: number) {
  const upstream = await startUpstream({ BENCH_CALL_MS: '50' })
  const gateway = await startGateway(upstream.url, limits)
  const pool = new Pool(gateway.url, { connections: 256 })
  try {
    return await measureBeside(attack, seconds, gateway, pool)
  } finally {
    await pool.destroy()
    await gateway.end()
    await upstream.end()
  }
}

async function measureBeside(attack: Attack, seconds: number, gateway: Served, pool: Pool) {
  const tokens = { attacker: await logIn(gateway.url, 'alice'), other: await logIn(gateway.url, 'bob') }
  const ask = async (asked: Asked, signal: AbortSignal | null = null): Promise<void> => {
    const response = await pool.request({ ...asked, body: asked.body ?? null, signal })
    await response.body.dump({ limit: 2 ** 24 })
  }
  const list: Asked = {
    method: 'GET',
    path: '/modules/HelpDesk/records?fields=ticket_title',
    headers: { authorization: `Bearer ${tokens.other}`, ...from('192.0.2.1') },
  }
  await ask(list)
  const under = attack.perSecond === 0 ? [] : [atRate(attack.perSecond, seconds, async (n) => {
    const signal = attack.leavesAfter === undefined ? null : AbortSignal.timeout(attack.leavesAfter)
    // What is rejected or left early is no figure of this table.
    await ask(attack.request(n, tokens.attacker), signal).catch(() => undefined)
  })]
  const [lists, logins] = await Promise.all([
    atRate(8, seconds, async () => ask(list)),
    atRate(2, seconds, async (n) => {
      const { headers, body } = loginOf(['bob', 'carol', 'dave'][n % 3] ?? '')
      await ask({ method: 'POST', path: '/auth/login', headers: { ...headers, ...from(`203.0.113.${n % 250}`) }, body })
    }),
    ...under,
  ])
  return { lists, logins }
}

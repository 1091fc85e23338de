/** The rows of the last table: what other clients notice of an attack within the default limits, with 50 ms a call. */
import type { Socket } from 'node:net'
import { Pool } from 'undici'
import { attacks, type Attack } from './attack-kinds.ts'
import { atRate, quantile } from './load.ts'
import {
  loginOf,
  logIn,
  startGateway,
  startUpstream,
  webserviceSession,
  type Served,
} from './stand.ts'

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

/** From the proxy that the gateway trusts, on behalf of an address. */
const from = (address: string) => ({ 'x-forwarded-for': address })

/** @param only a part of the names of attacks; the row without one is always measured */
export async function measureAttacks(seconds: number, only = ''): Promise<AttackRow[]> {
  const rows: AttackRow[] = []
  for (const attack of attacks.filter(({ name, perSecond }) => perSecond === 0 || name.includes(only))) {
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
  const { url } = gateway
  const [token, other] = [await logIn(url, 'alice'), await logIn(url, 'bob')]
  const [session, ended] = [
    await webserviceSession(url, 'alice', 'md5'),
    await webserviceSession(url, 'alice', 'md5'),
  ]
  const params = { operation: 'logout', sessionName: ended }
  await fetch(`${url}/webservice.php`, { method: 'POST', body: new URLSearchParams(params) })
  const attacker = { url, pool, token, session, ended, sockets: new Set<Socket>() }
  const list = async () => {
    const headers = { authorization: `Bearer ${other}`, ...from('192.0.2.1') }
    const path = '/modules/HelpDesk/records?fields=ticket_title'
    const response = await pool.request({ method: 'GET', path, headers })
    await response.body.dump({ limit: 2 ** 24 })
  }
  const login = async (n: number) => {
    const { headers, body } = loginOf(['bob', 'carol', 'dave'][n % 3] ?? '')
    const own = { ...headers, ...from(`203.0.113.${n % 250}`) }
    const response = await pool.request({ method: 'POST', path: '/auth/login', headers: own, body })
    await response.body.dump()
  }
  await list()
  const { perSecond, send } = attack
  // What is rejected or left early is no figure of this table.
  const sent = async (n: number) => send(attacker, n).catch(() => undefined)
  const under = perSecond === 0 ? [] : [atRate(perSecond, seconds, sent)]
  const [lists, logins] = await Promise.all([atRate(8, seconds, list), atRate(2, seconds, login), ...under])
  for (const socket of attacker.sockets) socket.destroy()
  return { lists, logins }
}

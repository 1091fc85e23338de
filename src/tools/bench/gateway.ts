/** Requests through a gateway in front of the demo coreBOS, put by another process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { readConfig } from '../../config/config.ts'
import { startDemoCorebos } from '../../demo/server.ts'
import { startService } from '../../service.ts'

export interface GatewayResult {
  readonly name: string
  readonly perSecond: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly failed: number
}

const seconds = 5
const connections = 10

const paths = [
  ['GET /modules/HelpDesk/records', '/modules/HelpDesk/records?fields=ticket_title,ticketstatus&limit=20'],
  ['GET /modules/HelpDesk/records, counted', '/modules/HelpDesk/records?count=true'],
  ['GET /auth/session', '/auth/session'],
  ['GET /health/live', '/health/live'],
] as const

export async function measureGateway(): Promise<GatewayResult[]> {
  const corebos = await startDemoCorebos({ port: 0 })
  const service = await startService(
    readConfig({
      COREBOS_URL: corebos.url,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
      // One contact's own session answers one call at a time.
      LOGIN_MODE: 'service',
      PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'error',
      RATE_LIMIT_IP: '100000000/60',
      RATE_LIMIT_CONTACT: '100000000/60',
    }),
  )
  try {
    const token = await logIn(service.url)
    const results: GatewayResult[] = []
    for (const [name, path] of paths) results.push(await load(name, `${service.url}${path}`, token))
    return results
  } finally {
    await service.close()
    await corebos.close()
  }
}

async function logIn(url: string): Promise<string> {
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' }),
  })
  const body: unknown = await response.json()
  if (typeof body === 'object' && body !== null && 'accessToken' in body) return String(body.accessToken)
  throw new Error(`the log-in was rejected: ${response.status}`)
}

async function load(name: string, url: string, token: string): Promise<GatewayResult> {
  const autocannon = spawn(
    'node_modules/.bin/autocannon',
    ['--json', '-d', String(seconds), '-c', String(connections), '-H', `authorization=Bearer ${token}`, url],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ended = once(autocannon, 'close')
  // autocannon's own form, of which this is all that is used.
  const report = JSON.parse(await text(autocannon.stdout)) as {
    readonly requests: { readonly average: number }
    readonly latency: { readonly p50: number; readonly p99: number }
    readonly non2xx: number
    readonly errors: number
  }
  await ended
  return {
    name,
    perSecond: report.requests.average,
    medianMs: report.latency.p50,
    p99Ms: report.latency.p99,
    failed: report.non2xx + report.errors,
  }
}

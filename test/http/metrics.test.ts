/** What `/metrics` says after log-ins, reads and rejections, with and without Redis. */
import t, { type Test } from 'tap'
import { startPortal, type Portal } from '../support/portal.ts'
import { installed, sharedSettings, startRedis } from '../support/redis-server.ts'

/** The value of a sample, by its name with labels. */
async function sampler({ operatorUrl }: Portal): Promise<(sample: string) => number> {
  const text = await (await fetch(`${operatorUrl}/metrics`)).text()
  const samples = new Map(
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
  return (sample) => samples.get(sample) ?? 0
}

async function use(t: Test, env: Readonly<Record<string, string>> = {}): Promise<Portal> {
  const portal = await startPortal(t, { keepsStart: true, env: { RATE_LIMIT_CONTACT: '3/3600', ...env } })
  const body = { username: 'alice@example.com', password: 'wrong' }
  await portal.as(undefined, 'POST', '/auth/login', { body })
  for (let i = 0; i < 4; i += 1) await portal.as('alice', 'GET', '/modules/HelpDesk/records?limit=1')
  return portal
}

t.test('the parts of the gateway are counted', async (t) => {
  const portal = await use(t)
  const at = await sampler(portal)
  t.equal(at('portal_sessions'), 1)
  t.equal(at('portal_logins_total{outcome="ok"}'), 1)
  t.equal(at('portal_logins_total{outcome="INVALID_CREDENTIALS"}'), 1)
  t.equal(at('portal_rate_limited_total{limit="contact"}'), 1)
  t.equal(at('portal_cache_requests_total{cache="records",how="read"}'), 3)
  t.ok(at('portal_cache_requests_total{cache="modules",how="kept"}') >= 2)
  t.equal(at('portal_corebos_queue_wait_seconds_count'), portal.relay.arrived.length, 'every call')
  t.equal(at('portal_in_use{what="calls_waiting"}'), 0)
  t.equal(at('portal_corebos_circuit_open'), 0)
  t.ok(at('nodejs_eventloop_lag_p99_seconds') > 0)
})

const skip = !installed('redis-server') && 'skipped: redis-server is missing'
t.test('commands of Redis are timed by name and outcome', { skip }, async (t) => {
  const redis = await startRedis(t)
  const portal = await use(t, await sharedSettings(t, redis))
  const before = await sampler(portal)
  t.equal(before('portal_sessions'), 1)
  const count = (command: string, outcome: string) =>
    `portal_redis_command_duration_seconds_count{command="${command}",outcome="${outcome}"}`
  t.equal(before(count('gwCreate', 'ok')), 1)
  t.ok(before(count('gwRead', 'ok')) >= 4)
  await redis.kill()
  t.equal((await portal.as('alice', 'GET', '/auth/session')).status, 503)
  const after = await sampler(portal)
  t.ok(after(count('gwRead', 'failed')) > 0)
  t.ok(Number.isNaN(after('portal_sessions')), 'not known')
})

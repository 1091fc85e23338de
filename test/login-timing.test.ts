/** The one test that measures time: what a refused log-in tells by when it is answered. */
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { startGateway } from './start.ts'

const bob = 8550
const erin = 8553

t.test('refusals of all kinds take the same time', async (t) => {
  const started = await startGateway(t, { delayMs: 50, env: { LOG_LEVEL: 'warn' } })
  const { database } = started.corebos
  const accessOf = (name: string) =>
    database.portalAccess.find(({ userName }) => userName === `${name}@example.com`)
  database.entity(bob)?.values.set('support_end_date', '2021-12-31')
  database.entity(erin)?.values.set('email', 'carol@example.com')
  const erinsAccess = accessOf('erin')
  if (erinsAccess !== undefined) erinsAccess.userName = 'carol@example.com'
  const davesAccess = accessOf('dave')
  if (davesAccess !== undefined) davesAccess.failures = 6

  const kinds = {
    'unknown name': ['nobody@example.com', 'x'],
    'wrong password': ['alice@example.com', 'wrong'],
    'right by collation, then budget spent': ['alice@example.com', 'ALICE-PW'],
    'portal off': ['frank@example.com', 'frank-pw'],
    'support over': ['bob@example.com', 'bob-pw'],
    administrator: ['grace@example.com', 'grace-pw'],
    duplicate: ['carol@example.com', 'carol-pw'],
    'locked in coreBOS': ['dave@example.com', 'dave-pw'],
    'too long': ['a'.repeat(1000), 'x'],
  } as const
  const times = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]))
  const refusals = 200
  const queue = Array.from({ length: refusals }, () => Object.entries(kinds)).flat()

  async function attempt(
    [kind, [username, password]]: (typeof queue)[number],
    count: boolean,
  ): Promise<void> {
    const began = performance.now()
    const response = await request(`${started.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    })
    await response.body.dump()
    if (count) times.get(kind)?.push(performance.now() - began)
    if (response.statusCode !== 401) throw new Error(`${kind}: ${response.statusCode}`)
  }
  // One after the other at a steady rate, so that they do not all wait for each other; the kinds take turns.
  async function atSteadyRate(entries: readonly (typeof queue)[number][], count: boolean): Promise<void> {
    const running = []
    for (const entry of entries) {
      running.push(attempt(entry, count))
      await wait(15)
    }
    await Promise.all(running)
  }
  // A fresh process is slow and knows nothing of its coreBOS yet.
  await atSteadyRate(queue.slice(0, 90), false)
  await atSteadyRate(queue, true)

  const medians = [...times].map(([kind, list]) => {
    const sorted = list.toSorted((a, b) => a - b)
    return { kind, median: sorted[Math.floor(sorted.length / 2)] ?? NaN, count: list.length }
  })
  for (const { kind, median, count } of medians)
    t.comment(`${median.toFixed(1)} ms, ${count} refusals: ${kind}`)
  const all = medians.map(({ median }) => median)
  const spread = Math.max(...all) - Math.min(...all)
  t.comment(`medians of ${medians.length} kinds lie within ${spread.toFixed(1)} ms`)
  t.ok(medians.every(({ count }) => count === refusals))
  t.ok(spread < 5, 'medians lie within 5 ms')
})

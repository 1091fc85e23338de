/** The attack of `npm run attack` in each log-in mode, and against coreBOS itself. */
import { once } from 'node:events'
import t from 'tap'
import { startDemoCorebos } from '../../src/demo/server.ts'
import type { AttackOptions, Report } from '../../src/tools/attack/run.ts'
import { keeping } from '../support/keeping.ts'
import { startGatewaysApart, thread } from '../support/start.ts'

const names = ['alice', 'bob', 'carol', 'dave', 'erin']
const contacts = names.map((name) => ({ username: `${name}@example.com`, password: `${name}-pw` }))
const users = names.map((name) => ({ username: name, password: `${name}-access-key` }))

const administrator = { user: 'admin', key: 'admin-access-key' }

/** Hostile reads in each mode; a release is tried with 100,000. */
const reads = Number(process.env['ATTACK_REQUESTS'] ?? 7_000)

const attacker = thread('attack-worker.ts')
t.teardown(async () => attacker.terminate())

async function attack(
  options: Pick<AttackOptions, 'gateway' | 'as' | 'count' | 'seed'> & {
    readonly truth: string
    readonly writes?: number
  },
): Promise<Report & { readonly skipped: readonly string[] }> {
  const { truth, ...others } = options
  const whole = {
    ...others,
    corebos: { url: truth, ...administrator },
    writes: options.writes ?? 0,
    only: undefined,
    concurrency: 32,
  } satisfies Omit<AttackOptions, 'log'>
  attacker.postMessage(whole)
  const [report] = (await once(attacker, 'message')) as [Report & { readonly skipped: readonly string[] }]
  return report
}

function figures({ requests, seconds, statuses, findings }: Report): string {
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  return `${requests} requests in ${seconds.toFixed(1)} s (${counts.join(', ')}), ${findings.length} findings`
}

const variants = [
  { name: 'portal', mode: 'portal', env: {}, as: contacts, seed: 11 },
  { name: 'service', mode: 'service', env: {}, as: contacts, seed: 12 },
  { name: 'user', mode: 'user', env: {}, as: users, seed: 13 },
  { name: 'portal with kept answers', mode: 'portal', env: keeping, as: contacts, seed: 14 },
  {
    name: 'portal with shared sessions and kept answers',
    mode: 'portal',
    env: { ...keeping, COREBOS_READS: 'shared' },
    isShared: true,
    as: contacts,
    seed: 15,
  },
] as const
const gateways = await startGatewaysApart(
  t,
  // All 32 requests under way may be of one contact, whose share of the usual queue is smaller.
  variants.map(({ mode, env, ...others }) => ({
    env: { LOGIN_MODE: mode, COREBOS_QUEUE: '1000', ...env },
    ...others,
  })),
)

for (const [i, { name, as, seed }] of variants.entries()) {
  t.test(`${reads} hostile requests find nothing: ${name}`, async (t) => {
    const { url = '', corebosUrl = '' } = gateways[i] ?? {}
    const report = await attack({
      gateway: url,
      truth: corebosUrl,
      as,
      seed,
      count: reads,
      writes: 500,
    })
    t.comment([`${name}: ${figures(report)}`, ...report.skipped].join('; '))
    t.strictSame(report.findings, [])
    t.ok(report.requests >= reads)
    // An attack that is only ever rejected, or never, would prove nothing.
    for (const status of [200, 400, 404]) t.ok((report.statuses.get(status) ?? 0) > 500, `status ${status}`)
    t.notOk([...report.holes.values()].includes('open'))
    t.ok(report.holes.size > 30)
  })
}

/** The table of the holes of coreBOS in reading, by the names that the attack has for them. */
const holes: Readonly<Record<string, readonly string[]>> = {
  'select Users.accesskey': ['fields of Users in a select list'],
  'order by': ['SQL in an order by', 'SQL in the orderby of getRelatedRecords'],
  'related.X': ['SQL behind related.X'],
  'count(*), totalrows': ['ProjectMilestone', 'Leads', 'Vendors', 'cbTermConditions'].flatMap((module) => [
    `count(*) over ${module}`,
    `totalrows of ${module}`,
  ]),
  'query on closed modules': ['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails', 'Users'].map(
    (module) => `query on ${module}`,
  ),
  'retrieve, MassRetrieve': ['Faq', 'LoginHistory', 'Workflow'].flatMap((module) => [
    `retrieve of ${module}`,
    `MassRetrieve of ${module}`,
  ]),
  'search, autocomplete': [
    ...['ProjectMilestone', 'Leads', 'Vendors'].flatMap((module) => [
      `search in ${module}`,
      `getFieldAutocomplete in ${module}`,
      `getReferenceAutocomplete in ${module}`,
    ]),
    'users by autocomplete',
  ],
  sync: ['deleted records by sync'],
  _downloadurl: ['addresses of files'],
  'format=streamraw': ['format=streamraw'],
  'showqueryfromwsdoquery, getAllUsers, getAssignedUserList': [
    'showqueryfromwsdoquery',
    'getAllUsers',
    'getAssignedUserList',
  ],
}

t.test('pointed at coreBOS itself, the attack finds every hole that reading has there', async (t) => {
  const { url, close } = await startDemoCorebos({ port: 0 })
  t.teardown(close)
  const report = await attack({ gateway: url, truth: url, as: contacts.slice(0, 1), count: 300, seed: 1 })
  t.comment(`coreBOS itself: ${figures(report)}`)
  for (const [row, found] of Object.entries(holes)) {
    for (const hole of found) t.equal(report.holes.get(hole), 'open', `${row}: ${hole}`)
  }
  t.ok(
    report.findings.some(({ repeat }) => repeat.startsWith('seed 1, number')),
    'at random too',
  )
})

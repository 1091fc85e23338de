/**
 * `npm run attack`: sends hostile requests to every interface of a running gateway, or to a coreBOS, and judges whether an
 * answer holds what the contact may not see. Exit code 1 if one does, 2 if the attack cannot begin.
 */
import { complain, readArguments, UsageError } from './arguments.ts'
import { attack, type AttackOptions, type Found, type Report } from './attack/run.ts'

const usage = `usage: npm run attack -- --gateway URL --as EMAIL:PASSWORD [--as EMAIL:PASSWORD …]
         [--corebos URL --user NAME --key ACCESSKEY] [--count N --seed S]
         [--writes N]       hostile writes after the readings (default 0); they change what is attacked
         [--number N]       this one request of the seed alone
         [--concurrency N]  requests under way at once (default 32)`

function whole(name: string, text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new UsageError(`--${name}: expected a whole number, got ${JSON.stringify(text)}`)
}

/** @throws UsageError */
function readOptions(args: readonly string[]): AttackOptions {
  const text = { type: 'string' } as const
  const { values } = readArguments(args, {
    options: {
      gateway: text,
      as: { type: 'string', multiple: true },
      corebos: { type: 'string', default: 'http://127.0.0.1:8081' },
      user: { type: 'string', default: 'admin' },
      key: { type: 'string', default: 'admin-access-key' },
      count: { type: 'string', default: '10000' },
      writes: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      number: text,
      concurrency: { type: 'string', default: '32' },
    },
  })
  const { gateway, as = [], corebos, user, key, number } = values
  for (const [name, url] of Object.entries({ gateway, corebos })) {
    if (url === undefined || !URL.canParse(url)) throw new UsageError(`--${name}: expected a URL`)
  }
  if (gateway === undefined || as.length === 0) throw new UsageError('--as: expected EMAIL:PASSWORD')
  return {
    gateway,
    as: as.map((login) => {
      const colon = login.indexOf(':')
      if (colon < 1) throw new UsageError('--as: expected EMAIL:PASSWORD')
      return { username: login.slice(0, colon), password: login.slice(colon + 1) }
    }),
    corebos: { url: corebos, user, key },
    count: whole('count', values.count),
    writes: whole('writes', values.writes),
    seed: whole('seed', values.seed),
    only: number === undefined ? undefined : whole('number', number),
    concurrency: Math.max(1, whole('concurrency', values.concurrency)),
    log: (line) => console.log(line),
  }
}

/** How often something was found, with one example in full. */
function show(report: Report): void {
  const groups = new Map<string, Found[]>()
  for (const found of report.findings) {
    const key = `${found.kind}: ${found.label}`
    groups.set(key, [...(groups.get(key) ?? []), found])
  }
  for (const [key, [first, ...others]] of groups) {
    if (first === undefined) continue
    console.log(`\n${key}${others.length === 0 ? '' : ` (and ${others.length} more)`}`)
    console.log(`  ${first.what}`)
    console.log(`  as ${first.as}, ${first.repeat}: ${first.request.slice(0, 2000)}`)
  }
  for (const state of ['open', 'absent'] as const) {
    const names = [...report.holes].filter(([, each]) => each === state).map(([name]) => name)
    if (names.length > 0) console.log(`\nholes ${state}: ${names.join('; ')}`)
  }
  const statuses = [...report.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
  const rate = Math.round(report.requests / Math.max(report.seconds, 0.001))
  console.log(
    `\nrequests ${report.requests} (${rate}/s; ${statuses.join(', ')}) findings ${report.findings.length}`,
  )
}

try {
  const report = await attack(readOptions(process.argv.slice(2)))
  show(report)
  process.exitCode = report.findings.length === 0 ? 0 : 1
} catch (error) {
  complain(error, usage)
  process.exitCode = 2
}

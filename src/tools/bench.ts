/** `npm run bench`: how fast the gateway is, as tables and in `bench/results.json`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { measureAttacks } from './bench/attacks.ts'
import { measureEngine } from './bench/engine.ts'
import { measureMemory } from './bench/memory.ts'
import { measureFairness, measurePages } from './bench/page.ts'
import { measurePortal } from './bench/portal.ts'
import { measureRows } from './bench/rows.ts'
import { measureTokens } from './bench/tokens.ts'
import { complain, readArguments, UsageError } from './arguments.ts'

const usage = `npm run bench -- [--quick] [--rounds N] [--only TEXT] [--table NAME]…
  --quick   3 rounds and few requests, in two to three minutes
  --rounds  rounds in which the rows of the first table take turns (default 7)
  --only    rows of the gateway, pages and attacks whose names contain the text
  --table   requests, pages, fairness, memory, portal, engine, attacks; all unless given, without the last two where it is quick`

const tables = ['requests', 'pages', 'fairness', 'memory', 'portal', 'engine', 'attacks'] as const

function row(name: string, ...cells: readonly (string | number | undefined)[]): void {
  const texts = cells.map((cell) =>
    typeof cell === 'number' ? cell.toFixed(cell < 10 ? 2 : 0) : (cell ?? '–'),
  )
  console.log([name.padEnd(32), ...texts.map((text) => text.padStart(10))].join(''))
}

async function requests(isQuick: boolean, rounds: number, only: string | undefined): Promise<unknown> {
  const options = isQuick
    ? { requests: 150, seconds: 1, perSecond: 50 }
    : { requests: 600, seconds: 3, perSecond: 100 }
  const measured = await measureRows({ rounds, only, ...options })
  row(
    `requests (µs of CPU each)`,
    'median',
    'least',
    '× reply',
    'p50 ms',
    'p99 ms',
    'calls',
    'Redis',
    'failed',
  )
  for (const { name, median, least, ratio, p50, p99, calls, roundTrips, failed } of measured.rows)
    row(name, median, least, ratio, p50, p99, calls, roundTrips, failed)
  const difference = `${(100 * measured.control).toFixed(1)} %`
  const verdict = measured.control > 0.1 ? `; more than 10 %, so there are no ratios` : ''
  console.log(
    `the two reply-from differ by ${difference}${verdict}; p50 and p99 at ${measured.perSecond} a second`,
  )
  const { before, after, requests: soaked } = measured.resident
  console.log(`gateway: ${before.toFixed(0)} MiB, after ${soaked} requests ${after.toFixed(0)} MiB\n`)
  return measured
}

async function pages(isQuick: boolean, only: string | undefined): Promise<unknown> {
  const rows = await measurePages({ repeats: isQuick ? 10 : 30, only })
  row('page of ten queries, 5 contacts', 'first ms', 'p50 ms', 'p95 ms', 'calls', '× time', '× calls')
  for (const { name, firstP50, p50, p95, calls, time, share } of rows)
    row(name, firstP50, p50, p95, calls, time, share)
  console.log()
  return rows
}

async function fairness(isQuick: boolean): Promise<unknown> {
  const rows = await measureFairness(isQuick ? 2 : 5)
  row('others beside one that floods', 'idle p95', 'busy p95', '×', 'flood', 'rejected')
  for (const { name, idleP95, busyP95, ratio, flood, rejected } of rows)
    row(name, idleP95, busyP95, ratio, flood, rejected)
  console.log()
  return rows
}

async function memory(isQuick: boolean): Promise<unknown> {
  const result = await measureMemory(isQuick ? 10_000 : 100_000)
  row(`memory of ${result.sessions} sessions`, 'bytes each')
  row('embedded store', result.embedded)
  row('Redis', result.redis)
  console.log()
  return result
}

async function portal(): Promise<unknown> {
  const rows = await measurePortal()
  row('reference portal in Chromium', 'p50 ms', 'slowest', 'requests')
  for (const { name, p50, slowest, requests } of rows) row(name, p50, slowest, requests)
  console.log()
  return rows
}

async function attacks(isQuick: boolean, only: string | undefined): Promise<unknown> {
  const rows = await measureAttacks(isQuick ? 10 : 30, only)
  row('beside (ms)', 'list p50', 'list p95', '× idle', 'log-in p50', 'log-in p95', '× idle')
  for (const { name, listP50, listP95, loginP50, loginP95, list, login } of rows)
    row(name, listP50, listP95, list, loginP50, loginP95, login)
  console.log()
  return rows
}

async function engine(): Promise<unknown> {
  const statements = await measureEngine()
  row('parse, scope, print (µs)', 'median', 'p99', 'pgsql-ast', 'p99')
  for (const { name, gateway: own, pgsqlAstParser: pgsql } of statements)
    row(name, ...[own, pgsql].flatMap(({ median, p99 }) => [median, p99]))
  const tokens = await measureTokens()
  row('token verification (µs)', 'median', 'p99')
  for (const { name, times } of tokens) row(name, times.median, times.p99)
  return { statements, tokens }
}

async function main(): Promise<void> {
  const { values } = readArguments(process.argv.slice(2), {
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      table: { type: 'string', multiple: true },
    },
  })
  const { quick, only } = values
  const rounds = Number(values.rounds ?? (quick ? 3 : 7))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new UsageError('--rounds: a whole number from 1 is expected')
  const wanted = new Set<string>(values.table ?? (quick ? tables.slice(0, -2) : tables))
  for (const name of wanted)
    if (!tables.some((table) => table === name))
      throw new UsageError(`--table: one of ${tables.join(', ')} is expected`)
  const results: Record<string, unknown> = {}
  const measures = {
    requests: async () => requests(quick, rounds, only),
    pages: async () => pages(quick, only),
    fairness: async () => fairness(quick),
    memory: async () => memory(quick),
    portal,
    engine,
    attacks: async () => attacks(quick, only),
  }
  for (const name of tables) if (wanted.has(name)) results[name] = await measures[name]()
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg() }
  mkdirSync('bench', { recursive: true })
  writeFileSync('bench/results.json', `${JSON.stringify({ machine, ...results }, undefined, 2)}\n`)
}

main().then(
  // Some of what was measured here keeps timers.
  () => process.exit(0),
  (error: unknown) => {
    complain(error, usage)
    process.exit(1)
  },
)

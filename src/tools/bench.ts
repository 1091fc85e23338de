/** `npm run bench`: how fast the gateway is, as one table and in `bench/results.json`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { measureEngine } from './bench/engine.ts'
import { measureGateway } from './bench/gateway.ts'
import { measureTokens } from './bench/tokens.ts'

const engine = await measureEngine()
const tokens = await measureTokens()
const gateway = await measureGateway()

const row = (name: string, ...cells: readonly (string | number)[]): void =>
  console.log(
    [
      name.padEnd(26),
      ...cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell).padStart(12)),
    ].join(''),
  )

row('parse, scope, print (µs)', 'median', 'p99', 'node-sql', 'p99', 'pgsql-ast', 'p99')
for (const { name, gateway: own, nodeSqlParser: node, pgsqlAstParser: pgsql } of engine)
  row(name, ...[own, node, pgsql].flatMap(({ median, p99 }) => [median, p99]))
const all = engine.at(-1)
if (all !== undefined) {
  for (const [name, rival] of [
    ['node-sql-parser', all.nodeSqlParser],
    ['pgsql-ast-parser', all.pgsqlAstParser],
  ] as const) {
    console.log(`${name} takes ${(rival.median / all.gateway.median).toFixed(0)} times as long`)
  }
}
row('token verification (µs)', 'median', 'p99')
for (const { name, times } of tokens) row(name, times.median, times.p99)
row('requests', 'per second', 'median ms', 'p99 ms', 'not 2xx')
for (const { name, perSecond, medianMs, p99Ms, failed } of gateway)
  row(name, perSecond, medianMs, p99Ms, String(failed))

const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
mkdirSync('bench', { recursive: true })
writeFileSync('bench/results.json', `${JSON.stringify({ machine, engine, tokens, gateway }, undefined, 2)}\n`)

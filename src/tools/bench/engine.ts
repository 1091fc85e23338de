/** Parse, scope and print of statements, beside two parsers of SQL that do no more than parse, conjoin and print. */
import { Corebos } from '../../corebos/corebos.ts'
import { startDemoCorebos } from '../../demo/server.ts'
import { builtinPolicy } from '../../policy/builtin.ts'
import { askText, type Asker } from '../../pipeline.ts'
import { Policy } from '../../policy/policy.ts'
import { parseQuery } from '../../query/parse.ts'
import { fillIn, print } from '../../scope/print.ts'
import { ownAnchors, rewrite, settle } from '../../scope/rewrite.ts'
import type { Sight } from '../../scope/view.ts'
import { Stand } from '../policy/asker.ts'
import { measure, times, type Times } from './measure.ts'
import { withNodeSqlParser, withPgsqlAstParser } from './rivals.ts'
import { statements, type Benchmarked } from './statements.ts'

export interface EngineResult {
  readonly name: string
  readonly gateway: Times
  /** Where the same statement was asked before with other constants. */
  readonly gatewaySeen: Times
  readonly nodeSqlParser: Times
  readonly pgsqlAstParser: Times
}

const rounds = 20
const ownPerRound = 500
const rivalPerRound = 25
/** Different statements of each kind that were all asked before, where that is measured. */
const seenBefore = 50

/** @returns each statement, and last all of them together */
export async function measureEngine(): Promise<EngineResult[]> {
  const asker = await alice()
  const contenders = await Promise.all(statements.map(async (each) => contender(each, asker)))
  // The first rounds make the machine compile; they are not counted.
  for (const { run } of contenders) run(4)
  const durations = contenders.map((): Durations => ({ own: [], seen: [], node: [], pgsql: [] }))
  // In turns, so that whatever else the machine does falls on all alike.
  for (let round = 0; round < rounds; round++) {
    for (const [i, { run }] of contenders.entries()) {
      const { own, seen, node, pgsql } = run(1)
      durations[i]?.own.push(...own)
      durations[i]?.seen.push(...seen)
      durations[i]?.node.push(...node)
      durations[i]?.pgsql.push(...pgsql)
    }
  }
  const all: Durations = {
    own: durations.flatMap(({ own }) => own),
    seen: durations.flatMap(({ seen }) => seen),
    node: durations.flatMap(({ node }) => node),
    pgsql: durations.flatMap(({ pgsql }) => pgsql),
  }
  return [
    ...contenders.map(({ name }, i) => result(name, durations[i] ?? all)),
    result('all', all),
  ]
}

interface Durations {
  readonly own: number[]
  readonly seen: number[]
  readonly node: number[]
  readonly pgsql: number[]
}

function result(name: string, { own, seen, node, pgsql }: Durations): EngineResult {
  return {
    name,
    gateway: times(own),
    gatewaySeen: times(seen),
    nodeSqlParser: times(node),
    pgsqlAstParser: times(pgsql),
  }
}

async function contender({ name, text, scope }: Benchmarked, asker: Asker) {
  const { sight } = asker
  for (let n = 0; n < seenBefore; n++) await askText(text(n), asker)
  const node = withNodeSqlParser(scope)
  const pgsql = withPgsqlAstParser(scope)
  let next = 0
  const prepare = (): string => received(text(next++))
  const prepareSeen = (): string => received(text(next++ % seenBefore))
  return {
    name,
    run: (times: number): Durations => ({
      own: measure(times * ownPerRound, prepare, (statement) => scoped(statement, sight)),
      seen: measure(times * ownPerRound, prepareSeen, (statement) => seen(statement, asker)),
      node: measure(times * rivalPerRound, prepare, node),
      pgsql: measure(times * rivalPerRound, prepare, pgsql),
    }),
  }
}

/** As a text comes from a socket, in one piece; what has just been put together is so only when it is first read. */
function received(text: string): string {
  return Buffer.from(text).toString()
}

/** What the door does before it sends. */
export function scoped(statement: string, sight: Sight): string {
  const query = parseQuery(statement)
  const { level } = sight.require(query.module, query.moduleAt).decision
  const anchors = ownAnchors(sight.contact, level)
  if (anchors === undefined) throw new Error('the built-in level needs no look-up')
  const settled = settle(rewrite(query, sight, anchors), new Map())
  return print(settled, sight.modules, 'basic').text
}

/** What the door does before it sends where it has a template; where it has none, all of it. */
function seen(statement: string, { sight, templates }: Asker): string {
  const known = templates.find(statement, sight)
  return known?.printed === undefined ? scoped(statement, sight) : fillIn(known.printed, known.constants).text
}

/** As alice sees the demo, with a coreBOS that finds nothing. */
export async function alice(): Promise<Asker> {
  const demo = await startDemoCorebos({ port: 0 })
  const corebos = new Corebos({
    url: demo.url,
    timeoutMs: 10_000,
    maxBytes: 2 ** 24,
    concurrency: 4,
    queue: 10,
    serviceUser: { name: 'portal', accessKey: 'portal-access-key', sessions: 1 },
    metadataTtlMs: 0,
    now: () => 0,
  })
  try {
    if (corebos.service === undefined) throw new Error('there is a service user')
    const policy = new Policy(builtinPolicy)
    const stand = new Stand(corebos, corebos.service)
    const asker = await stand.asker(await stand.contact('alice@example.com', policy), policy)
    const query: Asker['reader']['query'] = async ({ text }) => ({
      rows: text.includes('count(*)') ? [{ count: '0' }] : [],
      totalRows: 0,
    })
    return { ...asker, reader: { ...asker.reader, query } }
  } finally {
    await corebos.close()
    await demo.close()
  }
}

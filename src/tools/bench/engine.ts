/** Parse, scope and print of statements, beside a parser of SQL that does no more than parse, conjoin and print. */
import type { ReadContext } from '../../access/context.ts'
import { Corebos } from '../../corebos/corebos.ts'
import { startDemoCorebos } from '../../demo/server.ts'
import { builtinPolicy } from '../../policy/builtin.ts'
import { Policy } from '../../policy/policy.ts'
import { parseQuery } from '../../query/parse.ts'
import { draft, levelOf, ofCaller, plan } from '../../scope/plan.ts'
import { ownerIdsWithoutLookup } from '../../scope/owner-ids.ts'
import type { VisibleModules } from '../../scope/view.ts'
import { Stand } from '../policy/policy-reader.ts'
import { measure, times, type Times } from './measure.ts'
import { withPgsqlAstParser } from './rivals.ts'
import { statements, type Benchmarked } from './statements.ts'

export interface EngineResult {
  readonly name: string
  readonly gateway: Times
  readonly pgsqlAstParser: Times
}

const rounds = 20
const ownPerRound = 500
const rivalPerRound = 25

/** @returns each statement, and last all of them together */
export async function measureEngine(): Promise<EngineResult[]> {
  const context = await alice()
  const contenders = statements.map((each) => contender(each, context))
  // The first rounds make the machine compile; they are not counted.
  for (const { run } of contenders) run(4)
  const durations = contenders.map((): Durations => ({ own: [], pgsql: [] }))
  // Interleaved, so that other load on the machine affects all alike.
  for (let round = 0; round < rounds; round++) {
    for (const [i, { run }] of contenders.entries()) {
      const { own, pgsql } = run(1)
      durations[i]?.own.push(...own)
      durations[i]?.pgsql.push(...pgsql)
    }
  }
  const all: Durations = {
    own: durations.flatMap(({ own }) => own),
    pgsql: durations.flatMap(({ pgsql }) => pgsql),
  }
  return [
    ...contenders.map(({ name }, i) => result(name, durations[i] ?? all)),
    result('all', all),
  ]
}

interface Durations {
  readonly own: number[]
  readonly pgsql: number[]
}

function result(name: string, { own, pgsql }: Durations): EngineResult {
  return {
    name,
    gateway: times(own),
    pgsqlAstParser: times(pgsql),
  }
}

function contender({ name, text, scope }: Benchmarked, { visible }: ReadContext) {
  const pgsql = withPgsqlAstParser(scope)
  let next = 0
  const prepare = (): string => received(text(next++))
  return {
    name,
    run: (times: number): Durations => ({
      own: measure(times * ownPerRound, prepare, (statement) => scoped(statement, visible)),
      pgsql: measure(times * rivalPerRound, prepare, pgsql),
    }),
  }
}

/** As a text comes from a socket, in one piece; what has just been put together is so only when it is first read. */
function received(text: string): string {
  return Buffer.from(text).toString()
}

/** The statement of a query, as the gateway makes it before it sends. */
export function scoped(statement: string, visible: VisibleModules): string {
  const query = parseQuery(statement)
  const ownerIds = ownerIdsWithoutLookup(visible.contact, levelOf(query, visible, ofCaller))
  if (ownerIds === undefined) throw new Error('the built-in level needs no look-up')
  const sent = plan(draft(query, visible, ownerIds, ofCaller), new Map()).statement
  if (sent === undefined) throw new Error(`no row can match: ${statement}`)
  return sent.text
}

/** As alice sees the demo, with a coreBOS that finds nothing. */
export async function alice(): Promise<ReadContext> {
  const demo = await startDemoCorebos({ port: 0 })
  const corebos = new Corebos({
    url: demo.url,
    timeoutMs: 10_000,
    maxBytes: 2 ** 24,
    concurrency: 4,
    queue: 10,
    serviceUser: { name: 'portal', accessKey: 'portal-access-key', sessions: 1 },
    metadataTtlMs: 3_600_000,
    now: () => 0,
  })
  try {
    if (corebos.service === undefined) throw new Error('there is a service user')
    const policy = new Policy(builtinPolicy)
    const stand = new Stand(corebos, corebos.service)
    const context = await stand.context(await stand.contact('alice@example.com', policy), policy)
    const query: ReadContext['reader']['query'] = async ({ text }) => ({
      rows: text.includes('count(*)') ? [{ count: '0' }] : [],
      totalRows: 0,
    })
    return { ...context, reader: { ...context.reader, query } }
  } finally {
    await corebos.close()
    await demo.close()
  }
}

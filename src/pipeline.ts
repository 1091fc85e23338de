import type { Level } from './contact/contact.ts'
import { GatewayError } from './errors.ts'
import { limits } from './query/limits.ts'
import * as tree from './query/tree.ts'
import type { Lookup, Query } from './query/tree.ts'
import { explain as explainStatement, print } from './scope/print.ts'
import {
  lookupsIn,
  ownAnchors,
  rewrite,
  settle,
  type Anchors,
  type Dialect,
  type SettledQuery,
} from './scope/rewrite.ts'
import type { SendableQuery } from './scope/sendable.ts'
import { verify, type Row } from './scope/verify.ts'
import type { Sight, View } from './scope/view.ts'

/** Puts statements to coreBOS on behalf of one contact, through its own coreBOS session or the service user's. */
export interface Reader {
  query(
    statement: SendableQuery,
    by: 'contact' | 'service',
  ): Promise<{
    readonly rows: readonly Row[]
    readonly totalRows: number | undefined
  }>
}

/** Who is asking, and how coreBOS is asked for them. */
export interface Asker {
  readonly sight: Sight
  readonly reader: Reader
  /** The ids that ties are compared with at a level. */
  anchors(level: Level): Promise<Anchors>
  /** Told of rows that coreBOS answered and the rule does not let through; this never happens while all is well. */
  withheld(rows: number, rule: string): void
}

export interface Answer {
  readonly records: Row[]
  /** How many rows there are without the limit; absent where it could tell of a row that was withheld. */
  readonly total: number | undefined
}

export interface Explanation {
  readonly rule: string
  readonly level: Level
  readonly dialect: Dialect
  /** The statement with `$scope` in the place of what ties it to the contact. */
  readonly statement: string
  /** What is looked up first, each under its own rule. */
  readonly lookups: { label: string; explanation: Explanation }[]
}

/**
 * The door for reads: scope → resolve → print → send → verify → shape. Whatever reads a contact's records comes
 * through here.
 *
 * @throws GatewayError what the query is refused for, or how coreBOS failed
 */
export async function ask(query: Query, asker: Asker): Promise<Answer> {
  if (query.limit !== undefined && query.limit.count > limits.rows) {
    throw new GatewayError('QUERY_TOO_LARGE', `an answer may have ${limits.rows} rows at most`)
  }
  return run(query, asker)
}

async function run(query: Query, asker: Asker, dialect: Dialect = 'basic'): Promise<Answer> {
  const view = asker.sight.require(query.module, query.moduleAt)
  const { rule, level } = view.decision
  const scoped = rewrite(query, asker.sight, await asker.anchors(level), dialect)
  const settled = settle(scoped, await resolve(lookupsIn(scoped.where), asker))
  if (settled.where.kind === 'constant' && !settled.where.holds) return nothing(settled)
  const { rows, totalRows } = await asker.reader.query(
    print(settled, asker.sight.modules, dialect),
    readBy(view),
  )
  if (settled.keep === undefined) return counted(rows)
  const verified = verify(rows, { ...settled, keep: settled.keep })
  if (verified.withheld === 0) return { records: verified.rows, total: totalRows }
  asker.withheld(verified.withheld, rule.name)
  return { records: verified.rows, total: undefined }
}

/** A contact's own coreBOS session shows nothing above its account. */
function readBy({ decision: { rule, level } }: View): 'contact' | 'service' {
  return rule.readBy ?? (level === 'own' || level === 'account' ? 'contact' : 'service')
}

async function resolve(lookups: readonly Lookup[], asker: Asker): Promise<Map<Lookup, readonly string[]>> {
  const found = await Promise.all(
    lookups.map(async (lookup) => {
      const { records } = await run(lookup.query, asker, lookup.dialect)
      if (records.length > limits.ids) {
        throw new GatewayError(
          'QUERY_TOO_LARGE',
          `a condition on ${lookup.query.module} finds more than ${limits.ids} records`,
        )
      }
      return [lookup, records.map(({ id }) => id ?? '')] as const
    }),
  )
  return new Map(found)
}

function nothing({ keep }: SettledQuery): Answer {
  return keep === undefined ? { records: [{ count: '0' }], total: 0 } : { records: [], total: 0 }
}

function counted(rows: readonly Row[]): Answer {
  const count = rows[0]?.['count']
  if (count === undefined || !/^[0-9]+$/.test(count))
    throw new GatewayError('COREBOS_FAILED', 'coreBOS gave no count')
  return { records: [{ count }], total: Number(count) }
}

/**
 * One record by its webservice id.
 *
 * @throws GatewayError `NOT_FOUND`, whether it is not there or not the contact's
 */
export async function record(id: string, asker: Asker): Promise<Row> {
  const prefix = /^([1-9][0-9]{0,5})x[1-9][0-9]{0,9}$/.exec(id)?.[1]
  const module = prefix === undefined ? undefined : asker.sight.modules.byIdPrefix(prefix)
  if (module === undefined || asker.sight.find(module.name) === undefined) throw new GatewayError('NOT_FOUND')
  const where = tree.compare(tree.field('id'), '=', tree.text(id))
  const { records } = await run(allOf(module.name, where), asker)
  const [found] = records
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

function allOf(module: string, where: tree.Condition): Query {
  return tree.query({
    selection: { kind: 'all' },
    module,
    moduleAt: tree.nowhere,
    where,
    orderBy: [],
    limit: { offset: 0, count: 1 },
  })
}

/** What {@link ask} would send, without sending anything. @throws GatewayError what the query is refused for */
export async function explain(query: Query, asker: Asker, dialect: Dialect = 'basic'): Promise<Explanation> {
  const { decision } = asker.sight.require(query.module, query.moduleAt)
  const { contact } = asker.sight
  const scoped = rewrite(
    query,
    asker.sight,
    ownAnchors(contact, decision.level) ?? { contacts: standIn, accounts: standIn },
  )
  const lookups = lookupsIn(scoped.where)
  const settled = settle(scoped, new Map(lookups.map((lookup) => [lookup, standIn])))
  return {
    rule: decision.rule.name,
    level: decision.level,
    dialect,
    statement: explainStatement(settled, asker.sight.modules, dialect),
    lookups: await Promise.all(
      lookups.map(async ({ label, query, dialect }) => ({
        label,
        explanation: await explain(query, asker, dialect),
      })),
    ),
  }
}

/** Stands for ids that explain does not look up; `$scope` is shown in their place. */
const standIn = ['1x1']

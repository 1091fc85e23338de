/** Prints a resolved query as a statement for coreBOS, and proves that coreBOS reads it as meant. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { printBasic, type Printable } from '../query/basic.ts'
import { hasRepeatedBlanks, isCountedAsMeant, readingOf } from '../query/dialect.ts'
import { printExtended } from '../query/extended.ts'
import type { Modules } from '../model/module.ts'
import { columnsOf } from './columns.ts'
import type { Dialect } from './rule-condition.ts'
import type { ResolvedQuery } from './rewrite.ts'
import { asRuleError } from './rule-error.ts'
import { sealQuery, type SendableQuery } from '../model/sendable-query.ts'

const printers = { basic: printBasic, extended: printExtended } as const

/**
 * The statement for a query whose tree contains the scope. coreBOS's own rule is applied to the finished text: it is
 * not sent if coreBOS would read it in another way.
 *
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`, `QUERY_TOO_LARGE`
 */
export function print(query: ResolvedQuery, modules: Modules, dialect: Dialect): Printed {
  const { text, columns } = proven(query, modules, dialect)
  return { statement: sealQuery(text, dialect), isCount: columns === undefined }
}

export interface Printed {
  readonly statement: SendableQuery
  /** Whether coreBOS counts; otherwise it answers rows, whose number may be asked for. */
  readonly isCount: boolean
}

/**
 * The statement for explain, with labels in place of ties and of conditions that the contact may not know.
 *
 * @param query is rejected as {@link print} would
 * @param shown the same query with the part of its scope that may be shown
 * @throws GatewayError as {@link print}
 */
export function printLabelled(
  query: ResolvedQuery,
  shown: ResolvedQuery,
  modules: Modules,
  dialect: Dialect,
): string {
  const { columns } = proven(query, modules, dialect)
  const seen = columns !== undefined && shown.columns === undefined ? asRows(shown) : shown
  return printers[dialect](printable(seen), columnsOf(seen, modules), false)
}

/** Whether coreBOS would read a statement in another way in the session of a contact. */
export function holdsRepeatedBlanks({ text }: SendableQuery): boolean {
  return hasRepeatedBlanks(text)
}

/** A text that coreBOS reads as meant, and the columns that it asks for. */
interface Proven extends Pick<ResolvedQuery, 'columns'> {
  readonly text: string
}

function proven(query: ResolvedQuery, modules: Modules, dialect: Dialect): Proven {
  try {
    const text = provenText(query, modules, dialect)
    if (query.columns !== undefined || isCountedAsMeant(text)) return { text, columns: query.columns }
    const rows = asRows(query)
    return { text: provenText(rows, modules, dialect), columns: rows.columns }
  } catch (error) {
    throw isScopeAtFault(query, modules, dialect) ? asRuleError(error, query.view.module.name) : error
  }
}

/** Whether the scope alone cannot be printed either. */
function isScopeAtFault(query: ResolvedQuery, modules: Modules, dialect: Dialect): boolean {
  if (query.scope.kind === 'constant') return false
  try {
    provenText({ ...query, where: query.scope, orderBy: [] }, modules, dialect)
    return false
  } catch {
    return true
  }
}

function provenText(query: ResolvedQuery, modules: Modules, dialect: Dialect): string {
  const text = printers[dialect](printable(query), columnsOf(query, modules))
  if (readingOf(text) !== dialect) {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      'a value would make coreBOS read the statement in another dialect',
    )
  }
  return text
}

/**
 * Rows in the place of their number, one more than the bound: coreBOS's count would be that of another statement (values
 * with several blanks in a row, `order by` or `limit`).
 */
function asRows(query: ResolvedQuery): ResolvedQuery {
  return { ...query, columns: [], orderBy: [], limit: { offset: 0, count: limits.rows + 1 } }
}

function printable({ view, ask, columns, where, orderBy, limit }: ResolvedQuery): Printable {
  return { module: view.module.name, fields: columns === undefined ? undefined : ask, where, orderBy, limit }
}

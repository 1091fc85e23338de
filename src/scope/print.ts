/** Prints a resolved query as a statement for coreBOS, and proves that coreBOS reads it as meant. */
import { GatewayError } from '../model/errors.ts'
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
 * The statement for a query whose scope is in its tree. The finished text is put through coreBOS's own rule: where it
 * would be read otherwise than meant, it is not sent.
 *
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`, `QUERY_TOO_LARGE`
 */
export function print(query: ResolvedQuery, modules: Modules, dialect: Dialect): SendableQuery {
  return sealQuery(proven(query, modules, dialect), dialect)
}

/**
 * What would be sent, with labels in the place of what ties it to the contact and of what the contact may not know.
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
  proven(query, modules, dialect)
  return printers[dialect](printable(shown), columnsOf(shown, modules), false)
}

/** Whether coreBOS would read a statement otherwise in the session of a contact. */
export function holdsRepeatedBlanks({ text }: SendableQuery): boolean {
  return hasRepeatedBlanks(text)
}

function proven(query: ResolvedQuery, modules: Modules, dialect: Dialect): string {
  try {
    return provenText(query, modules, dialect)
  } catch (error) {
    throw isScopeAtFault(query, modules, dialect) ? asRuleError(error, query.view.module.name) : error
  }
}

/** Whether the scope cannot be printed by itself either. */
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
  requireCount(text, query)
  return text
}

function requireCount(text: string, { columns }: Pick<ResolvedQuery, 'columns'>): void {
  if (columns !== undefined || isCountedAsMeant(text)) return
  throw new GatewayError(
    'QUERY_NOT_EXPRESSIBLE',
    "coreBOS miscounts values with several blanks in a row, 'order by' or 'limit'",
  )
}

function printable({ view, ask, columns, where, orderBy, limit }: ResolvedQuery): Printable {
  return { module: view.module.name, fields: columns === undefined ? undefined : ask, where, orderBy, limit }
}

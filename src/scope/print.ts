import { GatewayError } from '../errors.ts'
import { printBasic, type Columns, type Printable } from '../query/basic.ts'
import { readingOf } from '../query/dialect.ts'
import { isNumberColumn, valueKind } from './module.ts'
import type { SettledQuery } from './rewrite.ts'
import { sealQuery, type SendableQuery } from './sendable.ts'

/**
 * The statement for a query whose scope is in its tree. The finished text is put through coreBOS's own rule: where it
 * would be read otherwise than meant, it is not sent.
 *
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`, `QUERY_TOO_LARGE`
 */
export function print(query: SettledQuery): SendableQuery {
  const text = printBasic(printable(query), columnsOf(query))
  requireBasic(text)
  return sealQuery(text, 'basic')
}

/** What would be sent, with `$scope` in the place of what ties it to the contact. */
export function explain(query: SettledQuery): { statement: string; dialect: string } {
  const full = printBasic(printable(query), columnsOf(query))
  requireBasic(full)
  return { statement: printBasic(printable(query), columnsOf(query), false), dialect: 'basic' }
}

function requireBasic(text: string): void {
  if (readingOf(text) !== 'basic') {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      'a value would make coreBOS read the statement in another dialect',
    )
  }
}

function printable({ view, ask, keep, where, orderBy, limit }: SettledQuery): Printable {
  return { module: view.module.name, fields: keep === undefined ? undefined : ask, where, orderBy, limit }
}

function columnsOf({ view }: SettledQuery): Columns {
  const { fields } = view.module
  return {
    isReference: (name) => {
      const field = fields.get(name)
      return field !== undefined && valueKind(field) === 'id'
    },
    isNumber: (name) => {
      const field = fields.get(name)
      return field !== undefined && isNumberColumn(field)
    },
  }
}

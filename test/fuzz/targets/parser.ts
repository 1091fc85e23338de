/** Statements and their parts: what is read is printed, and reading the print gives the same tree. */
import { deepStrictEqual } from 'node:assert'
import { GatewayError } from '../../../src/model/errors.ts'
import { printCondition, printQuery } from '../../../src/query/canonical.ts'
import { readingOf, staysQuoted } from '../../../src/query/dialect.ts'
import { distribute, withoutNot } from '../../../src/query/normal-form.ts'
import { parseCondition, parseFields, parseOrderBy, parseQuery } from '../../../src/query/parse.ts'
import { printedLength, sizeOf } from '../../../src/query/size.ts'
import type { Condition } from '../../../src/query/tree.ts'

const codes: ReadonlySet<string> = new Set(['QUERY_SYNTAX', 'QUERY_TOO_LARGE', 'QUERY_NOT_EXPRESSIBLE'])

/** @returns undefined if the text is rejected with one of the codes of a query */
function accepted<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof GatewayError && codes.has(error.code)) return undefined
    throw error
  }
}

/** The tree without the places where its parts are in the text. */
function bare(node: unknown): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === 'at' || key === 'moduleAt' ? undefined : value)),
  )
}

function requireFixpoint<T>(tree: T, print: (tree: T) => string, read: (text: string) => T): void {
  const text = print(tree)
  const again = read(text)
  deepStrictEqual(bare(again), bare(tree), text)
  deepStrictEqual(print(again), text)
}

/** The alternatives of a condition are as many, and as long, as predicted. */
function requireSize(condition: Condition): void {
  const plain = withoutNot(condition)
  const size = sizeOf(plain, (leaf) => printCondition(leaf).length)
  const terms = accepted(() => distribute(plain))
  if (terms === undefined) return
  deepStrictEqual(size.terms, terms.length)
  // What holds for no row, or for each, is not printed.
  if (terms.length === 0 || plain.kind === 'constant') return
  const text = terms.map((term) => term.map(printCondition).join(' and ')).join(' or ')
  deepStrictEqual(printedLength(size), text.length)
}

export function fuzz(data: Buffer): void {
  const text = data.toString()
  const query = accepted(() => parseQuery(text))
  if (query !== undefined) requireFixpoint(query, printQuery, parseQuery)
  const condition = query?.where ?? accepted(() => parseCondition(text))
  if (condition !== undefined) {
    requireFixpoint(condition, printCondition, parseCondition)
    requireSize(condition)
  }
  accepted(() => parseFields(text))
  accepted(() => parseOrderBy(text))
  readingOf(text)
  staysQuoted(`'${text}'`)
}

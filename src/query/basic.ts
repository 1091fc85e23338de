/** Prints queries in coreBOS's basic dialect. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { multiplied } from './normal-form.ts'
import { joins, printedLength, requireSize, sizeOf, type Size } from './size.ts'
import type { Condition, Limit, Value } from './tree.ts'

/** The input of a printer: names that have been looked up, and a condition without `not` and look-ups. */
export interface Printable {
  readonly module: string
  /** Undefined: `count(*)`. */
  readonly fields: readonly string[] | undefined
  readonly where: Condition
  readonly orderBy: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[]
  readonly limit: Limit
}

/** What the printers need to know of a column. */
export interface Columns {
  /** Holds webservice ids. */
  isReference(field: string): boolean
  /** Holds numbers, so that quoted values are compared as numbers too. */
  isNumber(field: string): boolean
  /** The number of modules that a reference may point to. */
  refersTo(field: string): number
  /** The module of an id if `field` is the first field that can point to it. */
  moduleOf(field: string, id: string): string | undefined
}

/**
 * Prints a query in coreBOS's basic dialect: `or` of `and`s without parentheses, exact ids, the values of SQL. Only
 * shapes that a recording proves are printed. Each condition is printed once, and the total size is computed before
 * terms are combined.
 *
 * @param showTies for explain: prints the label of a tie in place of its ids
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`, `QUERY_TOO_LARGE`
 */
export function printBasic(query: Printable, columns: Columns, showTies = true): string {
  const before = `select ${query.fields?.join(',') ?? 'count(*)'} from ${query.module}`
  const behind = `${order(query)}${limit(query)};`
  requireSize(sizeOf(query.where))
  const texts = new Map<Condition, string>()
  const size = measured(query.where, texts, (each) => condition(each, columns, showTies))
  if (size.terms === 0) throw new Error('a query that matches no row is answered without a call of coreBOS')
  const isOpen = query.where.kind === 'constant'
  const length = before.length + behind.length + (isOpen ? 0 : where.length + printedLength(size))
  if (length > limits.statement) throw tooLong()
  if (isOpen) return before + behind
  const conjunction = (term: Condition[]) => joined(term, joins.and, (each) => texts.get(each) ?? '')
  return before + where + joined(multiplied(query.where), joins.or, conjunction) + behind
}

const where = ' where '

/**
 * @param texts receives each condition as it is printed, up to the limit of a statement
 * @throws GatewayError `QUERY_TOO_LARGE`, and what `print` throws
 */
function measured(whole: Condition, texts: Map<Condition, string>, print: (leaf: Condition) => string): Size {
  let length = 0
  return sizeOf(whole, (leaf) => {
    const text = texts.get(leaf) ?? print(leaf)
    texts.set(leaf, text)
    length += text.length
    if (length > limits.statement) throw tooLong()
    return text.length
  })
}

/** Does not name the length: it would tell how many ids a scope has. */
function tooLong(): GatewayError {
  return new GatewayError(
    'QUERY_TOO_LARGE',
    `the statement for coreBOS would have more than ${limits.statement.toLocaleString('en')} characters, which is the ` +
      'most that is accepted; shorter lists, or fewer alternatives, make it shorter',
  )
}

/** As `map` and `join`, which are several times slower for few values. */
function joined<T>(items: readonly T[], between: string, print: (item: T) => string): string {
  let text = ''
  for (const item of items) text += text === '' ? print(item) : between + print(item)
  return text
}

function order({ orderBy, fields }: Printable): string {
  if (orderBy.length === 0 || fields === undefined) return ''
  // coreBOS accepts one direction, at the end, which SQL applies to the last field alone.
  if (orderBy.slice(0, -1).some(({ direction }) => direction === 'desc')) {
    throw inexpressible("only the last field of 'order by' can be descending")
  }
  const direction = orderBy.at(-1)?.direction === 'desc' ? ' desc' : ''
  return ` order by ${orderBy.map(({ field }) => field).join(',')}${direction}`
}

function limit({ limit: { offset, count }, fields }: Printable): string {
  if (fields === undefined) return ''
  return offset === 0 ? ` limit ${count}` : ` limit ${offset},${count}`
}

function condition(node: Condition, columns: Columns, showTies: boolean): string {
  switch (node.kind) {
    case 'tie':
      return `${node.field} in (${showTies ? joined(node.ids, ',', quote) : node.label})`
    case 'hidden':
      if (showTies) throw new Error('a hidden condition is not sent')
      return node.label
    case 'compare':
      return `${node.path.field}${node.operator}${literal(node.value, node.path.field, columns)}`
    case 'in': {
      const values = list(node.values, node.path.field, columns)
      if (!node.negated) return `${node.path.field} in (${values.join(',')})`
      return values.map((value) => `${node.path.field}!=${value}`).join(' and ')
    }
    case 'like':
      if (node.negated) throw inexpressible("'not like' has no basic form")
      return `${node.path.field} like ${patternLiteral(node.pattern, node.path.field)}`
    case 'null': {
      const { field } = node.path
      if (!node.negated) {
        // The column of an owner is never null, and 0 if it is empty.
        if (columns.isReference(field) && columns.refersTo(field) === 0) return `${field}='12x0'`
        throw inexpressible("'is null' has no basic form")
      }
      // Null is not equal to any value, and trailing blanks are ignored: only non-empty values remain.
      return columns.isReference(field) ? `${field}!='12x0'` : `${field}!=' '`
    }
    default:
      throw new Error(`a '${node.kind}' is not printed`)
  }
}

/** coreBOS rejects a list that mixes values with and without quotes. */
function list(values: readonly Value[], field: string, columns: Columns): string[] {
  return values.map((value) => (columns.isNumber(field) ? quote(value.text) : literal(value, field, columns)))
}

function literal(value: Value, field: string, columns: Columns): string {
  if (value.kind === 'text') return textLiteral(value.text, field)
  if (/^-?[0-9]+$/.test(value.text)) return value.text
  // Without quotes the dot would change the dialect; with quotes a text column would be compared as text.
  if (!columns.isNumber(field))
    throw inexpressible(`'${field}' holds text, which cannot be compared with a decimal number`)
  return quote(value.text)
}

/** @throws GatewayError `QUERY_NOT_EXPRESSIBLE` for a text that coreBOS would change */
export function textLiteral(text: string, field: string): string {
  requireOneLine(text, field)
  return quote(text)
}

function requireOneLine(text: string, field: string): void {
  if (/[\n\r\t]/.test(text))
    throw inexpressible(`'${field}': coreBOS replaces line breaks and tabs in a value by blanks`)
}

function quote(text: string): string {
  // An empty text is an error in this dialect; trailing blanks are ignored, so one blank is equal to it.
  if (text === '') return "' '"
  if (!/['\\]/.test(text)) return `'${text}'`
  return `'${text.replace(/['\\]/g, '$&$&')}'`
}

/** @throws GatewayError `QUERY_NOT_EXPRESSIBLE` for a pattern that coreBOS would change, or that is ambiguous */
export function patternLiteral(text: string, field: string): string {
  if (text === '') throw inexpressible('an empty pattern matches nothing')
  if (!/^(?:[^\\]|\\[\\%_])*$/.test(text)) {
    throw inexpressible(
      `'${field}': a backslash in a pattern stands before %, _ or another backslash; the character itself is '\\\\\\\\' in a text`,
    )
  }
  if (/[\u{10000}-\u{10ffff}]/u.test(text)) throw inexpressible('coreBOS does not store this character')
  requireOneLine(text, field)
  // Two backslashes in a statement are one in the pattern.
  return `'${text.replace(/\\\\|'/g, '$&$&')}'`
}

function inexpressible(why: string): GatewayError {
  return new GatewayError('QUERY_NOT_EXPRESSIBLE', why)
}

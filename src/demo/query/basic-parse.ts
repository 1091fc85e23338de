/** Parses the basic dialect, with the syntax errors that coreBOS gives. */
import { CorebosError } from '../errors.ts'
import { BasicLexer } from './basic-tokens.ts'
import type { BasicToken, TokenName } from './basic-tokens.ts'

export interface BasicCondition {
  readonly field: string
  readonly operator: string
  /** As written: quotes are kept. Several where the operator is `IN`. */
  readonly values: readonly string[]
}

export interface BasicStatement {
  readonly columns: readonly string[]
  readonly all: boolean
  readonly count: boolean
  readonly module: string
  readonly conditions: readonly BasicCondition[]
  /** `and` or `or` as written, between the conditions. */
  readonly joins: readonly string[]
  readonly orderBy: readonly string[]
  readonly direction: string
  readonly limit: readonly string[]
}

const OPERATORS: ReadonlyMap<TokenName, string> = new Map([
  ['EQ', '='],
  ['LT', '<'],
  ['GT', '>'],
  ['LTE', '<='],
  ['GTE', '>='],
  ['NE', '!='],
  ['IN', 'IN'],
  ['LIKE', 'LIKE'],
])

const ALL_OPERATORS = [...OPERATORS.keys()].join(',')

const unexpected = ({ name, text }: BasicToken, expected: string): CorebosError =>
  new CorebosError(
    'QUERY_SYNTAX_ERROR',
    `Syntax Error on line 1: token '${text}' Unexpected ${name}(${text}), expected one of: ${expected}`,
  )

class Parser {
  readonly #tokens: Generator<BasicToken, undefined>
  #token: BasicToken | undefined

  constructor(text: string) {
    this.#tokens = new BasicLexer(text).tokens()
    this.#advance()
  }

  #advance(): void {
    this.#token = this.#tokens.next().value
  }

  get token(): BasicToken {
    return this.#token ?? { name: 'Unknown', text: '' }
  }

  at(...names: readonly TokenName[]): boolean {
    return names.includes(this.token.name)
  }

  take(name: TokenName, expected: string = name): string {
    const { token } = this
    if (token.name !== name) throw unexpected(token, expected)
    this.#advance()
    return token.text
  }

  takeIf(name: TokenName): boolean {
    if (!this.at(name)) return false
    this.#advance()
    return true
  }

  end(): void {
    if (this.#token !== undefined) throw unexpected(this.#token, '')
  }
}

/** The parser names the wrong follow-up of an unfinished list by where it ended up itself. */
const inList = (parser: Parser, unknown: string): string => (parser.at('Unknown') ? unknown : 'SELECT')

const readColumns = (parser: Parser): { columns: string[]; all: boolean; count: boolean } => {
  const columns: string[] = []
  let count = false
  if (parser.takeIf('ASTERISK')) return { columns, all: true, count }
  if (parser.takeIf('COUNT')) {
    parser.take('PARENOPEN')
    parser.take('ASTERISK')
    parser.take('PARENCLOSE')
    count = true
  } else {
    columns.push(parser.take('COLUMNNAME'))
  }
  while (!parser.at('FRM')) {
    parser.take('COMMA', inList(parser, 'FRM,COMMA'))
    columns.push(parser.take('COLUMNNAME', inList(parser, 'COLUMNNAME')))
  }
  return { columns, all: false, count }
}

const readValues = (parser: Parser): string[] => {
  const inParentheses = parser.takeIf('PARENOPEN')
  const values = [parser.take('VALUE')]
  while (parser.takeIf('COMMA')) values.push(parser.take('VALUE'))
  if (inParentheses) {
    parser.take('PARENCLOSE', parser.at('Unknown') ? 'PARENCLOSE,COMMA' : 'SEMICOLON')
  }
  return values
}

const readCondition = (parser: Parser, first: boolean): BasicCondition => {
  const atEnd = first || parser.at('ORDERBY', 'LIMIT', 'SEMICOLON', 'Unknown')
  const field = parser.take('COLUMNNAME', atEnd ? 'COLUMNNAME' : 'SEMICOLON')
  const operator = OPERATORS.get(parser.token.name)
  if (operator === undefined) throw unexpected(parser.token, ALL_OPERATORS)
  parser.takeIf(parser.token.name)
  return { field, operator, values: readValues(parser) }
}

const readOrder = (parser: Parser): { orderBy: string[]; direction: string } => {
  const orderBy = [parser.take('COLUMNNAME')]
  while (parser.takeIf('COMMA')) {
    const atEnd = parser.at('LIMIT', 'SEMICOLON', 'Unknown')
    orderBy.push(parser.take('COLUMNNAME', atEnd ? 'COLUMNNAME' : 'SEMICOLON'))
  }
  if (parser.takeIf('ASC')) return { orderBy, direction: 'ASC' }
  return { orderBy, direction: parser.takeIf('DESC') ? 'DESC' : '' }
}

export const parseBasic = (text: string): BasicStatement => {
  const parser = new Parser(text)
  parser.take('SELECT')
  const { columns, all, count } = readColumns(parser)
  parser.take('FRM', 'FRM,COMMA')
  const module = parser.take('TABLENAME')
  const conditions: BasicCondition[] = []
  const joins: string[] = []
  if (parser.takeIf('WHERE')) {
    conditions.push(readCondition(parser, true))
    while (parser.at('LOGICAL_AND', 'LOGICAL_OR')) {
      joins.push(parser.token.text)
      parser.takeIf(parser.token.name)
      conditions.push(readCondition(parser, false))
    }
  }
  const { orderBy, direction } = parser.takeIf('ORDERBY') ? readOrder(parser) : { orderBy: [], direction: '' }
  const limit: string[] = []
  if (parser.takeIf('LIMIT')) {
    limit.push(parser.take('VALUE'))
    if (parser.takeIf('COMMA')) limit.push(parser.take('VALUE'))
  }
  parser.take('SEMICOLON')
  parser.end()
  return { columns, all, count, module, conditions, joins, orderBy, direction, limit }
}

/** The parser of statements, conditions, orders and expansions. */
import { GatewayError } from '../model/errors.ts'
import { parseJsonConditions } from './json-conditions.ts'
import { limits } from '../model/limits.ts'
import { lineEnd, syntaxError, tokenize, type Token } from './tokens.ts'
import * as tree from './tree.ts'
import type {
  Comparison,
  Condition,
  FieldPath,
  Limit,
  Order,
  Position,
  Query,
  Selection,
  Value,
} from './tree.ts'

const keywords = new Set(
  'select distinct from where and or not in like is null true false order by asc desc limit offset'.split(
    ' ',
  ),
)
const longestKeyword = [...keywords].reduce((longest, { length }) => Math.max(longest, length), 0)

function isKeyword(word: string): boolean {
  return word.length <= longestKeyword && keywords.has(word.toLowerCase())
}

/** A recursive-descent parser over the tokens of one text; each method parses one rule of the grammar. */
class Reader {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0
  /** The line of the last token. */
  #line = 1
  #lineBegin = 0
  #lineEnd: number
  #depth = 0
  /** The number of `not` before the current term. */
  #negations = 0
  #conditions = 0
  #expansions = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokenize(source)
    this.#lineEnd = lineEnd(source, 0)
  }

  // statement = "select" selection "from" module [ "where" ( condition | json ) ] [ order ] [ limit ] { ";" }
  statement(): Query {
    this.#keyword('select')
    const selection = this.#selection()
    this.#keyword('from')
    const { text: module, offset } = this.#name('a module')
    const moduleAt = this.#position(offset)
    const where = this.#accept('where') ? this.#where() : undefined
    const orderBy = this.#peekWord('order') ? this.#orderClause() : []
    const limit = this.#peekWord('limit') ? this.#limitClause() : undefined
    while (this.#acceptSign(';'));
    this.end()
    return tree.query({ selection, module, moduleAt, where, orderBy, limit })
  }

  // selection = "*" | "count" "(" "*" ")" | [ "distinct" ] path { "," path }
  #selection(): Selection {
    if (this.#acceptSign('*')) return { kind: 'all' }
    if (this.#peekWord('count') && this.#tokens[this.#next + 1]?.text === '(') {
      this.#next++
      this.#sign('(')
      this.#sign('*')
      this.#sign(')')
      return { kind: 'count' }
    }
    const distinct = this.#accept('distinct')
    return { kind: 'fields', paths: Object.freeze(this.paths()), distinct }
  }

  paths(): FieldPath[] {
    const paths = [this.#path()]
    while (this.#acceptSign(',')) {
      if (paths.length === limits.fields) throw tooLarge(`${limits.fields} fields`)
      paths.push(this.#path())
    }
    return paths
  }

  #where(): Condition {
    const token = this.#peek()
    if (token.kind !== 'json') return this.condition()
    this.#next++
    return parseJsonConditions(token.text, this.#position(token.offset))
  }

  // condition = conjunction { "or" conjunction }
  condition(): Condition {
    const first = this.#conjunction()
    if (!this.#peekWord('or')) return first
    const terms = [first]
    while (this.#accept('or')) terms.push(this.#conjunction())
    return tree.anyOf(terms)
  }

  // conjunction = term { "and" term }
  #conjunction(): Condition {
    const first = this.#term()
    if (!this.#peekWord('and')) return first
    const terms = [first]
    while (this.#accept('and')) terms.push(this.#term())
    return tree.allOf(terms)
  }

  // term = "not" term | "(" condition ")" | "true" | "false" | "related" "." module "=" id | path test
  #term(): Condition {
    if (this.#peekWord('not')) return this.#negated()
    if (this.#accept('true')) return tree.constant(true)
    if (this.#accept('false')) return tree.constant(false)
    if (this.#acceptSign('(', false)) {
      return this.#deeper(() => {
        const inner = this.condition()
        this.#sign(')')
        return inner
      })
    }
    if (++this.#conditions > limits.conditions) throw tooLarge(`${limits.conditions} conditions`)
    const path = this.#path()
    if (path.via?.toLowerCase() === 'related') return this.#relation(path)
    return this.#test(path)
  }

  #deeper(read: () => Condition): Condition {
    if (++this.#depth > limits.depth) throw tooLarge(`a depth of ${limits.depth}`)
    this.#next++
    const condition = read()
    this.#depth--
    return condition
  }

  #negated(): Condition {
    this.#negations++
    const term = this.#deeper(() => tree.not(this.#term()))
    this.#negations--
    return term
  }

  #relation(path: FieldPath): Condition {
    this.#sign('=')
    const token = this.#peek()
    if (token.kind !== 'text' && token.kind !== 'id') throw this.#unexpected("a webservice id ('12x34')")
    this.#next++
    return tree.related(path.field, token.text, path.at)
  }

  // test = comparison value | ( "=" | "!=" ) "null" | [ "not" ] "in" "(" value { "," value } ")" | [ "not" ] "like" text | "is" [ "not" ] "null"
  #test(path: FieldPath): Condition {
    if (this.#accept('is')) {
      const negated = this.#accept('not')
      this.#keyword('null')
      return tree.isNull(path, negated)
    }
    const negated = this.#accept('not')
    if (this.#accept('in')) return tree.inList(path, this.#list(), negated)
    if (this.#accept('like')) {
      const token = this.#peek()
      if (token.kind !== 'text') throw this.#unexpected('a text')
      this.#next++
      return tree.like(path, token.text, negated)
    }
    if (negated) throw this.#unexpected("'in' or 'like'")
    const token = this.#peek()
    const sign = token.text === '<>' ? '!=' : token.text
    const operator = token.kind === 'sign' ? tree.comparisons.find((each) => each === sign) : undefined
    if (operator === undefined) {
      throw this.#unexpected("a comparison ('=', '!=', '<', '<=', '>', '>=', 'in', 'like', 'is null')")
    }
    this.#next++
    if (this.#peekWord('null')) return this.#comparedWithNull(path, operator)
    return tree.compare(path, operator, this.#value())
  }

  /** Unknown for every record, as in SQL and in coreBOS, so that no record meets it. */
  #comparedWithNull(path: FieldPath, operator: Comparison): Condition {
    const isEquality = operator === '=' || operator === '!='
    // The negation is unknown as well, which an empty list does not express.
    if (!isEquality || this.#negations > 0) throw this.#unexpected("a value; 'is null' finds empty fields")
    this.#next++
    return tree.inList(path, [])
  }

  #list(): Value[] {
    this.#sign('(')
    const values = [this.#value()]
    while (this.#acceptSign(',')) {
      if (values.length === limits.list) throw tooLarge(`${limits.list} values in a list`)
      values.push(this.#value())
    }
    this.#sign(')')
    return values
  }

  #value(): Value {
    const token = this.#peek()
    const { kind, text } = token
    if (kind !== 'text' && kind !== 'number' && kind !== 'id')
      throw this.#unexpected("a text ('…') or a number")
    this.#next++
    return kind === 'number' ? tree.number(text) : tree.text(text)
  }

  // path = name [ "." name ]
  #path(): FieldPath {
    const first = this.#name('a field')
    const at = this.#position(first.offset)
    if (!this.#acceptSign('.')) return tree.field(first.text, at)
    return tree.field(this.#name('a field').text, at, first.text)
  }

  // expansions = expansion { "," expansion }
  expansions(): Expansion[] {
    const expansions: Expansion[] = []
    do expansions.push(this.#expansion(this.#name('a field').text, 1))
    while (this.#acceptSign(','))
    return expansions
  }

  // expansion = name [ "(" part { "," part } ")" ] [ "." expansion ]    part = name | expansion
  #expansion(name: string, depth: number): Expansion {
    if (++this.#expansions > limits.fields) throw tooLarge(`${limits.fields} fields`)
    if (depth > limits.hops) throw tooLarge(`${limits.hops} hops in a row`)
    const further: Expansion[] = []
    let fields: string[] | undefined
    if (this.#acceptSign('(')) {
      fields = []
      do {
        const part = this.#name('a field').text
        if (fields.push(part) > limits.fields) throw tooLarge(`${limits.fields} fields`)
        if (this.#acceptSign('(', false) || this.#acceptSign('.', false))
          further.push(this.#expansion(part, depth + 1))
      } while (this.#acceptSign(','))
      this.#sign(')')
    }
    if (this.#acceptSign('.')) further.push(this.#expansion(this.#name('a field').text, depth + 1))
    return { name, fields, further }
  }

  #orderClause(): Order[] {
    this.#keyword('order')
    this.#keyword('by')
    return this.orders()
  }

  // orders = path [ "asc" | "desc" ] { "," … }
  orders(): Order[] {
    const orders: Order[] = []
    do {
      if (orders.length === limits.orders) throw tooLarge(`${limits.orders} fields behind 'order by'`)
      const path = this.#path()
      const direction = this.#accept('desc') ? 'desc' : 'asc'
      if (direction === 'asc') this.#accept('asc')
      orders.push(Object.freeze({ path, direction }))
    } while (this.#acceptSign(','))
    return orders
  }

  // limit = "limit" count | "limit" offset "," count | "limit" count "offset" offset
  #limitClause(): Limit {
    this.#keyword('limit')
    const first = this.#whole()
    if (this.#acceptSign(',')) return Object.freeze({ offset: first, count: this.#whole() })
    return Object.freeze({ offset: this.#accept('offset') ? this.#whole() : 0, count: first })
  }

  #whole(): number {
    const token = this.#peek()
    if (token.kind !== 'number' || !/^[0-9]{1,9}$/.test(token.text)) throw this.#unexpected('a whole number')
    this.#next++
    return Number(token.text)
  }

  end(): void {
    if (this.#peek().kind !== 'end') throw this.#unexpected('the end')
  }

  #peek(): Token {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]
    if (token === undefined) throw new Error('tokenize() always ends with a token')
    return token
  }

  #peekWord(word: string): boolean {
    const { kind, text } = this.#peek()
    return kind === 'word' && text.length === word.length && text.toLowerCase() === word
  }

  #accept(word: string): boolean {
    if (!this.#peekWord(word)) return false
    this.#next++
    return true
  }

  #acceptSign(sign: string, consume = true): boolean {
    const token = this.#peek()
    if (token.kind !== 'sign' || token.text !== sign) return false
    if (consume) this.#next++
    return true
  }

  #keyword(word: string): void {
    if (!this.#accept(word)) throw this.#unexpected(`'${word}'`)
  }

  #sign(sign: string): void {
    if (!this.#acceptSign(sign)) throw this.#unexpected(`'${sign}'`)
  }

  #name(what: string): Token {
    const token = this.#peek()
    if (token.kind !== 'word' || isKeyword(token.text)) throw this.#unexpected(`the name of ${what}`)
    this.#next++
    return token
  }

  /** Continues from the previous position: a text may have as many lines as paths. */
  #position(offset: number): Position {
    while (offset >= this.#lineEnd) {
      this.#line++
      this.#lineBegin = this.#lineEnd
      this.#lineEnd = lineEnd(this.#source, this.#lineBegin)
    }
    return Object.freeze({ line: this.#line, column: offset - this.#lineBegin + 1 })
  }

  #unexpected(expected: string): GatewayError {
    const token = this.#peek()
    const found = token.kind === 'end' ? 'the end' : this.#found(token)
    return syntaxError(this.#source, token.offset, `expected ${expected} but found ${found}`)
  }

  #found(token: Token): string {
    if (token.kind === 'text') return 'a text'
    return token.text.length > 40 ? `'${token.text.slice(0, 40)}…'` : `'${token.text}'`
  }
}

function tooLarge(bound: string): GatewayError {
  return new GatewayError('QUERY_TOO_LARGE', `a query may have ${bound} at most; more were received`)
}

function whole<T>(source: string, read: (reader: Reader) => T): T {
  const reader = new Reader(source)
  const result = read(reader)
  reader.end()
  return result
}

/**
 * Parses a statement: `select … from Module [where …] [order by …] [limit …]`.
 *
 * @throws GatewayError `QUERY_SYNTAX` with line, column and what was expected; `QUERY_TOO_LARGE`
 */
export function parseQuery(source: string): Query {
  return whole(source, (reader) => reader.statement())
}

/** Parses the text after `where`. @throws GatewayError as {@link parseQuery} */
export function parseCondition(source: string): Condition {
  return whole(source, (reader) => reader.condition())
}

/** Parses the text after `order by`. @throws GatewayError as {@link parseQuery} */
export function parseOrderBy(source: string): Order[] {
  return whole(source, (reader) => reader.orders())
}

/** A reference whose records are included in the answer. */
export interface Expansion {
  readonly name: string
  /** The requested fields of these records; undefined: all fields. */
  readonly fields: readonly string[] | undefined
  /** The references that are followed from these records. */
  readonly further: readonly Expansion[]
}

/**
 * Parses a comma-separated list of references to follow: `a,b.c,d(e,f(g))`.
 *
 * @throws GatewayError as {@link parseQuery}
 */
export function parseExpansions(source: string): Expansion[] {
  return whole(source, (reader) => reader.expansions())
}

/** Parses a comma-separated list of fields. @throws GatewayError as {@link parseQuery} */
export function parseFields(source: string): FieldPath[] {
  return whole(source, (reader) => reader.paths())
}

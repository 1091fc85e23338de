/** Compiles the expressions of SQL text, as MariaDB reads them, into functions of a row. */
import {
  and,
  calculate,
  callFunction,
  compare,
  inList,
  isNull,
  like,
  literal,
  not,
  or,
  xor,
} from './operators.ts'
import { databaseError } from './values.ts'
import type { Token } from './tokens.ts'
import type { Node } from './values.ts'

/** Finds a column by its name and, where it is written, its table; undefined where there is none or several. */
export type Resolve = (column: string, table: string | undefined) => Node | undefined
/** Compiles a sub-select whose `select` has been read; leaves the reader at its closing parenthesis. */
export type SubSelect = (reader: Reader) => Node

const COMPARISONS = new Set(['=', '<=>', '!=', '<>', '<', '<=', '>', '>='])
const END: Token = { kind: 'end', text: '' }

export class Reader {
  readonly #tokens: readonly Token[]
  readonly #resolve: Resolve
  readonly #subSelect: SubSelect
  #position = 0

  constructor(tokens: readonly Token[], resolve: Resolve, subSelect: SubSelect) {
    this.#tokens = tokens
    this.#resolve = resolve
    this.#subSelect = subSelect
  }

  /** The same text, read on with the columns of other tables. */
  within<T>(resolve: Resolve, read: (inner: Reader) => T): T {
    const inner = new Reader(this.#tokens, resolve, this.#subSelect)
    inner.#position = this.#position
    const result = read(inner)
    this.#position = inner.#position
    return result
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? END
  }

  next(): Token {
    const token = this.peek()
    this.#position += 1
    return token
  }

  isWord(word: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead)
    return kind === 'word' && text.toLowerCase() === word
  }

  isSign(sign: string): boolean {
    const { kind, text } = this.peek()
    return kind === 'sign' && text === sign
  }

  takeWord(word: string): boolean {
    const found = this.isWord(word)
    if (found) this.#position += 1
    return found
  }

  takeSign(sign: string): boolean {
    const found = this.isSign(sign)
    if (found) this.#position += 1
    return found
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw databaseError()
  }

  expression(): Node {
    // One loop for long chains: a statement may hold thousands of or-terms.
    const terms = [this.#xor()]
    while (this.takeWord('or') || this.takeSign('||')) terms.push(this.#xor())
    return balanced(terms, or)
  }

  #xor(): Node {
    let left = this.#and()
    while (this.takeWord('xor')) left = xor(left, this.#and())
    return left
  }

  #and(): Node {
    const terms = [this.#not()]
    while (this.takeWord('and') || this.takeSign('&&')) terms.push(this.#not())
    return balanced(terms, and)
  }

  #not(): Node {
    return this.takeWord('not') ? not(this.#not()) : this.#comparison()
  }

  #comparison(): Node {
    let left = this.#sum()
    for (;;) {
      if (this.takeWord('is')) {
        const negated = this.takeWord('not')
        if (!this.takeWord('null')) throw databaseError()
        left = negated ? not(isNull(left)) : isNull(left)
        continue
      }
      const { kind, text } = this.peek()
      if (kind === 'sign' && COMPARISONS.has(text)) {
        this.next()
        left = compare(text, left, this.#sum())
        continue
      }
      const negated = this.isWord('not') && ['like', 'in', 'between'].some((word) => this.isWord(word, 1))
      if (negated) this.next()
      const found = this.#predicate(left)
      if (found === undefined) return left
      left = negated ? not(found) : found
    }
  }

  #predicate(left: Node): Node | undefined {
    if (this.takeWord('like')) return like(left, this.#sum())
    if (this.takeWord('between')) {
      const low = this.#sum()
      if (!this.takeWord('and')) throw databaseError()
      return and(compare('>=', left, low), compare('<=', left, this.#sum()))
    }
    if (!this.takeWord('in')) return undefined
    this.expectSign('(')
    const list: Node[] = []
    do list.push(this.expression())
    while (this.takeSign(','))
    this.expectSign(')')
    return inList(left, list)
  }

  #sum(): Node {
    let left = this.#product()
    while (this.isSign('+') || this.isSign('-')) left = calculate(this.next().text, left, this.#product())
    return left
  }

  #product(): Node {
    let left = this.#unary()
    while (this.isSign('*') || this.isSign('/') || this.isSign('%')) {
      left = calculate(this.next().text, left, this.#unary())
    }
    return left
  }

  #unary(): Node {
    if (this.takeSign('-')) {
      const operand = this.#unary()
      return operand.constant
        ? literal(-Number(operand.text(EMPTY_ROW) ?? 0))
        : calculate('-', literal(0), operand)
    }
    if (this.takeSign('+')) return this.#unary()
    if (this.takeSign('!')) return not(this.#unary())
    return this.#primary()
  }

  #primary(): Node {
    const { kind, text } = this.next()
    if (kind === 'string') return literal(text)
    if (kind === 'number') return literal(Number(text))
    if (kind === 'sign' && text === '(') {
      const inner = this.takeWord('select') ? this.#subSelect(this) : this.expression()
      this.expectSign(')')
      return inner
    }
    if (kind !== 'word' && kind !== 'quoted') throw databaseError()
    if (kind === 'word') {
      const lower = text.toLowerCase()
      if (lower === 'null') return literal(null)
      if (lower === 'true' || lower === 'false') return literal(lower === 'true' ? 1 : 0)
      if (this.takeSign('(')) return this.#call(lower)
    }
    return this.#column(text)
  }

  #call(name: string): Node {
    const operands: Node[] = []
    if (!this.isSign(')')) {
      do operands.push(this.expression())
      while (this.takeSign(','))
    }
    this.expectSign(')')
    return callFunction(name, operands)
  }

  #column(first: string): Node {
    const names = [first]
    while (this.takeSign('.')) {
      const { kind, text } = this.next()
      if (kind !== 'word' && kind !== 'quoted') throw databaseError()
      names.push(text)
    }
    const found = this.#resolve(names.at(-1) ?? '', names.at(-2))
    if (found === undefined) throw databaseError(`Unknown column '${names.join('.')}'`)
    return found
  }
}

const EMPTY_ROW = { number: 0, module: '', values: new Map<string, string>(), cbuuid: '', deleted: false }

/** Joins many terms two by two, so that evaluating a long chain does not nest deeply. */
const balanced = (terms: readonly Node[], join: (left: Node, right: Node) => Node): Node => {
  let level = terms
  while (level.length > 1) {
    const joined: Node[] = []
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index], level[index + 1]]
      if (left !== undefined) joined.push(right === undefined ? left : join(left, right))
    }
    level = joined
  }
  const [only] = level
  if (only === undefined) throw databaseError()
  return only
}

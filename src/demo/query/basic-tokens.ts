/** Splits a statement of the basic dialect as coreBOS's lexer does, which keeps a state between tokens. */
import { lower } from '../php-text.ts'
import { internalError } from '../errors.ts'

export type TokenName =
  | 'SELECT'
  | 'FRM'
  | 'COLUMNNAME'
  | 'ASTERISK'
  | 'COUNT'
  | 'PARENOPEN'
  | 'PARENCLOSE'
  | 'COMMA'
  | 'TABLENAME'
  | 'WHERE'
  | 'LOGICAL_AND'
  | 'LOGICAL_OR'
  | 'VALUE'
  | 'EQ'
  | 'LT'
  | 'GT'
  | 'LTE'
  | 'GTE'
  | 'NE'
  | 'IN'
  | 'LIKE'
  | 'ORDERBY'
  | 'ASC'
  | 'DESC'
  | 'LIMIT'
  | 'SEMICOLON'
  /** A word that has no meaning where it stands. */
  | 'Unknown'

export interface BasicToken {
  readonly name: TokenName
  readonly text: string
}

const PATTERN = /[ \t\r\n]+|(\w+|'(?:[^']|'')+'|\(|\)|(?:\+|-)?\d+|,|\*|=|<(?!=)|>(?!=)|<=|>=|!=|;)/y

const SIGNS: ReadonlyMap<string, TokenName> = new Map([
  ['=', 'EQ'],
  ['where', 'WHERE'],
  ['<', 'LT'],
  ['<=', 'LTE'],
  ['>=', 'GTE'],
  ['!=', 'NE'],
  ['>', 'GT'],
  ['(', 'PARENOPEN'],
  ['and', 'LOGICAL_AND'],
  ['or', 'LOGICAL_OR'],
])

type Part = 'select' | 'columns' | 'from' | 'table' | 'where' | 'order' | 'limit'

export class BasicLexer {
  readonly #text: string
  #part: Part = 'select'
  #counting = false
  /** A condition's field has been read, so its operator and value follow. */
  #inCondition = false
  #inList = false
  #orderWord = false

  constructor(text: string) {
    this.#text = text
  }

  *tokens(): Generator<BasicToken, undefined> {
    PATTERN.lastIndex = 0
    let position = 0
    while (position < this.#text.length) {
      PATTERN.lastIndex = position
      const found = PATTERN.exec(this.#text)
      // The lexer's own exception is reported as an unknown error.
      if (found === null) throw internalError()
      position = PATTERN.lastIndex
      const [, text] = found
      if (text === undefined) continue
      const name = this.#name(text)
      if (name !== undefined) yield { name, text }
    }
    return undefined
  }

  #name(text: string): TokenName | undefined {
    const small = lower(text)
    switch (this.#part) {
      case 'select':
        if (small !== 'select') return 'Unknown'
        this.#part = 'columns'
        return 'SELECT'
      case 'columns':
        return this.#columnName(small)
      case 'from':
        if (small !== 'from') return 'Unknown'
        this.#part = 'table'
        return 'FRM'
      case 'table':
        this.#part = 'where'
        return small === 'where' ? 'Unknown' : 'TABLENAME'
      case 'where':
      case 'order':
      case 'limit':
        return this.#clauseName(text, small)
    }
  }

  #columnName(small: string): TokenName {
    if (small === 'from') {
      this.#part = 'table'
      return 'FRM'
    }
    if (small === '*') {
      if (!this.#counting) this.#part = 'from'
      return 'ASTERISK'
    }
    if (small === 'count') {
      this.#counting = true
      return 'COUNT'
    }
    if (small === '(') return 'PARENOPEN'
    if (small === ')') return 'PARENCLOSE'
    return small === ',' ? 'COMMA' : 'COLUMNNAME'
  }

  #clauseName(text: string, small: string): TokenName | undefined {
    if (small === ';') return 'SEMICOLON'
    if (small === 'order') {
      this.#orderWord = true
      return undefined
    }
    let begins = false
    if (small === 'by' && this.#orderWord) {
      this.#orderWord = false
      this.#part = 'order'
      begins = true
    }
    if (small === 'where' || small === 'limit') this.#part = small
    if (small === 'orderby') {
      begins = !this.#orderWord
      this.#part = 'order'
    }
    if (this.#part === 'where') return this.#whereName(text, small)
    if (this.#part === 'order') return this.#orderName(small, begins)
    if (small === 'limit') return 'LIMIT'
    if (small === '(') return 'PARENOPEN'
    if (small === ')') return 'PARENCLOSE'
    return small === ',' ? 'COMMA' : 'VALUE'
  }

  #orderName(small: string, begins: boolean): TokenName {
    if (begins) {
      this.#orderWord = true
      return 'ORDERBY'
    }
    if (small === ',') return 'COMMA'
    if (small === 'asc') return 'ASC'
    return small === 'desc' ? 'DESC' : 'COLUMNNAME'
  }

  #whereName(text: string, small: string): TokenName {
    const sign = SIGNS.get(small)
    if (sign !== undefined) return sign
    if (small === ')') {
      if (this.#inList) {
        this.#inList = false
        this.#inCondition = false
      }
      return 'PARENCLOSE'
    }
    if (!this.#inCondition) {
      this.#inCondition = true
      return 'COLUMNNAME'
    }
    if (small === 'in') {
      this.#inList = true
      return 'IN'
    }
    if (text === ',') return 'COMMA'
    if (small === 'like') return 'LIKE'
    if (!this.#inList) this.#inCondition = false
    return 'VALUE'
  }
}

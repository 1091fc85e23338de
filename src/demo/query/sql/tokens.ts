/** SQL text as MariaDB splits it. */
import { databaseError } from './values.ts'

export interface Token {
  readonly kind: 'word' | 'quoted' | 'number' | 'string' | 'sign' | 'end'
  /** A word in its own letter case, a string's value, a sign. */
  readonly text: string
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  '%': '\\%',
  _: '\\_',
}

const PATTERN =
  /[ \t\n\v\f\r]+|--(?=[ \t\n\v\f\r]|$)[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|(?<string>'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*")|(?<quoted>`[^`]*`)|(?<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w$\u0080-\uffff]))|(?<word>[\w$\u0080-\uffff]+)|(?<sign><=>|!=|<>|<=|>=|\|\||&&|[-+*/%=<>(),.;!])/y

const unquoted = (literal: string): string => {
  const quote = literal.charAt(0)
  const inner = literal.slice(1, -1).replaceAll(quote + quote, quote)
  if (!inner.includes('\\')) return inner
  return literal.slice(1, -1).replaceAll(/\\([\s\S])|''|""/g, (found: string, letter: string | undefined) => {
    if (letter !== undefined) return ESCAPES[letter] ?? letter
    return found.startsWith(quote) ? quote : found
  })
}

export const tokenize = (sql: string): Token[] => {
  const tokens: Token[] = []
  PATTERN.lastIndex = 0
  while (PATTERN.lastIndex < sql.length) {
    const found = PATTERN.exec(sql)
    if (found === null) throw databaseError()
    const { string, quoted, number, word, sign } = found.groups ?? {}
    if (string !== undefined) tokens.push({ kind: 'string', text: unquoted(string) })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.slice(1, -1) })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

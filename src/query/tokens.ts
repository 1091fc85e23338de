import { GatewayError } from '../errors.ts'
import { limits } from './limits.ts'
import type { Position } from './tree.ts'

export interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'sign' | 'json' | 'end'
  /** A word as written; a text with its escapes undone; a JSON list as written. */
  readonly text: string
  readonly offset: number
}

const pattern =
  /[ \t\r\n]*(?:([A-Za-z_][A-Za-z0-9_]*)|('(?:[^'\\]|''|\\[\s\S])*')|(-?[0-9]+(?:\.[0-9]+)?)(?![A-Za-z0-9_.])|(<=|>=|!=|<>|[=<>(),;.*])|(\[))/y

/** Line and column of an offset, both from 1. */
export function positionOf(source: string, offset: number): Position {
  let line = 1
  let begin = 0
  for (;;) {
    const next = source.indexOf('\n', begin) + 1
    if (next === 0 || next > offset) return { line, column: offset - begin + 1 }
    line++
    begin = next
  }
}

export function syntaxError(source: string, offset: number, problem: string): GatewayError {
  const { line, column } = positionOf(source, offset)
  return new GatewayError('QUERY_SYNTAX', `line ${line}, column ${column}: ${problem}`)
}

/** Undoes `''`, `\'` and `\\`; `\%` and `\_` keep their backslash, which `like` reads. */
function unescape(source: string, quoted: string, offset: number): string {
  const inner = quoted.slice(1, -1)
  if (!/['\\]/.test(inner)) return inner
  return inner.replace(/''|\\([\s\S])/g, (pair, escaped: string | undefined, at: number) => {
    if (escaped === undefined || escaped === "'") return "'"
    if (escaped === '\\' || escaped === '%' || escaped === '_') return escaped === '\\' ? '\\' : pair
    throw syntaxError(source, offset + 1 + at, "a backslash in a text is written '\\\\'")
  })
}

/** The JSON list that begins at `start`; whether it is JSON is for the reader of conditions to say. */
function jsonEnd(source: string, start: number): number {
  let depth = 0
  let inText = false
  for (let i = start; i < source.length; i++) {
    const char = source[i]
    if (inText) {
      if (char === '\\') i++
      else if (char === '"') inText = false
    } else if (char === '"') inText = true
    else if (char === '[' || char === '{') depth++
    else if ((char === ']' || char === '}') && --depth === 0) return i + 1
  }
  throw syntaxError(source, start, 'the list of conditions that begins here does not end')
}

/**
 * Splits a statement into tokens, the last of which is `end`.
 *
 * @throws GatewayError `QUERY_TOO_LARGE`, `QUERY_SYNTAX`
 */
export function tokenize(source: string): Token[] {
  if (source.length > limits.text) {
    throw new GatewayError('QUERY_TOO_LARGE', `a query may have ${limits.text} characters at most`)
  }
  if (source.includes('\0'))
    throw syntaxError(source, source.indexOf('\0'), 'a NUL character is not accepted')
  if (!source.isWellFormed()) throw new GatewayError('QUERY_SYNTAX', 'the text is not well-formed Unicode')
  const tokens: Token[] = []
  pattern.lastIndex = 0
  for (;;) {
    const from = pattern.lastIndex
    const match = pattern.exec(source)
    if (match === null) {
      const rest = source.slice(from)
      const offset = from + (rest.length - rest.trimStart().length)
      if (offset < source.length) throw unreadable(source, offset)
      tokens.push({ kind: 'end', text: '', offset })
      return tokens
    }
    const [whole, word, quoted, digits, sign, bracket] = match
    const offset = pattern.lastIndex - (word ?? quoted ?? digits ?? sign ?? bracket ?? whole).length
    if (word !== undefined) tokens.push({ kind: 'word', text: word, offset })
    else if (quoted !== undefined)
      tokens.push({ kind: 'text', text: unescape(source, quoted, offset), offset })
    else if (digits !== undefined) tokens.push({ kind: 'number', text: digits, offset })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, offset })
    else {
      const end = jsonEnd(source, offset)
      tokens.push({ kind: 'json', text: source.slice(offset, end), offset })
      pattern.lastIndex = end
    }
  }
}

function unreadable(source: string, offset: number): GatewayError {
  const char = source[offset]
  if (char === "'") return syntaxError(source, offset, 'the text that begins here does not end')
  if (char === '"') return syntaxError(source, offset, "texts stand in single quotes ('…')")
  return syntaxError(source, offset, `unexpected ${JSON.stringify(char)}`)
}

/** The tokens of a statement, and errors that name line and column. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Position } from './tree.ts'

export interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'id' | 'sign' | 'json' | 'end'
  /** A word as written; a text with its escapes undone; a JSON list as written. */
  readonly text: string
  readonly offset: number
}

/** One token, or the bracket that begins a list. A backslash includes the next character. */
const pattern =
  /[A-Za-z_][A-Za-z0-9_]*|'(?:[^'\\]|''|\\[\s\S])*'|-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.])|[0-9]+x[0-9]+(?![A-Za-z0-9_.])|<=|>=|!=|<>|[=<>(),;.*[]/y

const codes = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  blank: 0x20,
  quote: 0x27,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  firstLetter: 0x41,
  bracket: 0x5b,
} as const

/** The offset of the next line; infinite in the last line. */
export function lineEnd(source: string, begin: number): number {
  const end = source.indexOf('\n', begin)
  return end < 0 ? Infinity : end + 1
}

/** Line and column of an offset, both from 1. */
function positionOf(source: string, offset: number): Position {
  let line = 1
  let begin = 0
  for (let end = lineEnd(source, 0); end <= offset; end = lineEnd(source, end)) {
    line++
    begin = end
  }
  return { line, column: offset - begin + 1 }
}

export function syntaxError(source: string, offset: number, problem: string): GatewayError {
  const { line, column } = positionOf(source, offset)
  return new GatewayError('QUERY_SYNTAX', `line ${line}, column ${column}: ${problem}`)
}

/** Replaces the escapes `''`, `\'` and `\\`; `\%` and `\_` keep their backslash, which `like` reads. */
function unescape(source: string, quoted: string, offset: number): string {
  const inner = quoted.slice(1, -1)
  if (!/['\\]/.test(inner)) return inner
  return inner.replace(/''|\\([\s\S])/g, (pair, escaped: string | undefined, at: number) => {
    if (escaped === undefined || escaped === "'") return "'"
    if (escaped === '\\' || escaped === '%' || escaped === '_') return escaped === '\\' ? '\\' : pair
    throw syntaxError(source, offset + 1 + at, "a backslash in a text is written '\\\\'")
  })
}

/** The JSON list that begins at `start`; its content is checked by the parser of conditions. */
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
  throw syntaxError(source, start, 'the list of conditions that starts here is not closed')
}

/**
 * Splits a statement into tokens, the last of which is `end`.
 *
 * @throws GatewayError `QUERY_TOO_LARGE`, `QUERY_SYNTAX`
 */
export function tokenize(source: string): Token[] {
  if (source.length > limits.text) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `a query may have ${limits.text} characters at most; ${source.length} were received`,
    )
  }
  if (source.includes('\0'))
    throw syntaxError(source, source.indexOf('\0'), 'a NUL character is not accepted')
  if (!source.isWellFormed()) throw new GatewayError('QUERY_SYNTAX', 'the text is not well-formed Unicode')
  const tokens: Token[] = []
  let offset = afterBlanks(source, 0)
  while (offset < source.length) {
    pattern.lastIndex = offset
    if (!pattern.test(source)) throw unreadable(source, offset)
    const kind = kindOf(source.charCodeAt(offset))
    const end = kind === 'json' ? jsonEnd(source, offset) : pattern.lastIndex
    const written = source.slice(offset, end)
    tokens.push({
      kind: kind === 'number' && written.includes('x') ? 'id' : kind,
      text: kind === 'text' ? unescape(source, written, offset) : written,
      offset,
    })
    offset = afterBlanks(source, end)
  }
  tokens.push({ kind: 'end', text: '', offset })
  return tokens
}

function afterBlanks(source: string, from: number): number {
  let offset = from
  while (isBlank(source.charCodeAt(offset))) offset++
  return offset
}

function isBlank(code: number): boolean {
  return (
    code === codes.blank || code === codes.tab || code === codes.lineFeed || code === codes.carriageReturn
  )
}

/** @param first the code of a token's first character */
function kindOf(first: number): Token['kind'] {
  if (first === codes.quote) return 'text'
  if (first === codes.bracket) return 'json'
  if (first === codes.minus || (first >= codes.zero && first <= codes.nine)) return 'number'
  return first >= codes.firstLetter ? 'word' : 'sign'
}

function unreadable(source: string, offset: number): GatewayError {
  const char = source.charAt(offset)
  if (char === "'") return syntaxError(source, offset, 'the string that starts here is not closed')
  if (char === '"') return syntaxError(source, offset, "strings are written in single quotes ('…')")
  return syntaxError(source, offset, `unexpected ${shown(char)}`)
}

/** A character that looks like a blank but is not one is shown as its code. */
function shown(char: string): string {
  return /\s/.test(char) ? `"\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}"` : JSON.stringify(char)
}

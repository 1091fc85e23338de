/**
 * Splits a statement as the PHP library with which coreBOS reads its extended dialect: literals, comments
 * and parentheses are assembled from single characters. An unbalanced one reaches to the end of the text.
 */

import { trim, upper } from '../php-text.ts'

const SPLITTERS =
  /(<=>|\r\n|!=|>=|<=|<>|<<|>>|:=|\\|&&|\|\||\/\*|\*\/|--|>|<|\||=|\^|\(|\)|[ \f\v]|'|"|`|,|@|\+|-|\*|\/|;|#)/

const isQuote = (token: string): boolean => token === "'" || token === '"' || token === '`'

/** `/* … *\/`, `-- …` and `# …` outside of literals, each one token. */
const joinComments = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  let comment: 'line' | 'block' | undefined
  let literal: string | undefined
  for (const token of tokens) {
    if (comment !== undefined) {
      joined.push((joined.pop() ?? '') + token)
      if (comment === 'block' && token === '*/') comment = undefined
      continue
    }
    if (isQuote(token)) literal = literal === undefined ? token : literal === token ? undefined : literal
    if (literal === undefined && (token === '--' || token === '#')) comment = 'line'
    if (literal === undefined && token === '/*') comment = 'block'
    joined.push(token)
  }
  return joined
}

/** A backslash takes the next token with it. */
const joinEscapes = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? ''
    if (token.endsWith('\\')) {
      index += 1
      joined.push(token + (tokens[index] ?? ''))
    } else {
      joined.push(token)
    }
  }
  return joined
}

const joinLiterals = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? ''
    if (!isQuote(token)) {
      joined.push(token)
      continue
    }
    const close = tokens.indexOf(token, index + 1)
    const end = close < 0 ? tokens.length - 1 : close
    joined.push(tokens.slice(index, end + 1).join(''))
    index = end
  }
  return joined
}

/** `a . b` and `a .b` become one name. */
const joinNames = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    let token = tokens[index] ?? ''
    if (token.startsWith('.') && joined.length > 0) token = (joined.pop() ?? '') + token
    if (token.endsWith('.') && !/^\d+\.$/.test(token) && index + 1 < tokens.length) {
      index += 1
      token += tokens[index] ?? ''
    }
    joined.push(token)
  }
  return joined
}

/** Far beyond this coreBOS runs out of time. */
const DEEPEST = 400

const joinParentheses = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    if (tokens[index] !== '(') {
      joined.push(tokens[index] ?? '')
      continue
    }
    const start = index
    let depth = 1
    let deepest = 1
    while (depth > 0 && index + 1 < tokens.length) {
      index += 1
      if (tokens[index] === '(') depth += 1
      if (tokens[index] === ')') depth -= 1
      deepest = Math.max(deepest, depth)
    }
    if (depth === 0 && deepest > DEEPEST) throw new RangeError('parentheses are nested too deeply')
    joined.push(tokens.slice(start, index + 1).join(''))
  }
  return joined
}

const isNumeric = (token: string | undefined): boolean =>
  token !== undefined && /^[ \f\v]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \f\v]*$/.test(token)

/** A sign at the beginning, behind a comma or a parenthesis belongs to its number. */
const joinSigns = (tokens: readonly string[]): string[] => {
  const joined: string[] = []
  let possible = true
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? ''
    if (possible && (token === '-' || token === '+') && isNumeric(tokens[index + 1])) {
      index += 1
      joined.push(token + (tokens[index] ?? ''))
    } else {
      joined.push(token)
    }
    possible = token.endsWith(',') || token.endsWith('(')
  }
  return joined
}

export const splitStatement = (sql: string): string[] => {
  let tokens = sql.split(SPLITTERS).filter((token) => token !== '')
  for (const join of [joinComments, joinEscapes, joinLiterals, joinNames, joinParentheses, joinSigns]) {
    tokens = join(tokens)
  }
  return tokens
}

/** What stands inside the first parenthesis. */
const inside = (token: string): string => {
  const text = ` ${trim(token).slice(1)}`
  let depth = 1
  let quotes = 0
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index)
    if (letter === '\\') {
      index += 1
      continue
    }
    if (letter === "'" || letter === '"') quotes += 1
    if (quotes % 2 !== 0) continue
    if (letter === '(') depth += 1
    if (letter !== ')') continue
    if (depth === 1) return trim(`${text.slice(0, index)} ${text.slice(index + 1)}`)
    depth -= 1
  }
  return trim(text)
}

export interface Part {
  readonly type: 'group' | 'operator' | 'column' | 'constant' | 'list' | 'sign' | 'function' | 'other'
  readonly text: string
  readonly parts: readonly Part[]
}

const OPERATORS = new Set(
  ':= AND && BETWEEN BINARY & ~ | ^ DIV / <=> = >= > IS NOT << <= < LIKE % != <> REGEXP ! || OR >> RLIKE SOUNDS XOR IN'.split(
    ' ',
  ),
)

const isOperand = (part: Part | undefined): boolean =>
  part !== undefined && ['column', 'constant', 'group', 'function'].includes(part.type)

const wordPart = (text: string, last: Part | undefined): Part => {
  const of = (type: Part['type']): Part => ({ type, text, parts: [] })
  const capitals = upper(text)
  if (text.startsWith('--') || text.startsWith('/*') || text.startsWith('#')) return of('other')
  if (capitals === '*') return of(isOperand(last) ? 'operator' : 'column')
  if (OPERATORS.has(capitals)) return of('operator')
  if (capitals === 'NULL') return of('constant')
  if (text === '-' || text === '+') return of(isOperand(last) ? 'operator' : 'sign')
  if (text.startsWith("'") || text.startsWith('"') || isNumeric(text)) return of('constant')
  return of('column')
}

/** The parts of a condition or of a selected expression. */
export const expressionParts = (tokens: readonly string[]): Part[] => {
  const parts: Part[] = []
  for (const token of tokens) {
    const text = trim(token)
    if (text === '') continue
    const last = parts.at(-1)
    if (/^\([ \f\v]*select/i.test(text)) {
      parts.push({ type: 'other', text, parts: [] })
    } else if (text.startsWith('(') && text.endsWith(')')) {
      if (last?.type === 'operator' && upper(last.text) === 'IN') {
        parts.push({ type: 'list', text, parts: [] })
      } else if (last?.type === 'column' || last?.type === 'function') {
        // A name with parentheses behind it is no column after all.
        parts[parts.length - 1] = { ...last, type: 'function' }
      } else {
        parts.push({ type: 'group', text, parts: expressionParts(splitStatement(inside(text))) })
      }
    } else {
      const part = wordPart(text, last)
      if (last?.type === 'sign' && isNumeric(text)) {
        parts[parts.length - 1] = { type: 'constant', text: last.text + text, parts: [] }
      } else {
        parts.push(part)
      }
    }
  }
  return parts
}

const SECTIONS = new Set(
  'SELECT ORDER VALUES GROUP HAVING WHERE CALL PROCEDURE FUNCTION SET LIMIT FROM INTO'.split(' '),
)
const IGNORED = new Set(['BY', 'ALL', 'SHARE', 'MODE', ';'])

/** The tokens behind each keyword; of two sections of one name the second is added to the first. */
export const sections = (sql: string): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  let section = ''
  let previous = ''
  for (const token of splitStatement(sql)) {
    const capitals = upper(trim(token))
    if (IGNORED.has(capitals)) continue
    if (SECTIONS.has(capitals) || capitals === 'UNION') section = capitals
    if (section !== '' && section === previous) found.set(section, [...(found.get(section) ?? []), token])
    else if (section !== '' && !found.has(section)) found.set(section, [])
    previous = section
  }
  return found
}

const isComment = (token: string): boolean => token.startsWith('--') || token.startsWith('/*')

/** The expressions of a section, split at its commas, without comments. */
export const commaSeparated = (tokens: readonly string[]): string[] => {
  const expressions = ['']
  for (const token of tokens) {
    if (trim(token) === ',') expressions.push('')
    else if (!isComment(token)) expressions.push((expressions.pop() ?? '') + token)
  }
  return expressions.map((expression) => trim(expression))
}

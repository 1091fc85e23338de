/** Predicts how coreBOS reads a statement; coreBOS decides by the text alone, before it parses. */
import { withoutTrailing } from '../model/without-trailing.ts'

export type Reading = 'basic' | 'extended' | 'workflow' | 'related'

/** The spans that coreBOS removes, one after the other, before it looks for dots and parentheses. */
const removed = [
  { from: ' in (', to: ')' },
  { from: ' count(', to: ')' },
  { from: "'", to: "'" },
] as const

/**
 * The dialect in which coreBOS will read a statement. The rule does not respect quotes: `''` does not close a text, and
 * the value `a where [b]` changes the dialect of the whole statement. The printer applies this function to the finished
 * text and rejects it if the dialect is not the intended one. Source: the rule in words in the recordings' description
 * of the dialects, section 1.
 */
export function readingOf(statement: string): Reading {
  const text = lowerCased(terminated(statement))
  let clean = withoutRemoved(text)
  if (clean.includes('(')) clean = clean.replace(/\([ \t]*\)/g, '')
  const where = Math.max(clean.indexOf(' where '), 0)
  if (clean.indexOf('related.', where) > where) return 'related'
  if (text.includes('[') && / where\s*\[|select\s*\[/.test(text)) return 'workflow'
  if (/\snot\s+in\s*\(/.test(text) || /\sis\s+(?:not\s+)?null/.test(clean)) return 'extended'
  return clean.includes('.', 1) || clean.includes('(', 1) ? 'extended' : 'basic'
}

function withoutRemoved(text: string): string {
  return removed.reduce(without, text)
}

/** Without blanks and semicolons at its ends, except for one. */
function terminated(statement: string): string {
  const isEnding = (at: number): boolean => ' ;'.includes(statement.charAt(at))
  if (statement.endsWith(';') && !isEnding(0) && !isEnding(statement.length - 2)) return statement
  return `${withoutTrailing(statement.replace(/^[ ;]+/, ''), ' ;')};`
}

/** With at least one character between, as for PHP's `+?`. */
function without(text: string, { from, to }: (typeof removed)[number]): string {
  let rest = ''
  let kept = 0
  for (;;) {
    const begin = text.indexOf(from, kept)
    const end = begin < 0 ? -1 : text.indexOf(to, begin + from.length + 1)
    if (end < 0) return kept === 0 ? text : rest + text.slice(kept)
    rest += text.slice(kept, begin)
    kept = end + to.length
  }
}

/** On one line; PHP lower-cases ASCII letters alone. */
function lowerCased(text: string): string {
  if (/^[ -~]*$/.test(text)) return text.toLowerCase()
  return text.replace(/[\n\r\t]/g, ' ').replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * Whether a quoted text stays a text wherever it is in a statement: it does not affect how coreBOS reads the text
 * around it, and does not select a dialect.
 *
 * @param inList among the values of `in`
 */
export function staysQuoted(literal: string, inList = false): boolean {
  if (/^'[^'()[]+'$/.test(literal)) return true
  const statement = (text: string): string =>
    `select a from B where ${inList ? `c in (${text},'d')` : `c=${text}`} and e='f.g)' and h in ('i') and j='k';`
  const around = (text: string): string => withoutRemoved(lowerCased(terminated(statement(text))))
  return readingOf(statement(literal)) === 'basic' && around(literal) === around("'x'")
}

/** In the session of a contact, coreBOS replaces several blanks in a row by one, in values too. */
export function hasRepeatedBlanks(text: string): boolean {
  return text.includes('  ')
}

/**
 * Whether coreBOS's count is correct for the statement. It counts with a changed statement, in which runs of blanks are
 * joined and everything from `order by` or `limit` on is cut off, in values as well. Source: recording `extended:
 * double blanks inside a value`, which counts one row and has none.
 */
export function isCountedAsMeant(statement: string): boolean {
  return !/[ \t\n\v\f\r]{2}|[\v\f]| (?:order by|limit) [^]*'/i.test(statement)
}

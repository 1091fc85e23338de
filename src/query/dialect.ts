/** How coreBOS reads a statement; it decides by the text alone, before anything is parsed. */
export type Reading = 'basic' | 'extended' | 'workflow' | 'related'

/** What coreBOS leaves out before it looks for dots and parentheses, one after the other: all from here to there. */
const removed = [
  { from: ' in (', to: ')' },
  { from: ' count(', to: ')' },
  { from: "'", to: "'" },
] as const

/**
 * Which of its dialects coreBOS will read a statement in. Texts in quotes count in part: `''` does not close, and the
 * value `a where [b]` makes a whole statement something else. The printer puts the finished text through this and
 * rejects it where the answer is not the dialect meant.
 *
 * Source: the rule in words in the recordings' description of the dialects, section 1.
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

/** Without blanks and semicolons at its ends, but for one. */
function terminated(statement: string): string {
  const isEnding = (at: number): boolean => ' ;'.includes(statement.charAt(at))
  if (statement.endsWith(';') && !isEnding(0) && !isEnding(statement.length - 2)) return statement
  return `${statement.replace(/^[ ;]+|[ ;]+$/g, '')};`
}

/** At least one character stands between, as for PHP's `+?`. */
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

/** In one line; PHP lower-cases the letters of ASCII and leaves the others as they are. */
function lowerCased(text: string): string {
  if (/^[ -~]*$/.test(text)) return text.toLowerCase()
  return text.replace(/[\n\r\t]/g, ' ').replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * Whether a text in quotes stays one wherever it stands in a statement: the text around it is read as with any other,
 * and the text itself selects no dialect.
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

/** In the session of a contact, coreBOS puts several blanks in a row into one, in values too. */
export function hasRepeatedBlanks(text: string): boolean {
  return text.includes('  ')
}

/**
 * Whether coreBOS's count is that of the statement. It counts with a statement of its own, in which it has put runs of
 * blanks together and cut off what stands behind `order by` and `limit`, those in values as well.
 *
 * Source: recording `extended: double blanks inside a value`, which counts one row and has none.
 */
export function isCountedAsMeant(statement: string): boolean {
  return !/[ \t\n\v\f\r]{2}|[\v\f]| (?:order by|limit) [^]*'/i.test(statement)
}

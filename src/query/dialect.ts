/** How coreBOS reads a statement; it decides by the text alone, before anything is parsed. */
export type Reading = 'basic' | 'extended' | 'workflow' | 'related'

/** What coreBOS leaves out before it looks for dots and parentheses, one after the other. */
const removed = [/ in \([\s\S]+?\)/g, / count\([\s\S]+?\)/g, /'[\s\S]+?'/g, /\([ \t]*\)/g]

/**
 * Which of its dialects coreBOS will read a statement in. Texts in quotes count in part: `''` does not close, and the
 * value `a where [b]` makes a whole statement something else. Whoever prints puts the finished text through this and
 * refuses it where the answer is not the dialect meant.
 *
 * Source: the rule in words in the recordings' description of the dialects, section 1.
 */
export function readingOf(statement: string): Reading {
  const text = lowerCased(`${statement.replace(/^[ ;]+|[ ;]+$/g, '')};`.replace(/[\n\r\t]/g, ' '))
  let clean = text
  for (const each of removed) clean = clean.replace(each, '')
  const where = clean.indexOf(' where ')
  if ((where < 0 ? clean : clean.slice(where)).indexOf('related.') > 0) return 'related'
  if (/ where\s*\[|select\s*\[/.test(text)) return 'workflow'
  if (/\snot\s+in\s*\(/.test(text) || /\sis\s+(?:not\s+)?null/.test(clean) || /[.(]/.test(clean.slice(1)))
    return 'extended'
  return 'basic'
}

/** PHP lower-cases the letters of ASCII and leaves the others as they are. */
function lowerCased(text: string): string {
  if (/^[\t -~]*$/.test(text)) return text.toLowerCase()
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
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

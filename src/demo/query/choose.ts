/** Which of its dialects coreBOS reads a statement in; it looks at nothing but the text. */

import { lower, trim } from '../php-text.ts'

export type Dialect = 'related' | 'workflow' | 'extended' | 'basic'

/** Blanks and `;` off both ends, one `;` behind, line breaks and tabs as blanks, inside values too. */
export const normalize = (statement: string): string =>
  `${trim(statement, ' ;')};`.replaceAll(/[\n\t\r]/g, ' ')

/** Cuts `from` … `to` with at least one character between, each time the shortest run. */
const cut = (text: string, from: string, to: string): string => {
  let rest = ''
  let position = 0
  for (;;) {
    const start = text.indexOf(from, position)
    const end = start < 0 ? -1 : text.indexOf(to, start + from.length + 1)
    if (end < 0) return rest + text.slice(position)
    rest += text.slice(position, start)
    position = end + to.length
  }
}

/** The text without in-lists, counts, literals and empty parentheses. */
export const clean = (small: string): string =>
  cut(cut(cut(small, ' in (', ')'), ' count(', ')'), "'", "'").replaceAll(/\([ \f\v]*\)/g, '')

/** Takes a normalized statement. */
export const chooseDialect = (statement: string): Dialect => {
  const small = lower(statement)
  const cleaned = clean(small)
  const where = cleaned.indexOf(' where ')
  if (cleaned.slice(Math.max(where, 0)).indexOf('related.') > 0) return 'related'
  if (/ where[ \f\v]+\[|select[ \f\v]+\[/.test(small)) return 'workflow'
  if (/[ \f\v]not[ \f\v]+in[ \f\v]+\(/.test(small) || /[ \f\v]is[ \f\v]+(?:not[ \f\v]+)?null/.test(cleaned))
    return 'extended'
  return cleaned.indexOf('.') > 0 || cleaned.indexOf('(') > 0 ? 'extended' : 'basic'
}

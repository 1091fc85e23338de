/** Log-in names as the database of coreBOS compares them: without case, accents and trailing blanks (`utf8_general_ci`). */

/** The longest log-in name and password that are passed on, in characters; a longer one is wrong. */
export const longestName = 254
export const longestPassword = 1024

/**
 * The one spelling that all spellings of a log-in name share, or `undefined` where that cannot be told for certain: what
 * does not fold to ASCII one by one (`ß` is `s` in one collation and `ss` in another) has no access. Were
 * it put to coreBOS, two spellings would have one challenge where the name exists, and two where it does not.
 */
export function collatedName(name: string): string | undefined {
  let folded = ''
  for (const character of name.normalize('NFC')) {
    const [letter = '', ...marks] = Array.from(character.normalize('NFD'))
    const upper = letter.toUpperCase()
    if (upper.length !== 1 || !marks.every((mark) => /\p{M}/u.test(mark))) return undefined
    folded += upper.toLowerCase()
  }
  return /^[ -~]*$/.test(folded) ? folded.trim() : undefined
}

/** What is left of a name that can be looked up, once case and accents are gone. Nothing in it means anything to PHP or HTML. */
const plain = /^[a-z0-9!#$%*+/=?^_`{|}~.@ -]+$/

/**
 * The same where a name can be looked up and counted by.
 *
 * Both directions matter: two spellings of one contact kept apart would each have a budget of their own, and two
 * contacts thrown together would give each other's budget back.
 */
export function foldName(name: string): string | undefined {
  const folded = collatedName(name)
  return folded !== undefined && plain.test(folded) ? folded : undefined
}

/**
 * A key under which attempts at a name are counted, where throwing too much together does no harm: it folds what
 * {@link foldName} folds, and every other name somehow.
 */
export function looseName(name: string): string {
  return (
    foldName(name) ??
    name
      .normalize('NFKD')
      .replace(/[\p{M}\p{C}\s]/gu, '')
      .toUpperCase()
      .toLowerCase()
      .slice(0, longestName)
  )
}

/**
 * Log-in names as the database of coreBOS compares them: without case, accents and trailing blanks (`utf8_general_ci`).
 */

/** The longest log-in name and password that are passed on, in characters; a longer one is rejected. */
export const longestName = 254
export const longestPassword = 1024

/**
 * The one spelling that all spellings of a log-in name share, or `undefined` if it is ambiguous: characters that do not
 * fold to ASCII one by one (`ß` is `s` in one collation and `ss` in another) are rejected. If they were sent to
 * coreBOS, two spellings would have one challenge if the name exists, and two otherwise.
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

/** The characters of a folded name that can be looked up. None of them has a meaning in PHP or HTML. */
const plain = /^[a-z0-9!#$%*+/=?^_`{|}~.@ -]+$/

/**
 * The folded name, if it can be looked up and counted by. Both directions matter: two spellings of one contact that are
 * kept apart would each have a budget, and two contacts that are merged would release each other's slots.
 */
export function foldName(name: string): string | undefined {
  const folded = collatedName(name)
  return folded !== undefined && plain.test(folded) ? folded : undefined
}

/**
 * A key for counting attempts at a name, where merging different names does no harm: it folds what {@link foldName}
 * folds, and every other name approximately.
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

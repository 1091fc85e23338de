/** Comparison as MySQL's utf8mb3_general_ci: letter case, accents and blanks at the end do not count. */

import { trimEnd } from './php-text.ts'

/** Letters that general_ci keeps apart although they decompose, and the one that it merges. */
const SPECIAL: Readonly<Record<string, string>> = { й: 'Й', Й: 'Й', ß: 'S', ẞ: 'ẞ', ı: 'I' }

const weighed = (letter: string): string => {
  const special = SPECIAL[letter]
  if (special !== undefined) return special
  const upper = (letter.normalize('NFD')[0] ?? letter).toUpperCase()
  return upper.length === 1 ? upper : letter
}

/** What `like` compares: as `fold`, but blanks at the end count. */
export const weights = (text: string): string =>
  /^[\0-\x7f]*$/.test(text) ? text.toUpperCase() : Array.from(text, weighed).join('')

export const fold = (text: string): string => trimEnd(weights(text), ' ')

export const sameText = (left: string, right: string): boolean => fold(left) === fold(right)

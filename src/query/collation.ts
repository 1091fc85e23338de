/** Compares texts as the database of coreBOS does (`utf8mb3_general_ci`): letter case and accents are ignored. */
import { withoutTrailing } from '../model/without-trailing.ts'
import { likeTest } from './like.ts'
import type { Piece } from './pattern.ts'

/** Letters whose accent is significant. */
const kept = new Set(['й', 'Й'])

function weightOf(letter: string): string {
  if (kept.has(letter)) return 'Й'
  if (letter === 'ß') return 'S'
  if (letter === 'ı') return 'I'
  const upper = (letter.normalize('NFD')[0] ?? letter).toUpperCase()
  return upper.length === 1 ? upper : letter
}

const ascii = /^[\0-\x7f]*$/

/** One text for all texts that are equal under `like`. */
function weights(text: string): string {
  return ascii.test(text) ? text.toUpperCase() : Array.from(text, weightOf).join('')
}

/** Whether SQL's `=` holds: trailing blanks are ignored. */
export function isEqual(one: string, other: string): boolean {
  const folded = (text: string): string => withoutTrailing(weights(text), ' ')
  return folded(one) === folded(other)
}

/** The test whether SQL's `like` holds for a text. */
export function isLike(pieces: readonly Piece[]): (text: string) => boolean {
  const test = likeTest(
    pieces.map((piece) =>
      piece.kind === 'character' ? { kind: 'character', text: weightOf(piece.text) } : piece,
    ),
  )
  return (text) => test(weights(text))
}

/** Compares texts as the database of coreBOS does (`utf8mb3_general_ci`): letter case and accents are ignored. */
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

/** One text for all texts that are equal under `like`. */
function weights(text: string): string {
  return Array.from(text, weightOf).join('')
}

/** Whether SQL's `=` holds: trailing blanks are ignored. */
export function isEqual(one: string, other: string): boolean {
  const folded = (text: string): string => weights(text).replace(/ +$/, '')
  return folded(one) === folded(other)
}

/** Whether SQL's `like` holds. */
export function isLike(text: string, pieces: readonly Piece[]): boolean {
  const source = pieces.map((piece) => {
    if (piece.kind === 'any') return '[^]*'
    if (piece.kind === 'one') return '[^]'
    return weightOf(piece.text).replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
  })
  return new RegExp(`^${source.join('')}$`, 'u').test(weights(text))
}

/** Patterns of `like`: `%` and `_` are wildcards; `\%`, `\_` and `\\` are the characters themselves. */

/** One character, `one` character of any kind, or `any` number of characters. */
export type Piece =
  { readonly kind: 'character'; readonly text: string } | { readonly kind: 'one' } | { readonly kind: 'any' }

const one = { kind: 'one' } as const
const any = { kind: 'any' } as const

/** @returns undefined if a backslash escapes nothing */
export function piecesOf(pattern: string): readonly Piece[] | undefined {
  const pieces: Piece[] = []
  for (const [whole] of pattern.matchAll(/\\[\s\S]|[\s\S]/gu)) {
    if (whole === '%') pieces.push(any)
    else if (whole === '_') pieces.push(one)
    else if (!whole.startsWith('\\')) pieces.push({ kind: 'character', text: whole })
    else if (/^\\[\\%_]$/.test(whole)) pieces.push({ kind: 'character', text: whole.slice(1) })
    else return undefined
  }
  return pieces
}

export function patternOf(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) =>
      piece.kind === 'any' ? '%' : piece.kind === 'one' ? '_' : piece.text.replace(/[\\%_]/, '\\$&'),
    )
    .join('')
}

/** The pieces that match one text exactly. */
export function literally(text: string): readonly Piece[] {
  return Array.from(text, (character) => ({ kind: 'character', text: character }))
}

/** The pattern that matches one text exactly. */
export function escapedPattern(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

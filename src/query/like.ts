/** Compares texts with patterns of `like`, in a time that grows with the text and not with its number of ways to match. */
import type { Piece } from './pattern.ts'

const bits = 32

/**
 * The test of a pattern. It follows all ways to match at once: one bit for each number of pieces that may have matched
 * so far.
 *
 * @param pieces with characters in the form in which texts are compared
 * @returns whether the characters of a text match as a whole
 */
export function likeTest(pieces: readonly Piece[]): (characters: Iterable<string>) => boolean {
  const single = pieces.filter((piece) => piece.kind !== 'any')
  const words = Math.floor(single.length / bits) + 1
  const anyone = new Uint32Array(words)
  const stays = new Uint32Array(words)
  const steps = new Map<string, Uint32Array>()
  let at = 0
  for (const piece of pieces) {
    if (piece.kind === 'any') add(stays, at)
    else {
      if (piece.kind === 'one') {
        add(anyone, at)
        for (const step of steps.values()) add(step, at)
      } else {
        const step = steps.get(piece.text) ?? Uint32Array.from(anyone)
        add(step, at)
        steps.set(piece.text, step)
      }
      at += 1
    }
  }
  return (characters) => {
    const reached = new Uint32Array(words)
    add(reached, 0)
    for (const character of characters) {
      const step = steps.get(character) ?? anyone
      if (!advance(reached, step, stays)) return false
    }
    return has(reached, single.length)
  }
}

/** @returns whether the pattern may still match */
function advance(reached: Uint32Array, step: Uint32Array, stays: Uint32Array): boolean {
  let carry = 0
  let some = 0
  for (let word = 0; word < reached.length; word++) {
    const now = reached[word] ?? 0
    const moved = now & (step[word] ?? 0)
    const next = (moved << 1) | carry | (now & (stays[word] ?? 0))
    carry = moved >>> (bits - 1)
    reached[word] = next
    some |= next
  }
  return some !== 0
}

function add(set: Uint32Array, at: number): void {
  const word = Math.floor(at / bits)
  set[word] = (set[word] ?? 0) | (1 << (at % bits))
}

function has(set: Uint32Array, at: number): boolean {
  return ((set[Math.floor(at / bits)] ?? 0) & (1 << (at % bits))) !== 0
}

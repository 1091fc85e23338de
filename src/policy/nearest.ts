/** Suggests the name that a misspelled name stands for. */
import { distance } from 'fastest-levenshtein'

/** @returns `; did you mean 'NAME'?`, or an empty text if no name is near */
export function nearest(name: string, names: readonly string[]): string {
  if (name.length > 100) return ''
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const each of names) {
    const [given, other] = [name.toLowerCase(), each.toLowerCase()]
    // Of two that are equally far, the one that begins alike: few mistakes are in the first letter.
    const far = distance(given, other) + (given[0] === other[0] ? 0 : 0.5)
    if (far < least) [best, least] = [each, far]
  }
  return best === undefined ? '' : `; did you mean '${best}'?`
}

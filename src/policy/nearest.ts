/** Suggests the name that a misspelled name stands for. */
import { distance } from 'fastest-levenshtein'

/** @returns `; did you mean 'NAME'?`, or an empty text if no name is near */
export function nearest(name: string, names: readonly string[]): string {
  if (name.length > 100) return ''
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const each of names) {
    const far = distance(name.toLowerCase(), each.toLowerCase())
    if (far < least) [best, least] = [each, far]
  }
  return best === undefined ? '' : `; did you mean '${best}'?`
}

/** Bounds on the structure of a JSON text, counted before anything is parsed: many keys cost far more than many bytes. */

export interface JsonBounds {
  readonly keys: number
  /** Values in lists and objects. */
  readonly values: number
  readonly depth: number
}

/** @returns the limit that the text exceeds; undefined if it exceeds none, whether or not it is JSON */
export function exceededBound(text: string, bounds: JsonBounds): keyof JsonBounds | undefined {
  let keys = 0
  let commas = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at)
    else if (character === ':') keys++
    else if (character === ',') commas++
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    if (keys > bounds.keys) return 'keys'
    // Values are separated by commas.
    if (commas >= bounds.values) return 'values'
    if (depth > bounds.depth) return 'depth'
  }
  return undefined
}

/** @param start of its opening quote */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at
  }
  return text.length
}

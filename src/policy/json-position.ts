/** Finds the position of a value in the text of a JSON document. */

export interface TextPosition {
  /** Both count from 1. */
  readonly line: number
  readonly column: number
}

const blanks = /[\s,:]*/y
const scalar = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+/y

/**
 * The position of a value or, if it does not exist, of its innermost ancestor that does.
 *
 * @param text a valid JSON document
 * @param pointer `/modules/HelpDesk/where`; names with `/` or `~` do not occur in a policy
 */
export function positionOf(text: string, pointer: string): TextPosition {
  const path = pointer.split('/').slice(1)
  let at = 0
  let found = 0
  let depth = 0

  const skip = (): void => {
    blanks.lastIndex = at
    blanks.exec(text)
    at = blanks.lastIndex
  }
  const token = (): string => {
    scalar.lastIndex = at
    const [taken = ''] = scalar.exec(text) ?? []
    at = taken === '' ? text.length : at + taken.length
    return taken
  }
  /** @param level the number of parts of the path that led to this value; undefined if it is not on the path */
  const value = (level: number | undefined): void => {
    skip()
    if (level !== undefined && level >= depth) [found, depth] = [at, level]
    const opening = text.charAt(at)
    if (opening !== '{' && opening !== '[') {
      token()
      return
    }
    at += 1
    for (let index = 0; ; index += 1) {
      skip()
      if (at >= text.length || text.charAt(at) === '}' || text.charAt(at) === ']') break
      const name = opening === '{' ? unquoted(token()) : String(index)
      value(level !== undefined && path[level] === name ? level + 1 : undefined)
    }
    at += 1
  }
  value(0)
  return placeAt(text, found)
}

/** @param offset in the text */
export function placeAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

function unquoted(token: string): string {
  const name: unknown = JSON.parse(token)
  return typeof name === 'string' ? name : ''
}

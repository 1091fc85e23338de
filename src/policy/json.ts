/** Reads a JSON document, says where a text is not one or names something twice, and finds the place of a value. */

export interface TextPosition {
  /** Both count from 1. */
  readonly line: number
  readonly column: number
}

/** Where a text is not a JSON document. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  /** The offset in the text. */
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

/**
 * As `JSON.parse`, which takes the last of two equal names without a word.
 *
 * @throws JsonError
 */
export function parseJson(text: string): unknown {
  new Scanner(text).document()
  return JSON.parse(text)
}

/**
 * The position of a value or, if it does not exist, of its innermost ancestor that does.
 *
 * @param text a valid JSON document
 * @param pointer `/modules/HelpDesk/where`; names with `/` or `~` do not occur in a policy
 */
export function positionOf(text: string, pointer: string): TextPosition {
  const places = new Scanner(text).document()
  let known = pointer
  while (!places.has(known)) known = known.slice(0, known.lastIndexOf('/'))
  return placeAt(text, places.get(known) ?? 0)
}

/** @param offset in the text */
export function placeAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

const blanks = /[ \t\r\n]*/y
const scalars =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy

/** A recursive descent over the grammar of RFC 8259. */
class Scanner {
  readonly #text: string
  /** The offsets of values, by their pointers. */
  readonly #places = new Map<string, number>()
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** @returns the offsets of all values, by their pointers; '' is the whole document. @throws JsonError */
  document(): ReadonlyMap<string, number> {
    this.#value('')
    if (this.#next() !== '') throw this.#expected('the end')
    return this.#places
  }

  #value(pointer: string): void {
    const opening = this.#next()
    this.#places.set(pointer, this.#at)
    if (opening === '{') this.#list('}', this.#member(pointer))
    else if (opening === '[') this.#list(']', (index) => this.#value(`${pointer}/${index}`))
    else if (this.#scalar() === undefined)
      throw this.#expected(opening === '"' ? 'a text that ends on its line, with valid escapes' : 'a value')
  }

  /** @param one reads one entry */
  #list(end: string, one: (index: number) => void): void {
    this.#at += 1
    if (this.#accept(end)) return
    let index = 0
    do one(index++)
    while (this.#accept(','))
    if (!this.#accept(end)) throw this.#expected(`',' or '${end}'`)
  }

  #member(pointer: string): () => void {
    const names = new Set<string>()
    return () => {
      this.#next()
      const at = this.#at
      const quoted = this.#text.charAt(at) === '"' ? this.#scalar() : undefined
      if (quoted === undefined) throw this.#expected('a name in double quotes')
      const name = String(JSON.parse(quoted))
      if (names.has(name)) throw new JsonError(`"${name}" is named twice in one object`, at)
      names.add(name)
      if (!this.#accept(':')) throw this.#expected("':'")
      this.#value(`${pointer}/${name}`)
    }
  }

  #scalar(): string | undefined {
    scalars.lastIndex = this.#at
    const [found] = scalars.exec(this.#text) ?? []
    this.#at += found?.length ?? 0
    return found
  }

  #accept(sign: string): boolean {
    const isNext = this.#next() === sign
    if (isNext) this.#at += 1
    return isNext
  }

  /** @returns the next character that is not blank; '' at the end */
  #next(): string {
    blanks.lastIndex = this.#at
    blanks.exec(this.#text)
    this.#at = blanks.lastIndex
    return this.#text.charAt(this.#at)
  }

  #expected(what: string): JsonError {
    const found = this.#text.charAt(this.#at)
    const shown = found === '' ? 'the end' : found === "'" ? 'a single quote' : `'${found}'`
    return new JsonError(`expected ${what} but found ${shown}`, this.#at)
  }
}

/** Reads a JSON document, and says where a text is not one or names something twice. */

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

const blanks = /[ \t\r\n]*/y
const scalars =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy

/** A recursive descent over the grammar of RFC 8259. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value()
    if (this.#next() !== '') throw this.#expected('the end')
  }

  #value(): void {
    const opening = this.#next()
    if (opening === '{') this.#list('}', this.#member(new Set()))
    else if (opening === '[') this.#list(']', () => this.#value())
    else if (this.#scalar() === undefined)
      throw this.#expected(opening === '"' ? 'a text that ends on its line, with valid escapes' : 'a value')
  }

  /** @param one reads one entry */
  #list(end: string, one: () => void): void {
    this.#at += 1
    if (this.#accept(end)) return
    do one()
    while (this.#accept(','))
    if (!this.#accept(end)) throw this.#expected(`',' or '${end}'`)
  }

  #member(names: Set<string>): () => void {
    return () => {
      this.#next()
      const at = this.#at
      const quoted = this.#text.charAt(at) === '"' ? this.#scalar() : undefined
      if (quoted === undefined) throw this.#expected('a name in double quotes')
      const name = String(JSON.parse(quoted))
      if (names.has(name)) throw new JsonError(`"${name}" is named twice in one object`, at)
      names.add(name)
      if (!this.#accept(':')) throw this.#expected("':'")
      this.#value()
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

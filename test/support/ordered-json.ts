/** JSON whose objects keep the order of their keys, number-like ones too. */
export type Ordered = string | number | boolean | null | Ordered[] | Map<string, Ordered>

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Ordered {
    const value = this.#value()
    this.#blank()
    if (this.#at < this.#text.length) throw new SyntaxError(`unexpected text at ${this.#at}`)
    return value
  }

  #blank(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1
  }

  #take(sign: string): boolean {
    this.#blank()
    if (this.#text.charAt(this.#at) !== sign) return false
    this.#at += 1
    return true
  }

  #need(sign: string): void {
    if (!this.#take(sign)) throw new SyntaxError(`expected ${sign} at ${this.#at}`)
  }

  #value(): Ordered {
    this.#blank()
    const first = this.#text.charAt(this.#at)
    if (first === '{') return this.#object()
    if (first === '[') return this.#list()
    if (first === '"') return this.#string()
    const word = /[^\s,\]}]*/y
    word.lastIndex = this.#at
    const found = word.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    const parsed: unknown = JSON.parse(found)
    if (parsed === null || typeof parsed === 'number' || typeof parsed === 'boolean') return parsed
    throw new SyntaxError(`unexpected ${found}`)
  }

  #string(): string {
    const start = this.#at
    this.#at += 1
    while (this.#at < this.#text.length && this.#text.charAt(this.#at) !== '"') {
      this.#at += this.#text.charAt(this.#at) === '\\' ? 2 : 1
    }
    this.#at += 1
    return String(JSON.parse(this.#text.slice(start, this.#at)))
  }

  #list(): Ordered[] {
    this.#need('[')
    const list: Ordered[] = []
    if (this.#take(']')) return list
    do list.push(this.#value())
    while (this.#take(','))
    this.#need(']')
    return list
  }

  #object(): Map<string, Ordered> {
    this.#need('{')
    const object = new Map<string, Ordered>()
    if (this.#take('}')) return object
    do {
      this.#blank()
      const key = this.#string()
      this.#need(':')
      object.set(key, this.#value())
    } while (this.#take(','))
    this.#need('}')
    return object
  }
}

export const parseOrdered = (text: string): Ordered => new Reader(text).document()

export const printOrdered = (value: Ordered): string => {
  if (Array.isArray(value)) return `[${value.map(printOrdered).join(',')}]`
  if (value instanceof Map) {
    return `{${[...value].map(([key, held]) => `${JSON.stringify(key)}:${printOrdered(held)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

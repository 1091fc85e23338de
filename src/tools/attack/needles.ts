/** Finds any of many texts in a longer one, in one pass: most places are told apart by three characters. */
export class Needles {
  readonly #starts = new Uint8Array(1 << 18)
  readonly #byStart = new Map<number, string[]>()

  /** @param needles of three characters at least */
  constructor(needles: Iterable<string>) {
    for (const needle of needles) {
      const start = hashAt(needle, 0)
      this.#starts[start] = 1
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), needle])
    }
  }

  /** The first of them that stands in the text as whole words, unless `excused` says that it may. */
  find(text: string, excused: (needle: string) => boolean): string | undefined {
    const starts = this.#starts
    for (let at = 0; at + 2 < text.length; at++) {
      const start = hashAt(text, at)
      if (starts[start] === 0) continue
      for (const needle of this.#byStart.get(start) ?? []) {
        if (text.startsWith(needle, at) && standsAlone(text, at, needle) && !excused(needle)) return needle
      }
    }
    return undefined
  }
}

function hashAt(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) & 0x3f) << 12) |
    ((text.charCodeAt(at + 1) & 0x3f) << 6) |
    (text.charCodeAt(at + 2) & 0x3f)
  )
}

/** Otherwise `17x86` would be found in `17x8625`. */
function standsAlone(text: string, at: number, needle: string): boolean {
  return (
    !(isWord(text, at - 1) && isWord(text, at)) &&
    !(isWord(text, at + needle.length) && isWord(text, at + needle.length - 1))
  )
}

function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

/** PHP's own notation for values, which a few operations answer in. Lengths are counted in bytes. */

export type Serializable =
  string | number | readonly Serializable[] | { readonly [name: string]: Serializable }

export function serialize(value: Serializable): string {
  if (typeof value === 'number') return `i:${value};`
  if (typeof value === 'string') return `s:${Buffer.byteLength(value)}:"${value}";`
  const entries = Object.entries(value).map(([key, each]) => `${serialize(arrayKey(key))}${serialize(each)}`)
  return `a:${entries.length}:{${entries.join('')}}`
}

/** Decimal numbers are indexes, everything else is a name. */
function arrayKey(key: string): string | number {
  return /^(?:0|-?[1-9][0-9]{0,14})$/.test(key) ? Number(key) : key
}

/**
 * The texts of a serialized list of texts; undefined for any other value.
 *
 * @param look receives the number of texts before they are read; it may throw
 */
export function unserializeTexts(
  source: string,
  look: (count: number) => void = () => undefined,
): string[] | undefined {
  const head = /^a:([0-9]{1,5}):\{/.exec(source)
  if (head === null) return undefined
  look(Number(head[1]))
  const bytes = Buffer.from(source)
  const texts: string[] = []
  let at = head[0].length
  for (let left = Number(head[1]); left > 0; left--) {
    const entry = /^(?:i:-?[0-9]{1,15};|s:[0-9]{1,5}:"[^"]*";)s:([0-9]{1,5}):"/.exec(
      bytes.toString('latin1', at, at + 200),
    )
    if (entry === null) return undefined
    const begin = at + entry[0].length
    const end = begin + Number(entry[1])
    if (bytes.toString('latin1', end, end + 2) !== '";') return undefined
    texts.push(bytes.toString('utf8', begin, end))
    at = end + 2
  }
  return bytes.toString('latin1', at) === '}' ? texts : undefined
}

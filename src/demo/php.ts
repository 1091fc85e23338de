/**
 * Requests as PHP reads them: brackets in a name make arrays, the last of two equal names wins,
 * `.` and blank in a name become `_`, `+` is a blank, a `%` that starts no escape stays.
 */

export type PhpArray = Map<string, PhpValue>
export type PhpValue = string | PhpArray

const PERCENT = 0x25
const TWO_DIGITS = /^[0-9a-fA-F]{2}$/

/** Decodes in place: files come as values of several MB. */
const unescapeBytes = (text: string): string => {
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8')
  let length = 0
  for (let index = 0; index < bytes.length; index += 1, length += 1) {
    const byte = bytes[index] ?? 0
    const digits = byte === PERCENT ? bytes.toString('latin1', index + 1, index + 3) : ''
    const isEscape = digits !== '' && TWO_DIGITS.test(digits)
    bytes[length] = isEscape ? Number.parseInt(digits, 16) : byte
    if (isEscape) index += 2
  }
  return bytes.toString('utf8', 0, length)
}

const pathOf = (name: string): string[] => {
  const trimmed = name.replace(/^ +/, '')
  const open = trimmed.indexOf('[')
  const plain = (text: string): string =>
    text.replaceAll(/[. [\]]/g, (found) => (found === ']' ? found : '_'))
  if (open <= 0 || !trimmed.includes(']', open)) return [plain(trimmed)]
  const path = [plain(trimmed.slice(0, open))]
  let rest = trimmed.slice(open)
  while (rest.startsWith('[')) {
    const close = rest.indexOf(']')
    if (close < 0) break
    path.push(rest.slice(1, close))
    rest = rest.slice(close + 1)
  }
  return path
}

const assign = (target: PhpArray, path: readonly string[], value: string): void => {
  const [key = '', ...deeper] = path
  const name = key === '' ? String([...target.keys()].filter((used) => /^\d+$/.test(used)).length) : key
  if (deeper.length === 0) {
    target.set(name, value)
    return
  }
  const held = target.get(name)
  const nested: PhpArray = held instanceof Map ? held : new Map<string, PhpValue>()
  target.set(name, nested)
  assign(nested, deeper, value)
}

/** Reads `a=1&b[c]=2` into what `$_GET` and `$_POST` would hold, adding to `into`. */
export const decodeForm = (text: string, into: PhpArray = new Map()): PhpArray => {
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = unescapeBytes(equals < 0 ? pair : pair.slice(0, equals))
    if (name === '' || name.startsWith('[')) continue
    assign(into, pathOf(name), equals < 0 ? '' : unescapeBytes(pair.slice(equals + 1)))
  }
  return into
}

/** Adds the text fields of a multipart form; uploaded files are no parameters. */
export const decodeMultipart = (body: Buffer, contentType: string, into: PhpArray): PhpArray => {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) return into
  for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n')
    const head = Buffer.from(part.slice(0, Math.max(end, 0)), 'latin1').toString('utf8')
    const name = /content-disposition:[^\r\n]*[; ]name="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined || /filename=/i.test(head)) continue
    const value = part.slice(end + 4).replace(/\r\n$/, '')
    assign(into, pathOf(name), Buffer.from(value, 'latin1').toString('utf8'))
  }
  return into
}

/** PHP's arrays as plain values: 0, 1, 2 … make a list, everything else an object. */
export const plain = (value: PhpValue): unknown => {
  if (typeof value === 'string') return value
  const entries = [...value].map(([key, held]): [string, unknown] => [key, plain(held)])
  if (entries.every(([key], index) => key === String(index))) return entries.map(([, held]) => held)
  return Object.fromEntries(entries)
}

/**
 * Parses requests as PHP does. Both ends must agree on the content of a request, so the gateway decodes it by PHP's
 * rules, checks the result, and sends coreBOS an encoding of its own. Source: `php_register_variable_ex` and
 * `php_url_decode` of PHP 8; the recordings' "What official clients send".
 */
import { GatewayError } from '../model/errors.ts'
import { exceededBound } from '../http/json-bounds.ts'

/** The value of a parameter; forms only have texts and arrays. */
export type Parameter =
  string | number | boolean | null | readonly Parameter[] | { readonly [name: string]: Parameter }
export type Parameters = ReadonlyMap<string, Parameter>

export type Pair = readonly [name: string, value: string]

export const bounds = {
  /** Names in one request; PHP drops further ones, the gateway rejects the request. */
  variables: 1000,
  /** Brackets after one name, and levels of a JSON body. */
  depth: 32,
  /** A mass write has 50 records, and a record fewer than 500 fields. */
  json: { keys: 25_000, values: 50_000, depth: 33 },
} as const

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function rejected(why: string): GatewayError {
  return new GatewayError('BAD_REQUEST', why)
}

/** @param place the subject of an error, which contains the bytes */
function text(bytes: Uint8Array, place = 'the request'): string {
  let decoded
  try {
    decoded = utf8.decode(bytes)
  } catch {
    throw rejected(`${place} contains bytes that are not valid UTF-8`)
  }
  return withoutNul(decoded)
}

function withoutNul(decoded: string): string {
  if (decoded.includes('\0')) throw rejected('the request contains a NUL character')
  return decoded
}

/** @returns undefined if the character is not a hexadecimal digit */
function hexDigit(byte = 0): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
}

/** `+` is a blank, `%41` a byte, and a `%` that starts no escape stays. */
function unescape(source: Buffer, place?: string): string {
  const bytes = Buffer.alloc(source.length)
  let length = 0
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0
    const high = byte === 0x25 ? hexDigit(source[i + 1]) : undefined
    const low = high === undefined ? undefined : hexDigit(source[i + 2])
    if (high !== undefined && low !== undefined) {
      bytes[length++] = 16 * high + low
      i += 2
    } else {
      bytes[length++] = byte === 0x2b ? 0x20 : byte
    }
  }
  return text(bytes.subarray(0, length), place)
}

/**
 * Names and values of a query string or of a body of `application/x-www-form-urlencoded`.
 *
 * @throws GatewayError `BAD_REQUEST` if they are not UTF-8
 */
export function urlencodedPairs(source: Uint8Array): Pair[] {
  const bytes = Buffer.from(source)
  const pairs: Pair[] = []
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(0x26, from)
    const piece = bytes.subarray(from, found < 0 ? bytes.length : found)
    from = found < 0 ? bytes.length + 1 : found + 1
    if (piece.length === 0) continue
    if (pairs.length === bounds.variables) throw rejected(`more than ${bounds.variables} parameters`)
    const equals = piece.indexOf(0x3d)
    const name = unescape(equals < 0 ? piece : piece.subarray(0, equals))
    const value = equals < 0 ? '' : unescape(piece.subarray(equals + 1), `'${name.slice(0, 100)}'`)
    pairs.push([name, value])
  }
  return pairs
}

/** PHP's numbers have 64 bits. */
const numbers = { lowest: -(2n ** 63n), highest: 2n ** 63n - 1n }

/** PHP's array: keys in the order of their coming, and the next index that `[]` takes. */
class PhpArray {
  readonly entries = new Map<string, string | PhpArray>()
  /** Above the highest index; undefined if there is none. */
  #next: bigint | undefined

  /** @param key undefined: the next index; above the highest number there is none, and PHP drops the value */
  put(key: string | undefined, value: string | PhpArray): void {
    const name = key ?? String(this.#next ?? 0)
    if (key === undefined && this.entries.has(name)) return
    this.#count(name)
    this.entries.set(name, value)
  }

  #count(name: string): void {
    if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(name)) return
    const index = BigInt(name)
    const { lowest, highest } = numbers
    if (index < (this.#next ?? lowest) || index > highest) return
    this.#next = index < highest ? index + 1n : highest
  }

  /** The array under a key, replacing any other value. */
  at(key: string | undefined): PhpArray {
    const held = key === undefined ? undefined : this.entries.get(key)
    if (held instanceof PhpArray) return held
    const made = new PhpArray()
    this.put(key, made)
    return made
  }
}

/** `a b[c][]` → `a_b`, `c`, the next index. In `a[b.c[d` no bracket closes, so that it is the name `a_b_c_d`. */
function pathOf(name: string): (string | undefined)[] | undefined {
  const whole = name.replace(/^ +/, '')
  const open = whole.indexOf('[')
  const plain = (part: string): string => part.replace(/[ .[]/g, '_')
  if (open < 0) return whole === '' ? undefined : [plain(whole)]
  // PHP drops a name that begins with a bracket.
  if (open === 0) return undefined
  if (!whole.includes(']', open)) return [plain(whole)]
  const path: (string | undefined)[] = [plain(whole.slice(0, open))]
  for (let at = open; whole[at] === '[';) {
    const close = whole.indexOf(']', at)
    if (close < 0) break
    const key = whole.slice(at + 1, close)
    path.push(/^[ \t\n\r\v\f]?$/.test(key) ? undefined : key)
    if (path.length > bounds.depth) throw rejected(`parameters nested deeper than ${bounds.depth}`)
    at = close + 1
  }
  return path
}

function assemble(pairs: readonly Pair[]): PhpArray {
  const root = new PhpArray()
  for (const [name, value] of pairs) {
    const path = pathOf(name)
    if (path === undefined) continue
    const last = path.pop()
    let target = root
    for (const key of path) target = target.at(key)
    target.put(last, value)
  }
  return root
}

/** `$_REQUEST`: the form takes precedence over the query string, array by array. */
function merge(into: PhpArray, over: PhpArray): PhpArray {
  for (const [key, value] of over.entries) {
    const held = into.entries.get(key)
    if (value instanceof PhpArray && held instanceof PhpArray) merge(held, value)
    else into.put(key, value)
  }
  return into
}

/** Indexes 0, 1, 2 … in this order make a list, everything else an object. */
function plainValue(value: string | PhpArray): Parameter {
  if (typeof value === 'string') return value
  const entries = [...value.entries].map(([key, each]) => [key, plainValue(each)] as const)
  return entries.every(([key], index) => key === String(index))
    ? entries.map(([, each]) => each)
    : Object.fromEntries(entries)
}

/**
 * The parameters of a query string and a form.
 *
 * @param form the pairs of a body; empty if it has no form
 * @throws GatewayError `BAD_REQUEST`
 */
export function formParameters(query: readonly Pair[], form: readonly Pair[]): Parameters {
  if (query.length + form.length > bounds.variables)
    throw rejected(`more than ${bounds.variables} parameters`)
  const { entries } = merge(assemble(query), assemble(form))
  return new Map([...entries].map(([name, value]) => [name, plainValue(value)]))
}

/**
 * Pairs of a multipart form, as its parser has decoded them from UTF-8.
 *
 * @throws GatewayError `BAD_REQUEST`
 */
export function multipartPair(name: string, value: string): Pair {
  return [withoutNul(name), withoutNul(value)]
}

/**
 * The parameters of a JSON body, which is read if there are no other parameters. A body that is not an object has none.
 *
 * @throws GatewayError `BAD_REQUEST`
 */
export function jsonParameters(body: Uint8Array): Parameters {
  if (body.length === 0) return new Map()
  const parsed = parseJson(text(body))
  return isObject(parsed) ? new Map(Object.entries(parsed)) : new Map()
}

/**
 * @returns undefined if the text is not JSON
 * @throws GatewayError `BAD_REQUEST` if it nests too deeply or contains characters that cannot be sent
 */
export function parseJson(source: string): Parameter | undefined {
  const exceeded = exceededBound(source, bounds.json)
  if (exceeded === 'depth') throw rejected(`JSON nested deeper than ${bounds.depth}`)
  if (exceeded !== undefined) throw rejected(`JSON with more than ${bounds.json[exceeded]} ${exceeded}`)
  let parsed: unknown
  try {
    parsed = JSON.parse(source)
  } catch {
    return undefined
  }
  return parameter(parsed, 0)
}

function parameter(value: unknown, depth: number): Parameter {
  if (depth > bounds.depth) throw rejected(`JSON nested deeper than ${bounds.depth}`)
  if (typeof value === 'string') {
    // Escapes in JSON can spell what its UTF-8 cannot.
    if (!value.isWellFormed()) throw rejected('the request contains text that is not valid Unicode')
    return withoutNul(value)
  }
  if (Array.isArray(value)) return value.map((each) => parameter(each, depth + 1))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [withoutNul(name), parameter(each, depth + 1)]),
    )
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : null
}

export function isObject(value: Parameter | undefined): value is { readonly [name: string]: Parameter } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks that received text is UTF-8: bodies, their declared coding, and URLs. */
import { GatewayError } from '../model/errors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @returns undefined if the bytes are not valid UTF-8 */
export function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** @param source the subject of the message, which contains the bytes */
export function notUtf8(source: string): GatewayError {
  return new GatewayError('BAD_REQUEST', `${source} contains bytes that are not valid UTF-8`)
}

interface BodyHeaders {
  readonly 'content-type'?: string | undefined
  readonly 'content-encoding'?: string | undefined
}

/** @throws GatewayError `UNSUPPORTED_MEDIA_TYPE` if a body is compressed, or its charset is not UTF-8 */
export function requirePlainUtf8({
  'content-type': type = '',
  'content-encoding': coding = '',
}: BodyHeaders): void {
  if (!/^(?:identity)?$/i.test(coding.trim())) {
    throw unsupported(`a body with 'Content-Encoding: ${coding.slice(0, 100)}'`, 'bodies without an encoding')
  }
  requireUtf8Charset(type)
}

/** @param contentType of a body, or of one part of a form. @throws GatewayError `UNSUPPORTED_MEDIA_TYPE` */
export function requireUtf8Charset(contentType: string): void {
  const [, quoted, bare] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(contentType) ?? []
  const charset = quoted ?? bare
  if (charset === undefined || /^utf-?8$/i.test(charset)) return
  throw unsupported(`the charset '${charset.slice(0, 100)}'`, 'UTF-8')
}

function unsupported(received: string, accepted: string): GatewayError {
  return new GatewayError('UNSUPPORTED_MEDIA_TYPE', `${received} was received; accepted: ${accepted}`)
}

/** Escapes in JSON can encode half of a character, which UTF-8 cannot. @returns undefined if they do not */
export function wellFormedProblem(value: unknown): GatewayError | undefined {
  return isWellFormed(value)
    ? undefined
    : new GatewayError('BAD_REQUEST', 'the body contains text that is not valid Unicode')
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, each]) => key.isWellFormed() && isWellFormed(each))
}

const escapedBytes = /(?:%[0-9a-f]{2})+/gi

function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('%', ''), 'hex')
}

/** Whether the bytes that a text escapes with `%` are text. */
export function escapesUtf8(text: string): boolean {
  return (text.match(escapedBytes) ?? []).every((each) => decoded(bytesOf(each)) !== undefined)
}

const isUtf8 = (text: string): boolean => !/[^\0-\x7f]/.test(text) && escapesUtf8(text)

/** The error of a URL of which a part cannot be decoded, with the parameter that it belongs to. */
export function unreadable(url: string): GatewayError | undefined {
  if (!url.includes('%') && /^[\0-\x7f]*$/.test(url)) return undefined
  const [path = '', ...query] = url.split('?')
  if (!isUtf8(path)) return notUtf8('the URL')
  const pair = query
    .join('?')
    .split('&')
    .find((each) => badEscape.test(each) || !isUtf8(each))
  if (pair === undefined) return undefined
  const [name = ''] = pair.split('=')
  const parameter = unescaped(name).slice(0, 100)
  const message = badEscape.test(pair)
    ? `'${parameter}' contains a '%' that begins no escape; a percent sign is written '%25'`
    : `'${parameter}' contains bytes that are not valid UTF-8`
  return new GatewayError('BAD_REQUEST', message, { errors: [{ parameter, message }] })
}

const badEscape = /%(?![0-9a-f]{2})/i

/** The parameters of a query string; a name that is repeated has a list. Bytes that are not UTF-8 are to be rejected before. */
export function parametersOf(query: string): Record<string, string | string[]> {
  const parameters = new Map<string, string | string[]>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = unescaped(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : unescaped(pair.slice(equals + 1))
    const held = parameters.get(name)
    // This runs before a request is counted: a list is appended to and not copied, so that the work stays linear.
    if (Array.isArray(held)) held.push(value)
    else parameters.set(name, held === undefined ? value : [held, value])
  }
  return Object.fromEntries(parameters)
}

function unescaped(text: string): string {
  return text.replaceAll('+', ' ').replace(escapedBytes, (each) => bytesOf(each).toString('utf8'))
}

/** Checks that the text of a form of `multipart/form-data` is UTF-8, because its parser repairs invalid text, and that each part has a header. */
import type { Readable } from 'node:stream'
import { GatewayError } from '../model/errors.ts'
import { decoded, escapesUtf8, notUtf8, requireUtf8Charset } from './utf8.ts'

/** Bytes of the headers of one part. */
const longestHeader = 80 * 1024
const headerEnd = Buffer.from('\r\n\r\n')
/** Behind the last delimiter. */
const closing = Buffer.from('--')

type State = 'between' | 'header' | 'field' | 'file' | 'end'

/**
 * Looks at a form as it passes by: at the headers of each part, and at the content of those that are not files. What
 * is wrong is kept for {@link FormText.require}, so that the form can be read to its end.
 */
export class FormText {
  readonly #delimiter: Buffer
  #state: State = 'between'
  /** The received bytes that may begin a delimiter, or belong to an unfinished header. */
  #held: Buffer = Buffer.from('\r\n')
  #decoder = new TextDecoder('utf-8', { fatal: true })
  #problem: GatewayError | undefined

  /** @param contentType of the form, which names the delimiter of its parts */
  constructor(contentType: string) {
    const boundary = boundaryOf(contentType)
    if (boundary === undefined) this.#problem = malformed('no boundary, or more than one')
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  push(chunk: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, chunk])
    while (this.#problem === undefined && this.#step());
    if (this.#problem !== undefined) this.#held = Buffer.alloc(0)
  }

  /** @throws GatewayError `BAD_REQUEST`, `UNSUPPORTED_MEDIA_TYPE` */
  require(): void {
    if (this.#problem !== undefined) throw this.#problem
  }

  /** @returns whether there may be more to look at */
  #step(): boolean {
    if (this.#state === 'header') return this.#header()
    return this.#state === 'end' ? this.#epilogue() : this.#content()
  }

  #header(): boolean {
    if (this.#held.length < closing.length) return false
    if (this.#held.subarray(0, closing.length).equals(closing)) {
      this.#state = 'end'
      return true
    }
    const end = this.#held.indexOf(headerEnd)
    const next = this.#held.indexOf(this.#delimiter)
    if (next >= 0 ? end < 0 || next < end : end < 0 && this.#held.length > longestHeader)
      this.#problem = malformed('a part without the end of its header')
    if (end < 0 || this.#problem !== undefined) return false
    const header = this.#held.subarray(0, end)
    // The line break that ends the header may begin the delimiter of an empty part.
    this.#held = this.#held.subarray(end + 2)
    this.#check(() => {
      this.#state = requireHeader(header) ? 'file' : 'field'
    })
    this.#decoder = new TextDecoder('utf-8', { fatal: true })
    return true
  }

  #epilogue(): boolean {
    if (this.#held.includes(this.#delimiter)) this.#problem = malformed('a part behind its end')
    this.#held = this.#held.subarray(Math.max(0, this.#held.length - this.#delimiter.length + 1))
    return false
  }

  #content(): boolean {
    const end = this.#held.indexOf(this.#delimiter)
    const size = end < 0 ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : end
    const content = this.#held.subarray(0, size)
    if (this.#state === 'field') {
      this.#check(() => {
        try {
          this.#decoder.decode(content, { stream: end < 0 })
        } catch {
          throw notUtf8('a field of the form')
        }
      })
    }
    this.#held = this.#held.subarray(end < 0 ? size : end + this.#delimiter.length)
    if (end < 0) return false
    this.#state = 'header'
    return true
  }

  #check(look: () => void): void {
    try {
      look()
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      this.#problem = error
    }
  }
}

/** A parameter of a content type, or a semicolon without one. */
const parameter = /[ \t]*;[ \t]*(?:([^\s;"\\=*]+)=(?:"([^"\\]*)"|([^\s;"\\]*)))?[ \t]*/y

/** @returns undefined unless there is one boundary, and no reader can find another one */
function boundaryOf(contentType: string): string | undefined {
  let boundary: string | undefined
  parameter.lastIndex = contentType.search(/[ \t;]|$/)
  while (parameter.lastIndex < contentType.length) {
    const [whole, name = '', quoted, bare] = parameter.exec(contentType) ?? []
    const isBoundary = name.toLowerCase() === 'boundary'
    if (whole === undefined || (isBoundary && boundary !== undefined)) return undefined
    if (isBoundary) boundary = quoted ?? bare
  }
  return boundary === '' ? undefined : boundary
}

/** What the parser of forms may wait for without end. */
function malformed(what: string): GatewayError {
  return new GatewayError('BAD_REQUEST', `the form (multipart/form-data) is malformed: it has ${what}`)
}

/**
 * Reads a form that another parser reads as it arrives.
 *
 * @param read reads the form from its source
 * @throws GatewayError as {@link FormText.require}, as soon as it is known, and what `read` throws
 */
export async function whileText<T>(
  source: Readable,
  contentType: string,
  read: () => Promise<T>,
): Promise<T> {
  const text = new FormText(contentType)
  text.require()
  const problem = new Promise<never>((_resolve, reject) => {
    source.on('data', (chunk: Buffer) => {
      text.push(chunk)
      try {
        text.require()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
  })
  try {
    return await Promise.race([read(), problem])
  } finally {
    // The rest of a rejected form must be drained, or the client never reads the answer.
    source.unpipe()
    source.resume()
  }
}

/** @returns whether the part is a file. @throws GatewayError `BAD_REQUEST`, `UNSUPPORTED_MEDIA_TYPE` */
function requireHeader(header: Buffer): boolean {
  const text = decoded(header)
  if (text === undefined) throw notUtf8('the name of a part or of a file in the form')
  for (const [, extended = ''] of text.matchAll(/;\s*(?:file)?name\*\s*=\s*([^;\r\n]*)/gi))
    requireExtended(extended)
  // The bytes of a file are kept as they are, in any charset.
  if (/^content-disposition:[^\r\n]*;\s*filename\*?\s*=/im.test(text)) return true
  const [, type = ''] = /^content-type:([^\r\n]*)/im.exec(text) ?? []
  requireUtf8Charset(type)
  const [, coding = '7bit'] = /^content-transfer-encoding:\s*([^\s]*)/im.exec(text) ?? []
  if (/^(?:7bit|8bit|binary)$/i.test(coding)) return false
  throw new GatewayError(
    'UNSUPPORTED_MEDIA_TYPE',
    `a part with 'Content-Transfer-Encoding: ${coding.slice(0, 100)}' was received; accepted: parts without an encoding`,
  )
}

/** `utf-8''caf%C3%A9` or `utf-8'en'caf%C3%A9` (RFC 8187). */
function requireExtended(value: string): void {
  const [charset = '', language = '', ...bytes] = value.trim().replace(/^"|"$/g, '').split("'")
  requireUtf8Charset(`; charset=${charset}`)
  // The parser decodes escapes in the language as well.
  if (bytes.length !== 1 || !/^[a-z0-9-]*$/i.test(language) || !bytes.every(escapesUtf8))
    throw notUtf8('the name of a file in the form')
}

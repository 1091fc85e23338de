/**
 * Reads an answer of coreBOS in which one text is a file in base64; the file is decoded while it arrives, so that a
 * large one does not block the process.
 */
import { GatewayError } from '../model/errors.ts'
import { Spool, type SpoolLimit, type Spooled } from './spool.ts'

export interface FileAnswer {
  /** The answer with an empty text in place of the file. */
  readonly envelope: Buffer
  /** Undefined if the answer has none. */
  readonly file: Spooled | undefined
}

export interface FileLimits {
  readonly envelopeBytes: number
  readonly fileBytes: number
}

const quote = 0x22

/**
 * @param name of the property whose text is the file
 * @throws GatewayError `COREBOS_TOO_LARGE`, `COREBOS_FAILED` if the text is not base64, `DOWNLOADS_BUSY`,
 *   `DISK_FAILED`
 */
export async function readFileAnswer(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  limits: FileLimits,
  limit: SpoolLimit,
): Promise<FileAnswer> {
  const spool = new Spool(limit)
  let taken: RateResult | undefined
  try {
    taken = await take(chunks, name, limits, spool)
  } finally {
    if (taken?.hasFile !== true) await spool.discard()
  }
  return { envelope: taken.envelope, file: taken.hasFile ? spool.end() : undefined }
}

interface RateResult {
  readonly envelope: Buffer
  /** Whether the spool holds all of it. */
  readonly hasFile: boolean
}

async function take(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  limits: FileLimits,
  spool: Spool,
): Promise<RateResult> {
  // Within a text of JSON the quotes would be escaped, so only the property itself matches.
  const marker = Buffer.from(`"${name}":"`)
  let head = Buffer.alloc(0)
  let base64: Base64 | undefined
  const tail: Uint8Array[] = []
  let tailBytes = 0
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (base64 === undefined) {
      const searchFrom = Math.max(0, head.length - marker.length)
      head = Buffer.concat([head, rest])
      const found = head.indexOf(marker, searchFrom)
      if (found < 0) {
        requireWithin(head.length, limits.envelopeBytes)
        continue
      }
      rest = head.subarray(found + marker.length)
      head = head.subarray(0, found + marker.length)
      base64 = new Base64()
    }
    if (!base64.ended) {
      const end = rest.indexOf(quote)
      const bytes = base64.decode(end < 0 ? rest : rest.subarray(0, end))
      requireWithin(spool.size + bytes.length, limits.fileBytes)
      await spool.add(bytes)
      if (end < 0) continue
      base64.end()
      rest = rest.subarray(end)
    }
    tail.push(rest)
    tailBytes += rest.length
    requireWithin(head.length + tailBytes, limits.envelopeBytes)
  }
  // A truncated answer is rejected; its envelope cannot be parsed either.
  return { envelope: Buffer.concat([head, ...tail]), hasFile: base64?.ended === true }
}

function requireWithin(bytes: number, most: number): void {
  if (bytes > most) throw new GatewayError('COREBOS_TOO_LARGE')
}

class Base64 {
  ended = false
  #isPadded = false
  /** Four characters are three bytes; a remainder waits for the next ones. */
  #rest = ''

  decode(bytes: Buffer): Buffer {
    // PHP writes `\/`.
    const text = this.#rest + bytes.toString('latin1').replaceAll('\\', '')
    const whole = text.length - (text.length % 4)
    this.#rest = text.slice(whole)
    if (whole === 0) return Buffer.alloc(0)
    if (this.#isPadded || !/^[A-Za-z0-9+/]*={0,2}$/.test(text.slice(0, whole))) throw notBase64()
    this.#isPadded = text[whole - 1] === '='
    return Buffer.from(text.slice(0, whole), 'base64')
  }

  end(): void {
    if (this.#rest !== '') throw notBase64()
    this.ended = true
  }
}

function notBase64(): GatewayError {
  return new GatewayError('COREBOS_FAILED', 'coreBOS returned a file that is not valid base64')
}

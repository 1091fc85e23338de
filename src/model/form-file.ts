/** A file as a field of a URL-encoded form. */
import { createHash } from 'node:crypto'

const escapes: Readonly<Record<string, string>> = { '+': '%2B', '/': '%2F', '=': '%3D' }

function encoded(bytes: Buffer): Buffer {
  return Buffer.from(
    bytes.toString('base64').replace(/[+/=]/g, (each) => escapes[each] ?? each),
    'latin1',
  )
}

/**
 * The bytes of a file as a form carries them: base64, percent-encoded. They are encoded piece by piece while the file
 * arrives, since encoding a large file at once would block the process for a second.
 */
export class FormFile {
  /** Of the file itself, in bytes. */
  readonly size: number
  readonly pieces: readonly Buffer[]
  /** SHA-256 of the file itself, in base64url. */
  readonly digest: string

  private constructor(size: number, pieces: readonly Buffer[], digest: string) {
    this.size = size
    this.pieces = pieces
    this.digest = digest
  }

  /** Reads the source to its end. @throws what `source` throws */
  static async read(source: AsyncIterable<Uint8Array>): Promise<FormFile> {
    const pieces: Buffer[] = []
    const hash = createHash('sha256')
    let size = 0
    // Three bytes are four characters; remaining bytes belong to the next piece.
    let rest = Buffer.alloc(0)
    for await (const chunk of source) {
      size += chunk.length
      hash.update(chunk)
      const bytes = Buffer.concat([rest, chunk])
      const whole = bytes.length - (bytes.length % 3)
      if (whole > 0) pieces.push(encoded(bytes.subarray(0, whole)))
      rest = bytes.subarray(whole)
    }
    if (rest.length > 0) pieces.push(encoded(rest))
    return new FormFile(size, pieces, hash.digest('base64url'))
  }
}

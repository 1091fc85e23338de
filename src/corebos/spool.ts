/**
 * Bytes that come faster than they are read. coreBOS's session must not wait for whoever downloads slowly, and the
 * gateway must not remember everything that somebody has asked for: a few bytes stay in memory, more go into a file.
 */
import { createHash, randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** Bytes that are kept in memory. */
const fewBytes = 256 * 1024

/** Bytes that have all come. Whoever has them reads them once, or discards them. */
export class Spooled {
  readonly size: number
  /** SHA-256 in base64url. */
  readonly digest: string
  readonly #kept: Buffer | FileHandle

  constructor(kept: Buffer | FileHandle, size: number, digest: string) {
    this.#kept = kept
    this.size = size
    this.digest = digest
  }

  /** @param range both ends counted; all of it unless given */
  read({ first, last } = { first: 0, last: this.size - 1 }): Readable {
    return Buffer.isBuffer(this.#kept)
      ? Readable.from([this.#kept.subarray(first, last + 1)], { objectMode: false })
      : this.#kept.createReadStream({ start: first, end: last })
  }

  async bytes(): Promise<Buffer> {
    return Buffer.isBuffer(this.#kept) ? this.#kept : buffer(this.read())
  }

  async discard(): Promise<void> {
    if (!Buffer.isBuffer(this.#kept)) await this.#kept.close()
  }
}

export class Spool {
  size = 0
  readonly #hash = createHash('sha256')
  #pieces: Buffer[] = []
  #file: FileHandle | undefined

  async add(piece: Buffer): Promise<void> {
    this.size += piece.length
    this.#hash.update(piece)
    if (this.#file === undefined && this.size > fewBytes) {
      this.#file = await namelessFile()
      await this.#file.writeFile(Buffer.concat(this.#pieces))
      this.#pieces = []
    }
    if (this.#file === undefined) this.#pieces.push(piece)
    else await this.#file.writeFile(piece)
  }

  end(): Spooled {
    const kept = this.#file ?? Buffer.concat(this.#pieces)
    return new Spooled(kept, this.size, this.#hash.digest('base64url'))
  }

  async discard(): Promise<void> {
    await this.#file?.close()
  }
}

/** It is gone as soon as it is closed, however the process ends. */
async function namelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `portal-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

/**
 * Buffers bytes that arrive faster than they are read. A slow download must not hold coreBOS's session, and the gateway
 * must not hold whole files in memory: a few bytes stay in memory, the rest is written to a file.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { GatewayError } from '../model/errors.ts'
import { currentShare } from './request-calls.ts'

/** Bytes that stay in memory. */
const fewBytes = 256 * 1024

/** Seconds until a download may have ended, or an operator may have freed disk space. */
const retryAfter = 5

export interface SpoolLimitOptions {
  /** Bytes of all spools, in memory and in files. */
  readonly maxBytes: number
  /** Receives the number of spooled bytes. */
  readonly observe?: (bytes: number) => void
  /** A file that is deleted when it is closed. */
  readonly openFile?: () => Promise<FileHandle>
}

/** The limit that all spools share. Several of one contact may have three quarters of it together. */
export class SpoolLimit {
  readonly #options: SpoolLimitOptions
  #held = 0
  readonly #heldBy = new Map<string, number>()
  #files = 0

  constructor(options: SpoolLimitOptions) {
    this.#options = options
  }

  /** Open files. */
  get files(): number {
    return this.#files
  }

  /** Must be called before a request whose answer might not fit. @throws GatewayError `DOWNLOADS_BUSY` */
  requireSome(): void {
    this.#require(1, currentShare().key, 0)
  }

  /**
   * @param contact undefined: the gateway itself
   * @param before bytes of the same spool
   * @throws GatewayError `DOWNLOADS_BUSY`
   */
  take(bytes: number, contact: string | undefined, before: number): void {
    this.#require(bytes, contact, before)
    this.#change(bytes, contact)
  }

  give(bytes: number, contact: string | undefined): void {
    this.#change(-bytes, contact)
  }

  async openFile(): Promise<FileHandle> {
    const file = await (this.#options.openFile ?? namelessFile)()
    this.#files += 1
    // It emits `close`, which its type does not say.
    const emitter = file as FileHandle & Pick<EventEmitter, 'once'>
    emitter.once('close', () => (this.#files -= 1))
    return file
  }

  #require(bytes: number, contact: string | undefined, before: number): void {
    const { maxBytes } = this.#options
    const own = contact === undefined ? 0 : (this.#heldBy.get(contact) ?? 0)
    if (this.#held + bytes > maxBytes || (own > before && own + bytes > 0.75 * maxBytes))
      throw new GatewayError('DOWNLOADS_BUSY', undefined, { retryAfter })
  }

  #change(bytes: number, contact: string | undefined): void {
    this.#held += bytes
    if (contact !== undefined) {
      const own = (this.#heldBy.get(contact) ?? 0) + bytes
      if (own === 0) this.#heldBy.delete(contact)
      else this.#heldBy.set(contact, own)
    }
    this.#options.observe?.(this.#held)
  }
}

/** Bytes that have all arrived. They are read once, or discarded. */
export class Spooled {
  readonly size: number
  /** SHA-256 in base64url. */
  readonly digest: string
  /** Resolves when they have been read or discarded, and are no longer spooled. */
  readonly ended: Promise<void>
  readonly #kept: Buffer | FileHandle
  readonly #end: () => void

  constructor(kept: Buffer | FileHandle, size: number, digest: string, give: () => void) {
    this.#kept = kept
    this.size = size
    this.digest = digest
    let end = (): void => undefined
    this.ended = new Promise<void>((resolve) => (end = resolve)).then(give)
    this.#end = end
  }

  /** @param range both ends inclusive; default: all bytes */
  read({ first, last } = { first: 0, last: this.size - 1 }): Readable {
    const stream = Buffer.isBuffer(this.#kept)
      ? Readable.from([this.#kept.subarray(first, last + 1)], { objectMode: false })
      : this.#kept.createReadStream({ start: first, end: last })
    return stream.once('close', this.#end)
  }

  async bytes(): Promise<Buffer> {
    return buffer(this.read())
  }

  async discard(): Promise<void> {
    if (!Buffer.isBuffer(this.#kept)) await this.#kept.close()
    this.#end()
  }
}

export class Spool {
  size = 0
  readonly #limit: SpoolLimit
  readonly #hash = createHash('sha256')
  readonly #contact = currentShare().key
  #pieces: Buffer[] = []
  #file: FileHandle | undefined

  constructor(limit: SpoolLimit) {
    this.#limit = limit
  }

  /** @throws GatewayError `DOWNLOADS_BUSY`, `DISK_FAILED` */
  async add(piece: Buffer): Promise<void> {
    this.#limit.take(piece.length, this.#contact, this.size)
    this.size += piece.length
    this.#hash.update(piece)
    try {
      await this.#keep(piece)
    } catch (cause) {
      throw new GatewayError('DISK_FAILED', undefined, { retryAfter, cause })
    }
  }

  async #keep(piece: Buffer): Promise<void> {
    if (this.#file === undefined && this.size > fewBytes) {
      this.#file = await this.#limit.openFile()
      await this.#file.writeFile(Buffer.concat(this.#pieces))
      this.#pieces = []
    }
    if (this.#file === undefined) this.#pieces.push(piece)
    else await this.#file.writeFile(piece)
  }

  end(): Spooled {
    const kept = this.#file ?? Buffer.concat(this.#pieces)
    const give = () => this.#limit.give(this.size, this.#contact)
    return new Spooled(kept, this.size, this.#hash.digest('base64url'), give)
  }

  async discard(): Promise<void> {
    this.#limit.give(this.size, this.#contact)
    await this.#file?.close()
  }
}

async function namelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `portal-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

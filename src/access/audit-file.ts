/** A separate file for audit lines, so that they can be sent to another destination than the log. */
import { createWriteStream, type WriteStream } from 'node:fs'

export interface AuditFileOptions {
  readonly path: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Receives the error of lines that could not be written. */
  readonly onError: (error: Error) => void
}

export class AuditFile {
  readonly #options: AuditFileOptions
  #stream: WriteStream

  constructor(options: AuditFileOptions) {
    this.#options = options
    this.#stream = this.#open()
  }

  write(entry: object): void {
    const time = new Date(this.#options.now()).toISOString()
    this.#stream.write(`${JSON.stringify({ time, ...entry })}\n`)
  }

  /** Opens the file by its name again, after log rotation has renamed the old one. */
  reopen(): void {
    this.#stream.end()
    this.#stream = this.#open()
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve)
      this.#stream.end()
      if (this.#stream.destroyed) resolve()
    })
  }

  #open(): WriteStream {
    const { path, onError } = this.#options
    return createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', onError)
  }
}

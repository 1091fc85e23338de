/**
 * Limits the size of a body: small for any caller, larger in a live session, and a file for operations that accept one.
 */
import type { Readable } from 'node:stream'
import { GatewayError } from '../model/errors.ts'

/** Bytes. */
export interface BodyBounds {
  readonly any: number
  readonly session: number
  readonly file: number
}

/** The rights for a larger body, judged by its first bytes; each is checked once, and only if it is needed. */
export interface BodyRights {
  /** @throws GatewayError if the request belongs to no live session */
  requireSession(start: Buffer): Promise<void>
  /**
   * Takes a slot for a large body, which the request holds until it ends.
   *
   * @throws GatewayError `BODY_TOO_LARGE`, `GATEWAY_BUSY`
   */
  takePlace(start: Buffer): void
}

export class BodyReader {
  readonly #bounds: BodyBounds
  readonly #rights: BodyRights

  constructor(bounds: BodyBounds, rights: BodyRights) {
    this.#bounds = bounds
    this.#rights = rights
  }

  /** @throws GatewayError `BODY_TOO_LARGE`, what the rights throw, `BAD_REQUEST` if the sender has disconnected */
  async read(payload: Readable): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    let bound = this.#bounds.any
    try {
      // The caller is to read why it is rejected, so the connection must stay open.
      const arriving: AsyncIterable<Buffer> = payload.iterator({ destroyOnReturn: false })
      for await (const chunk of arriving) {
        chunks.push(chunk)
        size += chunk.length
        while (size > bound) bound = await this.#boundAfter(bound, chunks)
      }
    } catch (error) {
      throw error instanceof GatewayError
        ? error
        : new GatewayError('BAD_REQUEST', undefined, { cause: error })
    } finally {
      payload.resume()
    }
    return Buffer.concat(chunks, size)
  }

  async #boundAfter(bound: number, chunks: readonly Buffer[]): Promise<number> {
    const { any, session, file } = this.#bounds
    const start = Buffer.concat(chunks).subarray(0, any)
    if (bound === any) {
      await this.#rights.requireSession(start)
      return session
    }
    if (bound !== session) throw new GatewayError('BODY_TOO_LARGE', `a body may have ${file} bytes at most`)
    this.#rights.takePlace(start)
    return file
  }
}

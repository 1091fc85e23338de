/** How much a request may hold: little from anybody, a file from whoever names a session. */
import type { Readable } from 'node:stream'
import { GatewayError } from '../errors.ts'

export interface BodyBounds {
  /** Bytes from anybody. */
  readonly small: number
  /** Bytes where there is a place for a large body. */
  readonly large: number
}

export class BodyBound {
  readonly #bounds: BodyBounds
  readonly #takePlace: (() => () => void) | undefined
  #size = 0
  #leavePlace: (() => void) | undefined

  /** @param takePlace for a large body; undefined where there is to be none. Gives what gives the place back */
  constructor(bounds: BodyBounds, takePlace: (() => () => void) | undefined) {
    this.#bounds = bounds
    this.#takePlace = takePlace
  }

  /** @throws GatewayError `BODY_TOO_LARGE`; `GATEWAY_BUSY` where there is no place */
  add(bytes: number): void {
    const { small, large } = this.#bounds
    this.#size += bytes
    if (this.#size <= small) return
    if (this.#takePlace === undefined || this.#size > large) throw new GatewayError('BODY_TOO_LARGE')
    this.#leavePlace ??= this.#takePlace()
  }

  /** Bytes that may come at most. */
  get largest(): number {
    return this.#takePlace === undefined ? this.#bounds.small : this.#bounds.large
  }

  leave(): void {
    this.#leavePlace?.()
  }

  /** @throws GatewayError as {@link add} */
  async read(payload: Readable): Promise<Buffer> {
    const chunks: Buffer[] = []
    try {
      // Whoever is refused is to read why, so that the connection must live on.
      const arriving: AsyncIterable<Buffer> = payload.iterator({ destroyOnReturn: false })
      for await (const chunk of arriving) {
        this.add(chunk.length)
        chunks.push(chunk)
      }
    } catch (error) {
      // Its sender has gone.
      throw error instanceof GatewayError
        ? error
        : new GatewayError('BAD_REQUEST', undefined, { cause: error })
    } finally {
      payload.resume()
    }
    return Buffer.concat(chunks)
  }
}

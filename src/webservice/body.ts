/** How much a request may hold: little from anybody, a file from whoever names a session. */
import type { Readable } from 'node:stream'
import { GatewayError } from '../errors.ts'

export interface BodyBounds {
  /** Bytes from anybody. */
  readonly small: number
  /** Bytes where there is a place for a large body. */
  readonly large: number
}

/** Takes a slot for a large body, which the request holds until it is over. */
export type TakePlace = () => void

export class BodyBound {
  readonly #bounds: BodyBounds
  readonly #findPlace: () => TakePlace | undefined
  #size = 0
  #hasPlace = false

  /** @param findPlace undefined where there is to be none; asked only when it matters, which is seldom */
  constructor(bounds: BodyBounds, findPlace: () => TakePlace | undefined) {
    this.#bounds = bounds
    this.#findPlace = findPlace
  }

  /** @throws GatewayError `BODY_TOO_LARGE`; `GATEWAY_BUSY` where there is no place */
  add(bytes: number): void {
    const { small, large } = this.#bounds
    this.#size += bytes
    if (this.#size <= small) return
    if (this.#size > large) throw new GatewayError('BODY_TOO_LARGE')
    if (this.#hasPlace) return
    const takePlace = this.#findPlace()
    if (takePlace === undefined) throw new GatewayError('BODY_TOO_LARGE')
    takePlace()
    this.#hasPlace = true
  }

  /** Bytes that may come at most. */
  get largest(): number {
    return this.#findPlace() === undefined ? this.#bounds.small : this.#bounds.large
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

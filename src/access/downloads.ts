/**
 * Limits concurrent downloads per contact: from the request until the last byte has been read or the client has
 * disconnected.
 */
import type { Attachment } from './context.ts'
import { GatewayError } from '../model/errors.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'

/** Seconds. */
const retryAfter = 1

export class Downloads {
  readonly #limiter: ConcurrencyLimiter

  /** @param most downloads of one contact */
  constructor(most: number) {
    const detail = `${most} downloads are in progress, which is the maximum; try again when one has ended`
    this.#limiter = new ConcurrencyLimiter({
      inAll: Infinity,
      perContact: most,
      full: () => new GatewayError('RATE_LIMITED', detail, { retryAfter }),
    })
  }

  get count(): number {
    return this.#limiter.inUse
  }

  /** @throws GatewayError `RATE_LIMITED`; what `fetch` throws */
  async begin(
    contactId: string,
    fetch: () => Promise<Attachment | undefined>,
  ): Promise<Attachment | undefined> {
    const leave = this.#limiter.take(contactId)
    let file: Attachment | undefined
    try {
      file = await fetch()
    } finally {
      if (file === undefined) leave()
      else void file.content.ended.then(leave)
    }
    return file
  }
}

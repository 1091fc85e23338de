/** Downloads under way at once, by contact: from the request until the last byte has been read, or nobody reads any more. */
import type { Attachment } from './corebos/read.ts'
import { GatewayError } from './errors.ts'

/** Seconds. */
const retryAfter = 1

export class Downloads {
  readonly #most: number
  readonly #underWay = new Map<string, number>()

  /** @param most of one contact */
  constructor(most: number) {
    this.#most = most
  }

  /** @throws GatewayError `RATE_LIMITED`; what `fetch` throws */
  async begin(
    contactId: string,
    fetch: () => Promise<Attachment | undefined>,
  ): Promise<Attachment | undefined> {
    if ((this.#underWay.get(contactId) ?? 0) >= this.#most) {
      const detail = `${this.#most} downloads are under way, which is the most at once`
      throw new GatewayError('RATE_LIMITED', detail, { retryAfter })
    }
    this.#count(contactId, 1)
    let file: Attachment | undefined
    try {
      file = await fetch()
    } finally {
      if (file === undefined) this.#count(contactId, -1)
      else void file.content.ended.then(() => this.#count(contactId, -1))
    }
    return file
  }

  #count(contactId: string, change: 1 | -1): void {
    const count = (this.#underWay.get(contactId) ?? 0) + change
    if (count > 0) this.#underWay.set(contactId, count)
    else this.#underWay.delete(contactId)
  }
}

/** What was opened a moment ago, known by the sealed bytes themselves: the same bytes are not decrypted again. */
import { LRUCache } from 'lru-cache'
import type { KeyRing } from './encryption.ts'
import { unpack, type Fixed } from './packed.ts'

/** Sessions of about 1 KiB. */
const mostOpened = 2000

export class OpenedSessions {
  readonly #ring: Pick<KeyRing, 'open'>
  readonly #opened = new LRUCache<string, Fixed>({ max: mostOpened })

  constructor(ring: Pick<KeyRing, 'open'>) {
    this.#ring = ring
  }

  /**
   * @param place the name that the bytes stand under; bytes that were moved to another one are not opened
   * @returns undefined for bytes that no key of ours has sealed for this place
   */
  open(place: string, sealed: Buffer): Fixed | undefined {
    // Nonce, tag and ciphertext, so that any other bytes are other ones here too.
    const key = `${place}\n${sealed.toString('latin1')}`
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    const text = this.#ring.open(place, sealed)
    const session = text === undefined ? undefined : unpack(text)
    if (session !== undefined) this.#opened.set(key, session)
    return session
  }
}

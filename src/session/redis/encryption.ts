/** Everything that reaches Redis passes here: names through an HMAC, values through AES-256-GCM, each bound to its place. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const idLength = 6
const nonceLength = 12
const tagLength = 16

/** One key of `SESSION_KEYS`; what it is used for are keys derived from it. */
export class SealKey {
  /** Tells the key from the others of a ring, and nothing about it: 6 characters, base64url. */
  readonly id: string
  readonly #names: Buffer
  readonly #values: Buffer
  /** Signs refresh tokens. */
  readonly signing: Buffer

  /** @param secret 32 bytes */
  constructor(secret: Buffer) {
    if (secret.length !== 32) throw new RangeError('a key of SESSION_KEYS has 32 bytes')
    const derive = (purpose: string) =>
      Buffer.from(hkdfSync('sha256', secret, '', `corebos-portal-gateway ${purpose}`, 32))
    this.id = derive('id').subarray(0, 4).toString('base64url')
    this.#names = derive('names')
    this.#values = derive('values')
    this.signing = derive('refresh tokens')
  }

  /** A name that says nothing: 22 characters, or fewer. */
  name(kind: string, text: string, length = 22): string {
    return createHmac('sha256', this.#names).update(`${kind}\n${text}`).digest('base64url').slice(0, length)
  }

  /** Key id, nonce, tag, ciphertext. */
  seal(place: string, plain: string): Buffer {
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(place), nonce).setAAD(this.#bound(place))
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.from(this.id), nonce, cipher.getAuthTag(), sealed])
  }

  /** What was sealed by this key for this place; `undefined` for anything else. */
  open(place: string, sealed: Buffer): string | undefined {
    const nonce = sealed.subarray(idLength, idLength + nonceLength)
    const tag = sealed.subarray(idLength + nonceLength, idLength + nonceLength + tagLength)
    if (tag.length !== tagLength) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(place), nonce, { authTagLength: tagLength })
      .setAAD(this.#bound(place))
      .setAuthTag(tag)
    try {
      const text = decipher.update(sealed.subarray(idLength + nonceLength + tagLength))
      return Buffer.concat([text, decipher.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }

  /** A key per place: random nonces never come near the number at which they would repeat under one key. */
  #keyOf(place: string): Buffer {
    return createHmac('sha256', this.#values).update(place).digest()
  }

  #bound(place: string): Buffer {
    return Buffer.from(`${this.id}\n${place}`)
  }
}

/** `SESSION_KEYS`: the first key writes, all read. */
export class KeyRing {
  readonly first: SealKey
  readonly all: readonly SealKey[]

  /** @param secrets 32 bytes each */
  constructor(secrets: readonly Buffer[]) {
    this.all = secrets.map((secret) => new SealKey(secret))
    const [first] = this.all
    if (first === undefined) throw new RangeError('SESSION_KEYS holds no key')
    if (new Set(this.all.map(({ id }) => id)).size < this.all.length)
      throw new RangeError('SESSION_KEYS holds a key twice')
    this.first = first
  }

  byId(id: string): SealKey | undefined {
    return this.all.find((key) => key.id === id)
  }

  /** Seals for a place with the first key. */
  seal(place: string, plain: string): Buffer {
    return this.first.seal(place, plain)
  }

  /** Opens what any key of the ring sealed for this place; `undefined` for anything else. */
  open(place: string, sealed: Buffer): string | undefined {
    return this.byId(sealed.toString('latin1', 0, idLength))?.open(place, sealed)
  }
}

/**
 * The hash tag that puts names of one thing into one slot of a Redis Cluster, whichever key of the ring made them. It
 * cannot depend on a key, so it gives away one bit in eight, which is too little to identify a person.
 */
export function slotTag(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 2)
}

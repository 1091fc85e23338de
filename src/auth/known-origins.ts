/**
 * Origins from which contacts have logged in before: tokens that their devices keep, and addresses that the gateway
 * remembers.
 */
import type { SharedState } from '../session/contract.ts'
import type { KeyRing } from '../session/redis/encryption.ts'

/** The lifetime of a device token and of a remembered address since the last log-in. Milliseconds. */
export const originLife = 180 * 86_400_000

/** Its failures together may be `share` times those of one network. */
export interface WiderNetwork {
  readonly name: string
  readonly share: number
}

/** The origin of a log-in. */
export interface Origin {
  /** The client's network: an IPv4 address, or the /64 of an IPv6 address. */
  readonly network: string
  /** The networks of IPv6 that hold it, the narrowest first. */
  readonly wider: readonly WiderNetwork[]
  /** The device token that the client sends. */
  readonly deviceToken: string | undefined
}

/** A contact that has logged in from this origin under this name. */
export type Known =
  | { readonly kind: 'device'; readonly contactId: string; readonly device: string }
  | { readonly kind: 'network'; readonly contactId: string }

export interface KnownOriginsOptions {
  readonly state: Pick<SharedState, 'get' | 'put'>
  readonly ring: KeyRing
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Text that is never given twice. */
  readonly nonce: () => string
}

const binding = 'device mark'

interface Mark {
  readonly contactId: string
  readonly device: string
  readonly since: number
}

/**
 * A device token is encrypted, so that a client can neither read nor make one, and names the log-in name, the contact
 * and the device. It opens no session: it reserves a few attempts for its device that strangers cannot use up.
 */
export class KnownOrigins {
  readonly #options: KnownOriginsOptions

  constructor(options: KnownOriginsOptions) {
    this.#options = options
  }

  /** @param account the log-in name and the kind of person, in one spelling */
  async recognize(
    account: string,
    { network, deviceToken }: Omit<Origin, 'wider'>,
  ): Promise<Known | undefined> {
    const mark = this.#read(account, deviceToken)
    if (mark !== undefined && (await this.#isGood(mark))) {
      const { contactId, device } = mark
      return { kind: 'device', contactId, device }
    }
    const seen = readSeen(await this.#options.state.get(networkKey(account, network)))
    if (seen === undefined || !(await this.#isGood(seen))) return undefined
    return { kind: 'network', contactId: seen.contactId }
  }

  /** Remembers the origin of a log-in. @returns the token for its device */
  async remember(
    account: string,
    contactId: string,
    { network, deviceToken }: Omit<Origin, 'wider'>,
  ): Promise<string> {
    const { state, now, ring, nonce } = this.#options
    // Later than a revocation in the same millisecond, or by a clock that is ahead.
    const since = Math.max(now(), (await this.#revokedAt(contactId)) + 1)
    const before = this.#read(account, deviceToken)
    const device = before?.contactId === contactId ? before.device : nonce()
    await state.put(networkKey(account, network), `${since} ${contactId}`, originLife)
    return ring.seal(binding, JSON.stringify([account, contactId, device, since])).toString('base64url')
  }

  /** Invalidates every device token and every remembered address of a contact. */
  async revoke(contactId: string): Promise<void> {
    const { state, now } = this.#options
    await state.put(revocationKey(contactId), String(now()), originLife)
  }

  async #revokedAt(contactId: string): Promise<number> {
    return Number((await this.#options.state.get(revocationKey(contactId))) ?? -Infinity)
  }

  async #isGood({ contactId, since }: Omit<Mark, 'device'>): Promise<boolean> {
    return since + originLife > this.#options.now() && since > (await this.#revokedAt(contactId))
  }

  #read(account: string, token: string | undefined): Mark | undefined {
    const text =
      token === undefined ? undefined : this.#options.ring.open(binding, Buffer.from(token, 'base64url'))
    const parts: unknown = text === undefined ? undefined : JSON.parse(text)
    if (!Array.isArray(parts)) return undefined
    const values: readonly unknown[] = parts
    const [name, contactId, device, since] = values
    if (name !== account) return undefined
    if (typeof contactId !== 'string' || typeof device !== 'string' || typeof since !== 'number')
      return undefined
    return { contactId, device, since }
  }
}

function readSeen(text: string | undefined): Omit<Mark, 'device'> | undefined {
  const [since, contactId] = text?.split(' ') ?? []
  return contactId === undefined ? undefined : { contactId, since: Number(since) }
}

function networkKey(account: string, network: string): string {
  return `known-network:${network}:${account}`
}

function revocationKey(contactId: string): string {
  return `origins-revoked:${contactId}`
}

/**
 * `sessionName` of `/webservice.php`: the session of the gateway and its contact, signed, and not valid in coreBOS. Its
 * content needs no look-up, so a request costs one step of the store, as in the REST API.
 */
import type { SessionClaim } from '../session/claim.ts'
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { PortalSession } from '../session/contract.ts'

const shape = /^([\w-]{1,100})\.(\d{1,10}x\d{1,20})\.([\w-]{22})$/

export class SessionNames {
  readonly #keys: readonly Buffer[]

  /** @param secrets the first signs, all are accepted */
  constructor(secrets: readonly [Buffer, ...Buffer[]]) {
    this.#keys = secrets.map((secret) =>
      Buffer.from(hkdfSync('sha256', secret, '', 'corebos-portal-gateway session names', 32)),
    )
  }

  /** The name of a session. Its id is not a secret, the name is. */
  name({ id, contact }: Pick<PortalSession, 'id' | 'contact'>): string {
    const [key] = this.#keys
    if (key === undefined) throw new Error('there is no key to sign with')
    return `${id}.${contact.id}.${sign(key, id, contact.id)}`
  }

  /**
   * The claim of a name that the gateway signed, whether or not the session has ended; undefined for any other text.
   */
  read(name: string): SessionClaim | undefined {
    const [, sessionId, contactId, mac] = shape.exec(name) ?? []
    if (sessionId === undefined || contactId === undefined || mac === undefined) return undefined
    const given = Buffer.from(mac)
    const signed = this.#keys.some((key) =>
      timingSafeEqual(given, Buffer.from(sign(key, sessionId, contactId))),
    )
    return signed ? { sessionId, contactId } : undefined
  }
}

/** 132 bits in base64url. */
function sign(key: Buffer, sessionId: string, contactId: string): string {
  return createHmac('sha256', key).update(`${sessionId}\n${contactId}`).digest('base64url').slice(0, 22)
}

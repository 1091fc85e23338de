/** `sessionName` of this door: text that leads to a session of the gateway and is worth nothing at coreBOS. */
import { randomInt } from 'node:crypto'
import type { Rate } from '../environment.ts'
import { GatewayError } from '../errors.ts'
import type { PortalSession, SessionStore, SharedState } from '../session/contract.ts'

/** The letters of PHP's own session ids, and as many of them. */
const letters = '0123456789abcdefghijklmnopqrstuv'
const length = 26
const shape = new RegExp(`^[${letters}]{${length}}$`)

export interface SessionNamesOptions {
  readonly store: Pick<SharedState, 'put' | 'get'> & Pick<SessionStore, 'read'>
  /** The longest that a session lives; milliseconds. */
  readonly life: number
  /** How often a contact may ask, counted together with its requests at the other doors (`RATE_LIMIT_CONTACT`). */
  readonly rate: Rate
}

export interface Found {
  readonly session: PortalSession
  readonly stamp: string
}

export class SessionNames {
  readonly #options: SessionNamesOptions

  constructor(options: SessionNamesOptions) {
    this.#options = options
  }

  /** A new name for a session. The session's own id is no secret, the name is. */
  async name({ id, contact }: PortalSession): Promise<string> {
    const name = Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
    await this.#options.store.put(keyOf(name), `${id} ${contact.id}`, this.#options.life)
    return name
  }

  /**
   * @returns undefined where the name leads to no running session
   * @throws GatewayError `RATE_LIMITED`
   */
  async find(name: string): Promise<Found | undefined> {
    const { store, rate } = this.#options
    const known = shape.test(name) ? await store.get(keyOf(name)) : undefined
    if (known === undefined) return undefined
    const [id = '', contactId = ''] = known.split(' ')
    const take = { key: `contact:${contactId}`, max: rate.max, window: rate.seconds * 1000 }
    const { session, stamp, takes } = await store.read(id, [take])
    const exceeded = takes.find(({ allowed }) => !allowed)
    if (exceeded !== undefined) {
      throw new GatewayError('RATE_LIMITED', undefined, { retryAfter: exceeded.resetIn / 1000 })
    }
    return session?.contact.id === contactId ? { session, stamp } : undefined
  }
}

function keyOf(name: string): string {
  return `webservice-session:${name}`
}

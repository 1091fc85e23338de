/** Sessions of coreBOS by name. Two requests of one contact share its session, and its calls go one after the other. */
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../model/errors.ts'
import { send, type Caller } from './caller.ts'
import type { Outcome } from './envelope.ts'
import { asGateway, bounded } from './request-calls.ts'
import type { Call, SessionQueue, Transport } from './transport.ts'

/** Longer than coreBOS itself keeps any session. Milliseconds. */
const longestLife = 25 * 3600 * 1000
const mostRemembered = 100_000

/** What coreBOS answers to a session that it does not know (any more). */
const unknownSession = new Set(['AUTHENTICATION_REQUIRED', 'INVALID_SESSIONID'])

export class Sessions {
  readonly #transport: Transport
  /** Remembered, because a request that still holds the name must not take up what a time-out has left behind. */
  readonly #ended: LRUCache<string, true>

  constructor(transport: Transport, now: () => number) {
    this.#transport = transport
    this.#ended = new LRUCache({
      // Instead of `max`, for which the memory of all entries is taken at the start.
      maxSize: mostRemembered,
      sizeCalculation: () => 1,
      ttl: longestLife,
      ttlResolution: 0,
      perf: { now },
    })
  }

  /** Any number of handles may stand for one session: what they share is kept under its name. */
  resume(name: string): CorebosSession {
    return new CorebosSession(name, this.#transport, this.#ended)
  }
}

/** A session of a contact or a CRM user. Its calls throw `SESSION_ENDED` once it is over, here or in coreBOS. */
export class CorebosSession implements Caller {
  readonly name: string
  readonly #transport: Transport
  readonly #ended: LRUCache<string, true>
  readonly #sessionQueue: SessionQueue

  constructor(name: string, transport: Transport, ended: LRUCache<string, true>) {
    this.name = name
    this.#transport = transport
    this.#ended = ended
    this.#sessionQueue = {
      name,
      requireOpen: () => {
        if (this.ended) throw new GatewayError('SESSION_ENDED')
      },
      // The call may be under way for hours yet, and the next one would be under way beside it.
      lost: () => {
        ended.set(name, true)
        transport.cleanUp(name)
      },
    }
  }

  get ended(): boolean {
    return this.#ended.has(this.name)
  }

  async [send]({ params, ...named }: Call, signal?: AbortSignal): Promise<Outcome> {
    this.#sessionQueue.requireOpen()
    const call = { ...named, params: { ...params, sessionName: this.name } }
    const outcome = await bounded(
      (end) => this.#transport.call(call, { sessionQueue: this.#sessionQueue, signal: end }),
      signal,
    )
    if (outcome.kind !== 'rejection' || !unknownSession.has(outcome.code)) return outcome
    this.#ended.set(this.name, true)
    throw new GatewayError('SESSION_ENDED')
  }

  /** Logs out, after the call under way. It is over here at once, even where coreBOS fails; this never throws. */
  async end(): Promise<void> {
    if (this.ended) return
    this.#ended.set(this.name, true)
    const sessionQueue = { name: this.name, requireOpen: () => undefined, lost: () => undefined }
    const logout = { operation: 'logout', params: { sessionName: this.name } }
    // A session that stays open in coreBOS is of use to no one: it is ended also when the client has gone.
    await asGateway(() => this.#transport.call(logout, { sessionQueue })).catch(() => undefined)
  }
}

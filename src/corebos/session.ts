/** Sessions of coreBOS by name. Requests of one contact share its session, and its calls run one after the other. */
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../model/errors.ts'
import { send, type Caller } from './caller.ts'
import type { Outcome } from './envelope.ts'
import { asGateway, bounded } from './request-calls.ts'
import type { Call, SessionQueue, Transport } from './transport.ts'

/** Longer than coreBOS keeps any session. Milliseconds. */
const longestLife = 25 * 3600 * 1000
const mostRemembered = 100_000

/** coreBOS's errors for a session that does not exist, or no longer. */
const unknownSession = new Set(['AUTHENTICATION_REQUIRED', 'INVALID_SESSIONID'])

export class Sessions {
  readonly #transport: Transport
  /**
   * Ended sessions are remembered, because a request that still holds the name must not use a session that a time-out
   * left behind.
   */
  readonly #ended: LRUCache<string, true>

  constructor(transport: Transport, now: () => number) {
    this.#transport = transport
    this.#ended = new LRUCache({
      // Instead of `max`, which allocates the memory of all entries at the start.
      maxSize: mostRemembered,
      sizeCalculation: () => 1,
      ttl: longestLife,
      ttlResolution: 0,
      perf: { now },
    })
  }

  /** Several handles may exist for one session: their shared state is kept under its name. */
  resume(name: string): CorebosSession {
    return new CorebosSession(name, this.#transport, this.#ended)
  }
}

/** A session of a contact or a CRM user. Its calls throw `SESSION_ENDED` once it has ended, here or in coreBOS. */
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
      // The call may still run for hours, and the next one would run beside it.
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

  /** Logs out, after the running call. The session ends here at once, even if coreBOS fails; never throws. */
  async end(): Promise<void> {
    if (this.ended) return
    this.#ended.set(this.name, true)
    const sessionQueue = { name: this.name, requireOpen: () => undefined, lost: () => undefined }
    const logout = { operation: 'logout', params: { sessionName: this.name } }
    // A session left open in coreBOS serves no purpose: it is ended even if the client has disconnected.
    await asGateway(() => this.#transport.call(logout, { sessionQueue })).catch(() => undefined)
  }
}

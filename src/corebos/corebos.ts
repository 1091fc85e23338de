/**
 * The client of coreBOS as a whole: its callers and its caches. Operations are in `read`, `describe`, `login` and
 * `trusted`.
 */
import { outcomeOf, send, type Caller } from './caller.ts'
import { Dictionary } from './dictionary.ts'
import { corebosDangers } from './dangers.ts'
import { Metadata } from './metadata.ts'
import { asGateway, bounded } from './request-calls.ts'
import type { CacheUse } from './shared-cache.ts'
import { ServiceUser, type ServiceUserOptions } from './service-user.ts'
import { Sessions, type CorebosSession } from './session.ts'
import { Transport, type TransportOptions } from './transport.ts'

export interface CorebosOptions extends TransportOptions {
  readonly serviceUser: ServiceUserOptions | undefined
  /** The lifetime of descriptions of modules. Milliseconds. */
  readonly metadataTtlMs: number
  /** Receives each request for them. */
  readonly observeMetadata?: (how: CacheUse) => void
  readonly now: () => number
}

/** The time limit for logging out the gateway's own sessions at shutdown. Milliseconds. */
const longestGoodbye = 1000

export class Corebos {
  /** Calls without a session: those before a log-in. */
  readonly outside: Caller
  readonly sessions: Sessions
  readonly service: ServiceUser | undefined
  readonly metadata: Metadata
  readonly dictionary: Dictionary
  readonly #transport: Transport

  constructor(options: CorebosOptions) {
    const transport = new Transport(options)
    this.#transport = transport
    this.outside = {
      [send]: (call, own) => bounded((signal) => transport.call(call, { signal }), own),
    }
    this.sessions = new Sessions(transport, options.now)
    this.service =
      options.serviceUser && new ServiceUser(options.serviceUser, transport, this.outside, this.sessions)
    this.metadata = new Metadata({
      ttlMs: options.metadataTtlMs,
      now: options.now,
      observe: options.observeMetadata,
    })
    this.dictionary = new Dictionary({ ttlMs: options.metadataTtlMs, now: options.now })
  }

  /** What is in use at this moment, by kind. */
  readonly inUse = {
    calls_running: () => this.#transport.inUse.calls_running,
    calls_waiting: () => this.#transport.inUse.calls_waiting,
    spool_files: () => this.#transport.inUse.spool_files,
    service_sessions: () => this.service?.busy ?? 0,
    descriptions: () => this.metadata.reading,
  }

  /** The session that a contact's log-in has opened, on this instance or another. */
  session(name: string): CorebosSession {
    return this.sessions.resume(name)
  }

  /** Dangerous rights in coreBOS, one line each. @throws GatewayError the error of coreBOS */
  async dangers(): Promise<string[]> {
    return this.service === undefined ? [] : corebosDangers(this.service)
  }

  /** Whether calls are stopped because coreBOS does not answer. */
  get isCircuitOpen(): boolean {
    return this.#transport.isCircuitOpen
  }

  /**
   * Resolves if coreBOS answers; an answer about an unknown session counts.
   *
   * @throws GatewayError the error of coreBOS
   */
  async ping(): Promise<void> {
    await asGateway(() => outcomeOf(this.outside, { operation: 'listtypes' }))
  }

  /** Logs out the service user; sessions of contacts continue, and end with the contacts' own. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longestGoodbye)
    })
    await Promise.race([this.service?.close(), enough])
    clearTimeout(timer)
    await this.#transport.close()
  }
}

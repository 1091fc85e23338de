/** coreBOS, as the rest of the gateway holds it: who can ask, and what is remembered of it. The questions are in `read`, `describe`, `login` and `trusted`. */
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
  /** How long descriptions of modules are remembered. Milliseconds. */
  readonly metadataTtlMs: number
  /** Told of each request for them. */
  readonly observeMetadata?: (how: CacheUse) => void
  readonly now: () => number
}

/** How long a gateway that shuts down waits for its own sessions to be logged out. Milliseconds. */
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

  /** Rights in coreBOS that are dangerous, one line each. @throws GatewayError how coreBOS failed */
  async dangers(): Promise<string[]> {
    return this.service === undefined ? [] : corebosDangers(this.service)
  }

  /** Whether calls are stopped, since coreBOS does not answer. */
  get isCircuitOpen(): boolean {
    return this.#transport.isCircuitOpen
  }

  /** Whether coreBOS answers; that it knows no session is an answer. @throws GatewayError how it fails */
  async ping(): Promise<void> {
    await asGateway(() => outcomeOf(this.outside, { operation: 'listtypes' }))
  }

  /** Logs out the service user; sessions of contacts live on, they end with the contacts' own. */
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

/** The service user: a few sessions of one CRM user, opened on demand, each for one call at a time. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import { send, type Caller } from './caller.ts'
import type { Outcome } from './envelope.ts'
import { requestChallenge } from './challenge.ts'
import { login, type UserLogin } from './login.ts'
import { asGateway, bounded } from './request-calls.ts'
import type { Semaphore } from './semaphore.ts'
import type { Sessions } from './session.ts'
import type { Call, Transport } from './transport.ts'

export interface ServiceUserOptions {
  readonly name: string
  readonly accessKey: string
  /** The most open sessions. */
  readonly sessions: number
}

export class ServiceUser implements Caller {
  readonly name: string
  readonly #transport: Transport
  readonly #slots: Semaphore
  readonly #open: () => Promise<UserLogin>
  readonly #sessions: SessionSlot[] = []
  /** The session that was used last is used first, so that as few as possible are opened. */
  readonly #free: SessionSlot[] = []
  #userId: string | undefined

  constructor(options: ServiceUserOptions, transport: Transport, outside: Caller, sessions: Sessions) {
    this.name = options.name
    this.#transport = transport
    this.#slots = transport.semaphore(options.sessions)
    this.#open = async () => {
      const login = await asGateway(() => logIn(options, outside, sessions))
      this.#userId = login.userId
      return login
    }
  }

  /** Sessions that are running a call. */
  get busy(): number {
    return this.#slots.held
  }

  /** Webservice id of the CRM user. */
  async userId(): Promise<string> {
    return this.#userId ?? bounded((end) => this.#inPlace(async (slot) => (await slot.opened()).userId, end))
  }

  /**
   * Resolves if coreBOS accepts the service user.
   *
   * @throws GatewayError the rejection of the log-in, or the error of coreBOS
   */
  async check(): Promise<void> {
    if (this.#sessions.some((slot) => slot.isOpen)) return
    await bounded((end) => this.#inPlace((slot) => slot.opened(), end))
  }

  /**
   * If coreBOS has ended the session, it says so without executing the call, which is then sent once more in a new
   * session.
   */
  async [send](call: Call, signal?: AbortSignal): Promise<Outcome> {
    return bounded((end) => this.#inPlace((slot) => slot.run(call, end), end), signal)
  }

  /** Logs out all sessions; never throws. */
  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((slot) => slot.close()))
  }

  /** Waiting calls get sessions round robin by contact. */
  async #inPlace<T>(use: (slot: SessionSlot) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.#transport.acquire(this.#slots, undefined, signal)
    const slot = this.#free.pop() ?? this.#newSlot()
    try {
      return await use(slot)
    } finally {
      this.#free.push(slot)
      leave()
    }
  }

  #newSlot(): SessionSlot {
    const slot = new SessionSlot(this.#open)
    this.#sessions.push(slot)
    return slot
  }
}

/** One session, replaced by a new one when it has ended; for one call at a time. */
class SessionSlot {
  readonly #open: () => Promise<UserLogin>
  #login: Promise<UserLogin> | undefined
  #current: UserLogin | undefined

  constructor(open: () => Promise<UserLogin>) {
    this.#open = open
  }

  get isOpen(): boolean {
    return this.#current?.session.ended === false
  }

  async run(call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    try {
      try {
        return await this.#once(call, signal)
      } catch (error) {
        if (!isEnded(error)) throw error
      }
      return await this.#once(call, signal)
    } catch (error) {
      // The requesting contact has a session of its own, which has not ended.
      throw isEnded(error) ? new GatewayError('COREBOS_FAILED', undefined, { cause: error }) : error
    }
  }

  async opened(): Promise<UserLogin> {
    const login = await this.#login?.catch(() => undefined)
    if (login !== undefined && !login.session.ended) return login
    this.#login = this.#open()
    this.#current = await this.#login
    return this.#current
  }

  async close(): Promise<void> {
    const login = await this.#login?.catch(() => undefined)
    await login?.session.end()
  }

  async #once(call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    const { session } = await this.opened()
    signal?.throwIfAborted()
    return session[send](call, signal)
  }
}

async function logIn(
  { name, accessKey }: ServiceUserOptions,
  outside: Caller,
  sessions: Sessions,
): Promise<UserLogin> {
  const token = (await requestChallenge(outside, name))?.token
  const opened =
    token === undefined
      ? 'unknown'
      : await login(outside, sessions, name, { token, password: accessKey, form: 'key' })
  if (typeof opened === 'string')
    throw new CorebosRejection(
      'login',
      opened,
      'The service user was rejected: check COREBOS_USER and COREBOS_ACCESS_KEY',
    )
  return opened
}

function isEnded(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'SESSION_ENDED'
}

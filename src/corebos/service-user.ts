/** The service user: a few sessions of one CRM user, opened when needed, each for one call at a time. */
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
  /** Sessions kept open. */
  readonly sessions: number
}

export class ServiceUser implements Caller {
  readonly name: string
  readonly #transport: Transport
  readonly #slots: Semaphore
  readonly #open: () => Promise<UserLogin>
  readonly #places: Place[] = []
  /** The last one used is used first, so that no more are opened than are needed. */
  readonly #free: Place[] = []
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

  /** Sessions that carry out a call. */
  get busy(): number {
    return this.#slots.held
  }

  /** Webservice id of the CRM user. */
  async userId(): Promise<string> {
    return (
      this.#userId ?? bounded((end) => this.#inPlace(async (place) => (await place.opened()).userId, end))
    )
  }

  /** Whether coreBOS lets the service user in. @throws GatewayError how it rejects the log-in, or fails */
  async check(): Promise<void> {
    if (this.#places.some((place) => place.isOpen)) return
    await bounded((end) => this.#inPlace((place) => place.opened(), end))
  }

  /** Where coreBOS has ended the session, which it says instead of doing anything, the call is put once more in a new one. */
  async [send](call: Call, signal?: AbortSignal): Promise<Outcome> {
    return bounded((end) => this.#inPlace((place) => place.run(call, end), end), signal)
  }

  /** Logs out wherever it is logged in; this never throws. */
  async close(): Promise<void> {
    await Promise.all(this.#places.map((place) => place.close()))
  }

  /** Waiting calls get the places round robin by contact. */
  async #inPlace<T>(use: (place: Place) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.#transport.acquire(this.#slots, undefined, signal)
    const place = this.#free.pop() ?? this.#newPlace()
    try {
      return await use(place)
    } finally {
      this.#free.push(place)
      leave()
    }
  }

  #newPlace(): Place {
    const place = new Place(this.#open)
    this.#places.push(place)
    return place
  }
}

/** One session, and the next one in its place when it is over; for one call at a time. */
class Place {
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
      // The requesting contact has a session of its own, and that has not ended.
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

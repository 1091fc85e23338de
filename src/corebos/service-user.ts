/** The service user: a few sessions of one CRM user, opened when needed, each for one call at a time. */
import { GatewayError } from '../errors.ts'
import { CorebosRefusal, send, type Caller } from './caller.ts'
import type { Outcome } from './envelope.ts'
import { getChallenge, login, type UserLogin } from './login.ts'
import type { Sessions } from './session.ts'
import type { Call } from './transport.ts'

export interface ServiceUserOptions {
  readonly name: string
  readonly accessKey: string
  /** Sessions kept open. */
  readonly sessions: number
}

export class ServiceUser implements Caller {
  readonly name: string
  readonly #slots: readonly Slot[]

  constructor(options: ServiceUserOptions, outside: Caller, sessions: Sessions) {
    this.name = options.name
    const open = () => logIn(options, outside, sessions)
    this.#slots = Array.from({ length: options.sessions }, () => new Slot(open))
  }

  /** Webservice id of the CRM user. */
  async userId(): Promise<string> {
    const { userId } = await this.#leastBusy().opened()
    return userId
  }

  /** Where coreBOS has ended the session, which it says instead of doing anything, the call is put once more in a new one. */
  async [send](call: Call, signal?: AbortSignal): Promise<Outcome> {
    return this.#leastBusy().run(call, signal)
  }

  /** Logs out wherever it is logged in; this never throws. */
  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()))
  }

  /** Among slots that are alike, one that is open. */
  #leastBusy(): Slot {
    const [first, ...others] = this.#slots
    if (first === undefined) throw new Error('the service user needs at least one session')
    return others.reduce((best, slot) => {
      if (slot.calls !== best.calls) return slot.calls < best.calls ? slot : best
      return slot.isOpen && !best.isOpen ? slot : best
    }, first)
  }
}

/** The place of one session. */
class Slot {
  calls = 0
  readonly #open: () => Promise<UserLogin>
  #opening: Promise<UserLogin> | undefined
  #current: UserLogin | undefined

  constructor(open: () => Promise<UserLogin>) {
    this.#open = open
  }

  get isOpen(): boolean {
    return this.#current !== undefined && !this.#current.session.ended
  }

  async run(call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    this.calls += 1
    try {
      try {
        return await this.#once(call, signal)
      } catch (error) {
        if (!isEnded(error)) throw error
      }
      return await this.#once(call, signal)
    } catch (error) {
      // Whoever asked has a session of their own, and that has not ended.
      throw isEnded(error) ? new GatewayError('COREBOS_FAILED', undefined, { cause: error }) : error
    } finally {
      this.calls -= 1
    }
  }

  async #once(call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
    const { session } = await this.opened()
    return session[send](call, signal)
  }

  /** Several calls that find the place empty wait for one log-in. */
  async opened(): Promise<UserLogin> {
    if (this.#current !== undefined && !this.#current.session.ended) return this.#current
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    const opened = await this.#opening
    this.#current = opened
    return opened
  }

  async close(): Promise<void> {
    const login = this.#opening === undefined ? this.#current : await this.#opening.catch(() => undefined)
    await login?.session.end()
  }
}

async function logIn(
  { name, accessKey }: ServiceUserOptions,
  outside: Caller,
  sessions: Sessions,
): Promise<UserLogin> {
  const token = await getChallenge(outside, name)
  const opened =
    token === undefined
      ? 'unknown'
      : await login(outside, sessions, name, { token, password: accessKey, form: 'key' })
  if (typeof opened === 'string') throw new CorebosRefusal('login', opened, 'the service user was refused')
  return opened
}

function isEnded(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'SESSION_ENDED'
}

/** Sessions of the web service. Times in milliseconds. */
import { randomBytes } from 'node:crypto'

export interface Session {
  readonly name: string
  /** The number of the CRM user that the session works as. */
  readonly user: number
  readonly contact?: { readonly entity: 'Contacts' | 'Employee'; readonly number: number }
  readonly userAgent: string
  readonly startedAt: number
  usedAt: number
}

const IDLE_MS = 1800_000
const LIFE_MS = 86_400_000
const ALPHABET = '0123456789abcdefghijklmnopqrstuv'

const newName = (): string => [...randomBytes(26)].map((byte) => ALPHABET[byte % 32] ?? '0').join('')

export class Sessions {
  readonly #held = new Map<string, Session>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  start(user: number, userAgent: string, contact?: Session['contact']): Session {
    const now = this.#now()
    const session: Session = {
      name: newName(),
      user,
      userAgent,
      startedAt: now,
      usedAt: now,
      ...(contact === undefined ? {} : { contact }),
    }
    this.#held.set(session.name, session)
    return session
  }

  /** The session, used now; one that is over or comes with another User-Agent is gone for good. */
  use(name: string, userAgent: string): Session | undefined {
    const session = this.#held.get(name)
    if (session === undefined) return undefined
    const now = this.#now()
    const over = now - session.usedAt > IDLE_MS || now - session.startedAt > LIFE_MS
    if (over || session.userAgent !== userAgent) {
      this.#held.delete(name)
      return undefined
    }
    session.usedAt = now
    return session
  }

  end(name: string): void {
    this.#held.delete(name)
  }
}

/** Ends coreBOS sessions that are no longer needed. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Corebos } from '../corebos/corebos.ts'

/** The time limit for a log-out in coreBOS, in milliseconds. */
const longestWait = 2000

export class SessionCleanUp {
  readonly #corebos: Pick<Corebos, 'session'>
  readonly #ending = new Set<Promise<void>>()

  constructor(corebos: Pick<Corebos, 'session'>) {
    this.#corebos = corebos
  }

  /** Never throws. Resolves when the session has ended, or at the time limit. */
  async end(session: string | undefined): Promise<void> {
    if (session === undefined) return
    const end = this.#corebos
      .session(session)
      .end()
      .finally(() => this.#ending.delete(end))
    this.#ending.add(end)
    const timer = new AbortController()
    await Promise.race([end, wait(longestWait, undefined, { signal: timer.signal })]).finally(() =>
      timer.abort(),
    )
  }

  /** Resolves when all these sessions have ended. */
  async done(): Promise<void> {
    await Promise.all(this.#ending)
  }
}

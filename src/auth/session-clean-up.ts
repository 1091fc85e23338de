/** Ends coreBOS sessions that are of no more use. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Corebos } from '../corebos/corebos.ts'

/** How long a log-out waits for coreBOS, in milliseconds. */
const longestWait = 2000

export class SessionCleanUp {
  readonly #corebos: Pick<Corebos, 'session'>
  readonly #ending = new Set<Promise<void>>()

  constructor(corebos: Pick<Corebos, 'session'>) {
    this.#corebos = corebos
  }

  /** Never throws. Resolves when the session has ended, or when coreBOS has taken too long to wait for it. */
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

  /** Resolves when every session that was to be ended has ended. */
  async done(): Promise<void> {
    await Promise.all(this.#ending)
  }
}

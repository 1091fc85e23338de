/** Ends the coreBOS sessions of expired portal sessions. */
import { reasonOf } from '../model/log-reason.ts'
import type { PortalSession, Store } from './contract.ts'

export interface ReaperOptions {
  readonly store: Pick<Store, 'reap'>
  readonly endUpstream: (session: PortalSession) => Promise<void>
  /** Milliseconds between two looks. */
  readonly every: number
  readonly log: { warn(details: object, message: string): void }
}

export class Reaper {
  readonly #options: ReaperOptions
  readonly #timer: NodeJS.Timeout
  #reaping = Promise.resolve()

  constructor(options: ReaperOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      this.#reaping = this.#reaping.then(async () => this.#reap())
    }, options.every).unref()
  }

  /** Resolves when the look under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reaping
  }

  async #reap(): Promise<void> {
    const { store, endUpstream, log } = this.#options
    try {
      const results = await Promise.allSettled((await store.reap()).map(endUpstream))
      const failed = results.filter(({ status }) => status === 'rejected').length
      if (failed > 0) log.warn({ failed }, 'coreBOS sessions of ended portal sessions could not be ended')
    } catch (error) {
      log.warn(reasonOf(error), 'Expired sessions could not be read')
    }
  }
}

/** Sessions and the state that instances share: chooses the store, and closes it. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { PortalSession, SessionLife, Store } from '../src/session/contract.ts'
import { EmbeddedStore } from '../src/session/embedded.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sessions, counters, one-time values and stamps: what all instances must agree on. */
    readonly sessions: Store
  }
}

export interface SessionsOptions {
  readonly life: SessionLife
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Ends the coreBOS sessions behind sessions that ran out; without it they are left to coreBOS. */
  readonly endUpstream?: (session: PortalSession) => Promise<void>
  /** How often to look for them, in milliseconds (default 30,000). */
  readonly reapEvery?: number
}

async function sessions(app: FastifyInstance, options: SessionsOptions): Promise<void> {
  const store: Store = new EmbeddedStore(options)
  app.decorate('sessions', store)

  const { endUpstream, reapEvery = 30_000 } = options
  let reaping = Promise.resolve()
  async function reap(end: (session: PortalSession) => Promise<void>): Promise<void> {
    try {
      const results = await Promise.allSettled((await store.reap()).map(end))
      const failed = results.filter(({ status }) => status === 'rejected').length
      if (failed > 0) app.log.warn({ failed }, 'coreBOS sessions of ended sessions could not be ended')
    } catch (error) {
      app.log.warn({ err: error }, 'sessions that ran out could not be read')
    }
  }
  const timer =
    endUpstream &&
    setInterval(() => void (reaping = reaping.then(() => reap(endUpstream))), reapEvery).unref()

  app.addHook('onClose', async () => {
    clearInterval(timer)
    await reaping
    await store.close()
  })
}

export default fp(sessions, { name: 'sessions', fastify: '5.x' })

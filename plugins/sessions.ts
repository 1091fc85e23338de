/** Sessions and the state that instances share: chooses the store, and closes it. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { watchSessions } from '../src/http/metrics.ts'
import type { PortalSession, SessionLife, Store } from '../src/session/contract.ts'
import { Reaper } from '../src/session/reaper.ts'
import { reported } from '../src/session/redis/reported.ts'
import { EmbeddedStore } from '../src/session/memory/store.ts'
import { RedisStore } from '../src/session/redis/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sessions, counters, one-time values and cache generations: the state that all instances share. */
    readonly sessions: Store
  }
}

export interface SessionsOptions {
  readonly life: SessionLife
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** `REDIS_URL` and `SESSION_KEYS` (32 bytes each); absent: the embedded store, for one process alone. */
  readonly redis?: { readonly url: string; readonly keys: readonly Buffer[] } | undefined
  /** Ends the coreBOS sessions of expired sessions; without it they are left to coreBOS. */
  readonly endUpstream?: ((session: PortalSession) => Promise<void>) | undefined
  /** How often to look for them, in milliseconds (default 30,000). */
  readonly reapEvery?: number
}

async function sessions(app: FastifyInstance, options: SessionsOptions): Promise<void> {
  const store: Store =
    options.redis === undefined
      ? new EmbeddedStore(options)
      : await RedisStore.open({
          ...options,
          ...options.redis,
          onState: reported(app.log),
          onCommand: (command, outcome, seconds) =>
            app.metrics.redisCommands.observe({ command, outcome }, seconds),
        })
  app.decorate('sessions', store)
  watchSessions(app.metrics.registry, async () => store.count().catch(() => undefined))

  const { endUpstream, reapEvery: every = 30_000 } = options
  const reaper = endUpstream && new Reaper({ store, endUpstream, every, log: app.log })
  app.addHook('onClose', async () => {
    await reaper?.stop()
    await store.close()
  })
}

export default fp(sessions, { name: 'sessions', dependencies: ['metrics'], fastify: '5.x' })

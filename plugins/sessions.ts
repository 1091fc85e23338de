/** Sessions and the state that instances share: chooses the store, and closes it. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { PortalSession, SessionLife, Store } from '../src/session/contract.ts'
import { Reaper } from '../src/session/reaper.ts'
import type { OnState } from '../src/session/redis/connection.ts'
import { EmbeddedStore } from '../src/session/memory/store.ts'
import { RedisStore } from '../src/session/redis/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sessions, counters, one-time values and cache generations: what all instances must agree on. */
    readonly sessions: Store
  }
}

export interface SessionsOptions {
  readonly life: SessionLife
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** `REDIS_URL` and `SESSION_KEYS` (32 bytes each); absent: the embedded store, for one process alone. */
  readonly redis?: { readonly url: string; readonly keys: readonly Buffer[] } | undefined
  /** Ends the coreBOS sessions behind sessions that ran out; without it they are left to coreBOS. */
  readonly endUpstream?: ((session: PortalSession) => Promise<void>) | undefined
  /** How often to look for them, in milliseconds (default 30,000). */
  readonly reapEvery?: number
}

async function sessions(app: FastifyInstance, options: SessionsOptions): Promise<void> {
  const store: Store =
    options.redis === undefined
      ? new EmbeddedStore(options)
      : await RedisStore.open({ ...options, ...options.redis, onState: reported(app) })
  app.decorate('sessions', store)

  const { endUpstream, reapEvery: every = 30_000 } = options
  const reaper = endUpstream && new Reaper({ store, endUpstream, every, log: app.log })
  app.addHook('onClose', async () => {
    await reaper?.stop()
    await store.close()
  })
}

/** One line in the log when Redis is lost and one when it is back, however often it is tried in between. */
function reported(app: FastifyInstance): OnState {
  let last: 'ready' | 'lost' = 'ready'
  return (state, why) => {
    if (state === last) return
    last = state
    if (state === 'lost') app.log.error({ why }, 'Redis is lost')
    else app.log.info('Redis is back')
  }
}

export default fp(sessions, { name: 'sessions', fastify: '5.x' })

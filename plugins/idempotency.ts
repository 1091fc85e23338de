/** What requests that come again, or at once, must not do: entity tags, turns, idempotency keys, room for large bodies. */
import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { EntityTags } from '../src/http/entity-tag.ts'
import { Idempotency } from '../src/http/idempotency.ts'
import { ConcurrencyLimiter } from '../src/access/concurrency-limiter.ts'
import { RecordLocks } from '../src/http/record-locks.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly entityTags: EntityTags
    readonly idempotency: Idempotency
    readonly turns: RecordLocks
    readonly room: ConcurrencyLimiter
  }
  interface FastifyReply {
    /** Says the entity tag of an answer, which is to be asked for again before it is used again. */
    readonly tagged: (answer: unknown) => FastifyReply
  }
}

export interface RepeatsOptions {
  /** What all instances share; absent where there is one alone. */
  readonly secrets: readonly Buffer[] | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export default fp<RepeatsOptions>(
  async (app, { secrets = [randomBytes(32)], now }) => {
    const tags = new EntityTags(secrets)
    app.decorate('entityTags', tags)
    app.decorateReply('tagged', function (this: FastifyReply, answer: unknown) {
      return this.header('etag', tags.of(answer, app.contactOf(this.request).id)).header(
        'cache-control',
        'private, no-cache',
      )
    })
    const turns = new RecordLocks(app.sessions)
    const room = new ConcurrencyLimiter({ inAll: 16, perContact: 4 })
    const idempotency = new Idempotency({ state: app.sessions, now })
    app.decorate('turns', turns).decorate('room', room).decorate('idempotency', idempotency)
    app.inUse.watch({
      large_bodies: () => room.inUse,
      record_locks: () => turns.count,
      idempotency_keys: () => idempotency.count,
    })
  },
  { name: 'repeats', dependencies: ['sessions', 'authenticate', 'metrics', 'languages'], fastify: '5.x' },
)

/** Repeated and concurrent requests: entity tags, record locks, idempotency keys, and a limit of large requests. */
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
    readonly recordLocks: RecordLocks
    readonly largeRequests: ConcurrencyLimiter
  }
  interface FastifyReply {
    /** Sets the entity tag of an answer, which caches must revalidate before they use it again. */
    readonly tagged: (answer: unknown) => FastifyReply
  }
}

export interface IdempotencyOptions {
  /** The secrets that all instances share; absent if there is only one. */
  readonly secrets: readonly Buffer[] | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export default fp<IdempotencyOptions>(
  async (app, { secrets = [randomBytes(32)], now }) => {
    const tags = new EntityTags(secrets)
    app.decorate('entityTags', tags)
    app.decorateReply('tagged', function (this: FastifyReply, answer: unknown) {
      return this.header('etag', tags.of(answer, app.contactOf(this.request).id)).header(
        'cache-control',
        'private, no-cache',
      )
    })
    const recordLocks = new RecordLocks(app.sessions)
    const largeRequests = new ConcurrencyLimiter({ inAll: 16, perContact: 4 })
    const idempotency = new Idempotency({ state: app.sessions, now })
    app.decorate('recordLocks', recordLocks).decorate('largeRequests', largeRequests)
    app.decorate('idempotency', idempotency)
    app.inUse.watch({
      large_bodies: () => largeRequests.inUse,
      record_locks: () => recordLocks.count,
      idempotency_keys: () => idempotency.count,
    })
  },
  { name: 'idempotency', dependencies: ['sessions', 'authenticate', 'metrics', 'languages'], fastify: '5.x' },
)

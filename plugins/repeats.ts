/** What requests that come again, or at once, must not do: entity tags, turns, idempotency keys, room for large bodies. */
import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { EntityTags } from '../src/entity-tag.ts'
import { Idempotency } from '../src/idempotency.ts'
import { Room } from '../src/room.ts'
import { Turns } from '../src/turns.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly entityTags: EntityTags
    readonly idempotency: Idempotency
    readonly turns: Turns
    readonly room: Room
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
    app.decorate('turns', new Turns(app.sessions))
    const room = new Room({ inAll: 16, perContact: 4 })
    app.inUse.watch('large_bodies', () => room.inUse)
    app.decorate('room', room)
    app.decorate('idempotency', new Idempotency({ state: app.sessions, now }))
  },
  { name: 'repeats', dependencies: ['sessions', 'authenticate', 'metrics'], fastify: '5.x' },
)

/** An answer as bytes with its entity tags, and how it is sent: as 304 where the caller has it already. */
import type { FastifyReply } from 'fastify'
import { isKnownBy } from './entity-tag.ts'

export interface SentAnswer {
  /** JSON. */
  readonly body: Buffer
  /** Empty where the route says none. */
  readonly tags: readonly string[]
}

export function sendAnswer(reply: FastifyReply, { body, tags }: SentAnswer): FastifyReply {
  const [tag] = tags
  if (tag !== undefined) {
    reply.header('etag', tag).header('cache-control', 'private, no-cache')
    if (isKnownBy(reply.request.headers['if-none-match'], tags)) return reply.code(304).send()
  }
  return reply.type('application/json; charset=utf-8').send(body)
}

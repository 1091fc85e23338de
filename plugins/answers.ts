/** Sends what was read: kept answers as the bytes that they are, and 304 where the caller has the answer already. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ReadContext } from '../src/access/context.ts'
import { KeptAnswers } from '../src/access/kept-answers.ts'
import type { Config } from '../src/config/config.ts'
import { keepEncodings } from '../src/http/compression.ts'
import { sendAnswer, type SentAnswer } from '../src/http/sent-answer.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends an answer with its entity tag, or 304. */
    readonly sendTagged: (answer: unknown) => FastifyReply
    /** Sends the answer that `make` makes of what the context reads; with `READ_CACHE_TTL`, a kept one where there is one. */
    readonly sendRead: (context: ReadContext, make: () => Promise<unknown>) => Promise<FastifyReply>
  }
}

type Options = Pick<Config, 'READ_CACHE_TTL'> & { readonly now: () => number }

/** What an answer depends on besides the contact: `Accept-Language` is in the language. */
const questionOf = ({ url, language = '' }: FastifyRequest): string => `${language}\n${url}`

export default fp<Options>(
  async (app, { READ_CACHE_TTL, now }) => {
    const observe = (how: 'kept' | 'read') => app.metrics.cacheUses.inc({ cache: 'answers', how })
    const kept = new KeptAnswers({ ttlMs: READ_CACHE_TTL * 1000, now, observe })

    function answerOf(request: FastifyRequest, made: unknown): SentAnswer {
      const body = Buffer.from(JSON.stringify(made))
      const language = request.hasLabels ? request.language : undefined
      return { body, tags: app.entityTags.ofJson(body, app.contactOf(request).id, language) }
    }

    app.decorateReply('sendTagged', function (this: FastifyReply, answer: unknown) {
      return sendAnswer(this, answerOf(this.request, answer))
    })
    app.decorateReply('sendRead', async function (this: FastifyReply, { keeping }, make) {
      if (keeping === undefined || !kept.isOn) return sendAnswer(this, answerOf(this.request, await make()))
      const question = questionOf(this.request)
      const found = kept.find(keeping, question)
      if (found !== undefined) return sendAnswer(this, found)
      const answer = answerOf(this.request, await make())
      keepEncodings(answer.body)
      kept.add(keeping, question, answer, keeping.provenance)
      return sendAnswer(this, answer)
    })
  },
  { name: 'answers', dependencies: ['idempotency', 'access', 'languages', 'metrics'], fastify: '5.x' },
)

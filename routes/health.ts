/** Liveness and readiness probes. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import type { Missing } from '../src/http/readiness.ts'
import { answer, problems } from '../src/http/schemas.ts'

const Live = answer(Type.Object({ status: Type.Literal('live') }), 'It lives', {
  example: { status: 'live' },
})
const Ready = answer(Type.Object({ status: Type.Literal('ready') }), 'They can', {
  example: { status: 'ready' },
})

export interface HealthOptions {
  /** The reasons why requests cannot be served. */
  readonly missing: () => Promise<readonly Missing[]>
}

export default async function health(app: FastifyInstance, { missing: look }: HealthOptions): Promise<void> {
  const config = { limited: false } as const
  const tags = ['health']

  app.get(
    '/health/live',
    { config, schema: { tags, summary: 'Liveness probe', response: { 200: Live } } },
    async () => ({ status: 'live' }),
  )

  app.get(
    '/health/ready',
    {
      config,
      schema: {
        tags,
        summary: 'Readiness probe',
        description: 'If not ready, `errors` lists the reasons, each with the setting that can change it.',
        response: { 200: Ready, ...problems('NOT_READY') },
      },
    },
    async () => {
      const missing = await look()
      if (missing.length === 0) return { status: 'ready' }
      throw new GatewayError('NOT_READY', undefined, { errors: missing, retryAfter: 1 })
    },
  )
}

/** Liveness and readiness probes. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../src/model/errors.ts'
import { answer, problems } from '../src/http/schemas.ts'

const Live = answer(Type.Object({ status: Type.Literal('live') }), 'It lives', {
  example: { status: 'live' },
})
const Ready = answer(Type.Object({ status: Type.Literal('ready') }), 'They can', {
  example: { status: 'ready' },
})

export interface HealthOptions {
  /** What must work, by name; each rejects with the reason why it does not. */
  readonly probes: Readonly<Record<string, () => Promise<void>>>
}

export default async function health(app: FastifyInstance, { probes }: HealthOptions): Promise<void> {
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
        description: 'If not ready, `errors` lists what is missing.',
        response: { 200: Ready, ...problems('NOT_READY') },
      },
    },
    async () => {
      const missing = (await Promise.all(Object.entries(probes).map(failureOf))).flat()
      if (missing.length === 0) return { status: 'ready' }
      throw new GatewayError('NOT_READY', undefined, { errors: missing, retryAfter: 1 })
    },
  )
}

async function failureOf([field, probe]: readonly [string, () => Promise<void>]) {
  try {
    await probe()
    return []
  } catch (error) {
    return [
      { field, message: error instanceof GatewayError ? error.title : 'It does not answer as it should' },
    ]
  }
}

/** For whoever starts, stops and balances the gateway: does it live, and can it serve? */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../src/errors.ts'
import { problems } from '../src/schemas.ts'

const Live = Type.Object({ status: Type.Literal('live') })
const Ready = Type.Object({ status: Type.Literal('ready') })

export interface HealthOptions {
  /** Rejects with the reason where the gateway cannot serve. */
  readonly probe: () => Promise<void>
}

export default async function health(app: FastifyInstance, { probe }: HealthOptions): Promise<void> {
  const config = { limited: false } as const
  const tags = ['health']

  app.get(
    '/health/live',
    { config, schema: { tags, summary: 'Is the process alive?', response: { 200: Live } } },
    async () => ({ status: 'live' }),
  )

  app.get(
    '/health/ready',
    {
      config,
      schema: {
        tags,
        summary: 'Can requests be served?',
        description: 'Where they cannot, `errors` says what is missing.',
        response: { 200: Ready, ...problems('COREBOS_UNAVAILABLE', 'STORE_UNAVAILABLE') },
      },
    },
    async () => {
      try {
        await probe()
      } catch (cause) {
        const message = cause instanceof GatewayError ? cause.title : 'coreBOS does not answer as it should'
        const store = cause instanceof GatewayError && cause.code === 'STORE_UNAVAILABLE'
        throw new GatewayError(store ? 'STORE_UNAVAILABLE' : 'COREBOS_UNAVAILABLE', undefined, {
          errors: [{ field: store ? 'redis' : 'corebos', message }],
          cause,
        })
      }
      return { status: 'ready' }
    },
  )
}

/** Descriptions of modules, shared by all instances; they and the names of users are warmed at the start. */
import fp from 'fastify-plugin'
import { neededAfter, type Needed } from '../src/access/needed-modules.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The modules that the work of this request has needed so far; undefined: none. */
    neededModules: Needed | undefined
  }
}

export interface MetadataPluginOptions {
  /** Whether several instances use the store. */
  readonly isShared: boolean
}

export default fp<MetadataPluginOptions>(
  async (app, { isShared }) => {
    const { metadata, dictionary, service } = app.corebos
    if (isShared) {
      const generation = async () => (await app.sessions.generations()).schemaGeneration
      metadata.shareIn({ values: app.sessions, generation })
    }
    app.decorateRequest('neededModules', undefined)
    app.addHook('onRoute', (route) => {
      const { handler } = route
      // Work that lacks a description has done nothing yet but read, and begins again when there is one. What it may do
      // once only goes through `OncePerRequest`.
      route.handler = function (request, reply) {
        const attempt = (): unknown => {
          const done: unknown = handler.call(this, request, reply)
          return done instanceof Promise ? done.catch(again) : done
        }
        const again = (error: unknown): unknown => {
          request.neededModules = neededAfter(error, request.neededModules)
          return attempt()
        }
        return attempt()
      }
    })
    app.addHook('onListen', async () => {
      if (service === undefined) return
      // Where coreBOS is away, the first request that needs a description reads it.
      metadata.warm(async () => {
        await metadata.of(await service.userId(), service, app.policy().namedModules)
        await dictionary.userNames(service)
        await dictionary.currencyCodes(service)
      })
    })
  },
  { name: 'metadata', dependencies: ['corebos', 'sessions'], fastify: '5.x' },
)

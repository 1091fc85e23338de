/** Descriptions of modules, shared by all instances; they, names of users and labels are warmed at the start. */
import fp from 'fastify-plugin'
import { neededAfter, type Needed } from '../src/access/needed-modules.ts'
import { readLabels } from '../src/access/wording.ts'
import { Identities } from '../src/corebos/trusted.ts'
import { languageNamed } from '../src/model/language.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The modules that the work of this request has needed so far; undefined: none. */
    neededModules: Needed | undefined
  }
}

export interface MetadataPluginOptions {
  /** Whether several instances use the store. */
  readonly isShared: boolean
  /** Languages of labels, as coreBOS names them (`LANGUAGES`). */
  readonly languages: readonly string[]
}

export default fp<MetadataPluginOptions>(
  async (app, { isShared, languages }) => {
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
        const catalogue = await metadata.of(await service.userId(), service, app.policy().namedModules)
        await dictionary.userNames(service)
        await dictionary.currencyCodes(service)
        const spoken = await new Identities(service).languages()
        const named = new Set([...spoken].flatMap((each) => languageNamed(each, languages) ?? []))
        await readLabels(service, dictionary, catalogue, named)
      })
    })
  },
  { name: 'metadata', dependencies: ['corebos', 'sessions'], fastify: '5.x' },
)

/** The language of labels: `lang`, otherwise that of `Accept-Language`, otherwise the contact's own. */
import { KindGuard } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { chosenLanguage } from '../src/http/language.ts'
import { languageTag } from '../src/model/language.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether responses of the route may hold labels. */
    labelled?: boolean
  }
  interface FastifyRequest {
    /** As coreBOS names it; undefined: that of the CRM user, and on routes without labels. */
    language: string | undefined
    /** Whether the response holds labels. */
    hasLabels: boolean
  }
}

/** The parameters of a route with labels; without `display` its labels are always in the response. */
interface Asked {
  readonly lang?: string
  readonly display?: boolean
}

function sayLanguage({ language, hasLabels }: FastifyRequest, reply: FastifyReply): void {
  reply.header('vary', `${String(reply.getHeader('vary') ?? '')}, Accept-Language`)
  if (hasLabels && language !== undefined && reply.statusCode < 400)
    reply.header('content-language', languageTag(language))
}

export default fp<Pick<Config, 'LANGUAGES'>>(
  async (app, { LANGUAGES }) => {
    app.decorateRequest('language', undefined).decorateRequest('hasLabels', false)
    app.addHook('onRoute', (route) => {
      const parameters = KindGuard.IsObject(route.schema?.querystring)
        ? route.schema.querystring.properties
        : {}
      if (!('lang' in parameters)) return
      const isAlways = !('display' in parameters)
      const choose = async (request: FastifyRequest) => {
        // The schema of the route names both.
        const { lang, display = isAlways } = request.query as Asked
        const header = request.headers['accept-language']
        request.language = chosenLanguage({ lang, header, own: request.contact?.language }, LANGUAGES)
        request.hasLabels = display
      }
      route.preHandler = [choose, ...[route.preHandler ?? []].flat()]
      route.config = { ...route.config, labelled: true }
    })
    app.addHook('onSend', (request, reply, _payload, next) => {
      if (request.routeOptions.config.labelled === true) sayLanguage(request, reply)
      next()
    })
  },
  { name: 'languages', dependencies: ['authenticate', 'compression'], fastify: '5.x' },
)

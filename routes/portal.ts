/** The reference portal at `GET /`: its page, its files, and its settings. */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { loginModes } from '../src/auth/modes/table.ts'
import type { LoadedPortalSettings } from '../src/config/portal-settings.ts'
import { sendStatic, staticFile, type StaticFile } from '../src/http/static-files.ts'
import { GatewayError } from '../src/model/errors.ts'

/** A log-in that the log-in page offers; only the demo has any. */
export interface OfferedLogin {
  readonly label: string
  readonly username: string
  readonly password: string
  /** Missing: a contact. */
  readonly entity?: 'Employee'
}

export interface PortalOptions extends LoadedPortalSettings {
  /** The page and its script and style by name; undefined where the portal was not built. */
  readonly files: ReadonlyMap<string, StaticFile> | undefined
  readonly loginMode: keyof typeof loginModes
  /** Whether browsers may ask for cookies. */
  readonly hasCookies: boolean
  readonly logins: readonly OfferedLogin[]
}

/** No inline code, nothing from elsewhere; files of contacts are shown from memory (`blob:`). */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  'frame-src blob:',
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** An image of its own that is opened as a page runs nothing. */
const imagePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

const day = 86_400
const querystring = Type.Object({}, { additionalProperties: false })

const portal: FastifyPluginAsync<PortalOptions> = async (app, options) => {
  const { settings, loginMode, hasCookies, logins, files } = options
  const { hasPortalPassword, entities } = loginModes[loginMode]
  const image = options.logo && staticFile(options.logo.name, options.logo.bytes)
  const served = staticFile(
    'settings.json',
    Buffer.from(
      JSON.stringify({
        ...settings,
        logo: image === undefined ? null : `portal/logo?v=${image.etag.slice(1, 9)}`,
        login: {
          portalPasswords: hasPortalPassword,
          employees: entities.includes('Employee'),
          cookies: hasCookies,
          offered: logins,
        },
      }),
    ),
  )
  if (files === undefined) app.log.warn('the reference portal is not built: run npm run build')
  const config = { limited: false } as const
  const schema = { hide: true, querystring }

  app.get('/', { config, schema }, async (request, reply) =>
    send(request, reply, files?.get('index.html'), 'no-cache', pagePolicy),
  )
  app.get<{ Params: { name: string } }>(
    '/portal/assets/:name',
    { config, schema },
    async (request, reply) => {
      const { name } = request.params
      const file = name === 'index.html' ? undefined : files?.get(name)
      return send(request, reply, file, `public, max-age=${365 * day}, immutable`)
    },
  )
  app.get('/portal/settings.json', { config, schema }, async (request, reply) =>
    send(request, reply, served, 'no-cache'),
  )
  app.get(
    '/portal/logo',
    { config, schema: { hide: true, querystring: Type.Object({ v: Type.Optional(Type.String()) }) } },
    async (request, reply) => send(request, reply, image, `public, max-age=${day}`, imagePolicy),
  )
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StaticFile | undefined,
  cacheControl: string,
  contentPolicy?: string,
): FastifyReply {
  if (file === undefined) throw new GatewayError('ROUTE_NOT_FOUND')
  if (contentPolicy !== undefined) reply.header('content-security-policy', contentPolicy)
  return sendStatic(request, reply, file, cacheControl)
}

export default portal

/** Keeps in memory what the page at `/docs` consists of, because any caller may ask for it at any rate. */
import { fileURLToPath } from 'node:url'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { title } from './document.ts'
import { logo } from './logo.ts'
import { readFolder, sendStatic } from '../http/static-files.ts'

const docsFolder = fileURLToPath(new URL('static/', import.meta.resolve('@fastify/swagger-ui')))

export interface DocsPageOptions {
  /** The description of the API, as JSON. */
  readonly description: () => Buffer
  /** The path under which clients reach a path of the gateway. */
  readonly outside: (path: string) => string
}

/** @param docs the routes of the page alone */
export async function docsPage(
  docs: FastifyInstance,
  { description, outside }: DocsPageOptions,
): Promise<void> {
  keepDocs(docs, description)
  await docs.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: outside(''),
    uiConfig: { url: outside('/openapi.json'), persistAuthorization: false },
    theme: { title },
    logo: { type: 'image/svg+xml', content: logo(title), href: outside('/docs'), target: '_self' },
  })
}

/** Serves what the page's own routes would read, write or compress for each request. */
function keepDocs(docs: FastifyInstance, description: () => Buffer): void {
  let files: ReturnType<typeof readFolder> | undefined
  docs.addHook('preHandler', async (request, reply) => {
    const { url } = request.routeOptions
    if (url === '/docs/json') return reply.type('application/json; charset=utf-8').send(description())
    // JSON is YAML.
    if (url === '/docs/yaml') return reply.type('application/x-yaml; charset=utf-8').send(description())
    if (url !== '/docs/static/*') return undefined
    const { '*': name } = request.params as Readonly<Record<'*', string>> // as its pattern has it
    files ??= readFolder(docsFolder)
    const file = (await files)?.get(name)
    return file && sendStatic(request, reply, file, 'public, max-age=0')
  })
}

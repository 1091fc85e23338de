/** The frame of the OpenAPI description: title, servers, groups of routes, and the security schemes. */
import { errorCatalogue } from '../model/errors.ts'
import { guide } from '../query/guide.ts'
import { manual } from './manual.ts'

const catalogue = [
  '| code | status | meaning |',
  '|---|---|---|',
  ...Object.entries(errorCatalogue).map(
    ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
  ),
].join('\n')

export const title = 'coreBOS portal gateway'

/** In reading order. */
const tags = [
  { name: 'auth', description: 'Log-in, sessions, passwords, and who the contact is' },
  { name: 'modules', description: 'The modules, fields, picklists and rights of this contact' },
  { name: 'records', description: 'Lists and records: read, create, change, delete, search, print' },
  { name: 'relations', description: 'Records that belong to another record' },
  { name: 'comments', description: 'Comments on tickets, projects and other records' },
  { name: 'documents', description: 'Files: upload, download, one-time links' },
  { name: 'actions', description: 'Business actions that coreBOS offers for a record' },
  { name: 'query', description: 'Statements of the query language' },
  { name: 'webservice', description: "coreBOS's own protocol, for existing clients" },
  { name: 'health', description: 'Probes' },
]

/**
 * @param root the path of `PUBLIC_URL`, without a trailing slash: the description is served below the address of the
 * API
 */
export function documentFrame(version: string, root: string) {
  return {
    openapi: '3.1.0',
    info: {
      title,
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description: `${manual}\n\n${guide}\n\n## All error codes\n\n${catalogue}`,
    },
    servers: [{ url: root === '' ? '/' : root }],
    tags,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http' as const,
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token of a log-in. In a cookie session the cookie is accepted as well.',
        },
      },
    },
  }
}

/** Gives requests the access part: read contexts, write contexts, and an audit line for each write. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Access } from '../src/access/access.ts'
import type { WriteOperation } from '../src/access/context.ts'
import { ReadContexts, type ReadContextsOptions } from '../src/access/read-contexts.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import type { Config } from '../src/config/config.ts'
import { toGatewayError } from '../src/http/problem.ts'
import { WebserviceRejection } from '../src/webservice/envelope.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly access: Access
  }
  interface FastifyContextConfig {
    /** The kind of write of the route: a rejection before the write itself is audited as well. */
    writes?: WriteOperation
  }
  interface FastifyRequest {
    /** The kind of write of one request, on a route that accepts several kinds. */
    writes: WriteOperation | undefined
    audited: boolean // Whether there is an audit line of it.
  }
}

type Options = Pick<ReadContextsOptions, 'policy' | 'now'> & { readonly config: Config }

async function accessPlugin(app: FastifyInstance, { config, ...given }: Options): Promise<void> {
  const shared = config.REDIS_URL === undefined ? undefined : app.sessions
  const contexts = new ReadContexts({
    corebos: app.corebos,
    ...given,
    checkPolicy: async () => app.policyInForce.check(),
    recheckPolicy: async () => app.policyInForce.recheck(),
    hasRestrictedSession: loginModes[config.LOGIN_MODE].hasRestrictedSession,
    sharesReads: config.COREBOS_READS === 'shared',
    scopeTtlMs: config.ACCESS_RECHECK * 1000,
    readTtlMs: config.READ_CACHE_TTL * 1000,
    changePollMs: app.changeWatch === undefined ? 0 : config.CHANGE_POLL * 1000,
    use: (modules) => app.changeWatch?.use(modules),
    shared,
    downloads: config.DOWNLOADS_PER_CONTACT,
    observe: (cache, how) => app.metrics.cacheUses.inc({ cache, how }),
  })
  const countWithheld = (module: string, rows: number) => app.metrics.rowsWithheld.inc({ module }, rows)
  const { sessions: store, log, auditFile } = app
  const access = new Access({ contexts, store, shared, now: given.now, log, countWithheld, auditFile })
  app.inUse.watch(contexts.inUse)
  app.decorate('access', access)
  app.decorateRequest('writes', undefined).decorateRequest('audited', false)
  // What never came as far as the write context: a form that cannot be read, a key that is in use.
  app.addHook('onError', async (request, _reply, error) => {
    const operation = request.writes ?? request.routeOptions.config.writes
    const { code } = error instanceof WebserviceRejection ? error : toGatewayError(error)
    if (operation !== undefined) access.auditRejection(request, operation, code)
  })
}
const dependencies = ['corebos', 'policy', 'authenticate', 'sessions', 'change-watch', 'audit-file']
export default fp(accessPlugin, { name: 'access', dependencies, fastify: '5.x' })

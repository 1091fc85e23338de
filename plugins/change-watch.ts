/** Watches changes in coreBOS itself every `CHANGE_POLL` seconds, on one instance for all. */
import fp from 'fastify-plugin'
import { ChangeWatch } from '../src/access/change-watch.ts'
import { reasonOf } from '../src/model/log-reason.ts'
import type { Config } from '../src/config/config.ts'
import { changesSince, markOf } from '../src/corebos/changes.ts'
import { asGateway } from '../src/corebos/request-calls.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Absent if changes in coreBOS are not watched. */
    readonly changeWatch: ChangeWatch | undefined
  }
}

type Options = Pick<Config, 'CHANGE_POLL' | 'READ_CACHE_TTL' | 'ACCESS_RECHECK'> & {
  readonly now: () => number
}

/** The share of `CHANGE_POLL` after which the next look begins, so that it has ended when that is over. */
const early = 0.95

export default fp<Options>(
  async (app, { CHANGE_POLL, READ_CACHE_TTL, ACCESS_RECHECK, now }) => {
    const { service, metadata } = app.corebos
    if (CHANGE_POLL === 0 || service === undefined) {
      app.decorate('changeWatch', undefined)
      return
    }
    const modules = () => app.policy().namedModules
    const watch = new ChangeWatch({
      store: app.sessions,
      changesSince: async (seconds) => changesSince(service, seconds),
      markOf: async (module) => markOf(service, module),
      modules,
      catalogue: async () => metadata.of(await service.userId(), service, modules()),
      every: CHANGE_POLL * 1000,
      cacheTtl: Math.max(READ_CACHE_TTL, ACCESS_RECHECK) * 1000,
      now,
    })
    app.decorate('changeWatch', watch)
    let looking: Promise<void> | undefined
    const look = (): void => {
      looking ??= asGateway(() => watch.tick())
        .catch((error: unknown) => app.log.warn(reasonOf(error), 'Changes in coreBOS could not be read'))
        .finally(() => (looking = undefined))
    }
    const timer = setInterval(look, CHANGE_POLL * 1000 * early).unref()
    app.addHook('onListen', async () => look())
    app.addHook('preClose', async () => {
      clearInterval(timer)
      await looking
    })
  },
  { name: 'change-watch', dependencies: ['corebos', 'sessions', 'policy', 'metadata'], fastify: '5.x' },
)

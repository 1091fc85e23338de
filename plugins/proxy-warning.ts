/** Warns once in the log of a proxy that `TRUST_PROXY` does not name. */
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'

export default fp<Pick<Config, 'TRUST_PROXY'>>(
  async (app, { TRUST_PROXY }) => {
    if (TRUST_PROXY !== undefined) return
    let isSaid = false
    app.addHook('onRequest', (request, _reply, done) => {
      const { headers, log, ip: address } = request
      if (!isSaid && (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined)) {
        isSaid = true
        log.warn(
          { address },
          'TRUST_PROXY: a proxy forwards requests and is not trusted; all of its clients share the limits of its ' +
            'address',
        )
      }
      done()
    })
  },
  { name: 'proxy-warning', fastify: '5.x' },
)

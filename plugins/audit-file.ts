/** Opens the file of audit lines, opens it again at SIGHUP, and closes it. */
import fp from 'fastify-plugin'
import { AuditFile } from '../src/access/audit-file.ts'
import { reasonOf } from '../src/model/log-reason.ts'
import type { Config } from '../src/config/config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly auditFile: AuditFile | undefined
  }
}

export default fp<Pick<Config, 'AUDIT_FILE'> & { readonly now: () => number }>(
  async (app, { AUDIT_FILE: path, now }) => {
    const onError = (error: Error) => app.log.error(reasonOf(error), 'AUDIT_FILE could not be written')
    const file = path === undefined ? undefined : new AuditFile({ path, now, onError })
    app.decorate('auditFile', file)
    if (file === undefined) return
    const onHangup = () => file.reopen()
    process.on('SIGHUP', onHangup)
    app.addHook('onClose', async () => {
      process.off('SIGHUP', onHangup)
      await file.close()
    })
  },
  { name: 'audit-file', fastify: '5.x' },
)

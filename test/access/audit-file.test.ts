/** `AUDIT_FILE`: each write leaves a line in a file of its own, at every log level. */
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startPortal } from '../support/portal.ts'
import { scratch, until } from '../support/redis-server.ts'

interface Line {
  readonly time: string
  readonly requestId: string
  readonly operation: string
  readonly outcome: string
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line) // as the gateway writes it

t.test('accepted and rejected writes are appended, and SIGHUP opens the file again', async (t) => {
  const path = join(await scratch(t), 'audit.log')
  const portal = await startPortal(t, { env: { AUDIT_FILE: path, LOG_LEVEL: 'silent' } })
  const body = { ticket_title: 'Audited', ticketstatus: 'Open', ticketpriorities: 'Low' }
  const created = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body })
  t.equal(created.status, 201)
  await portal.as('alice', 'DELETE', `/records/${String(created.body.id)}`)
  await until('two lines', async () => linesOf(path).length === 2)
  const [first, second] = linesOf(path)
  t.match(first, { operation: 'create', outcome: 'ok', contact: '12x8549', module: 'HelpDesk' })
  t.equal(first?.requestId, created.headers['x-request-id'])
  t.match(first?.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.match(second, { operation: 'delete', outcome: 'NOT_WRITABLE' })
  t.notMatch(readFileSync(path, 'utf8'), 'Audited', 'without values')

  renameSync(path, `${path}.1`)
  process.emit('SIGHUP')
  await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body })
  await until('the new file', async () => linesOf(path).length === 1)
  t.equal(linesOf(`${path}.1`).length, 2)
})

/** The form of log lines: JSON for programs, text for people. */
import t from 'tap'
import { startGateway } from '../support/start.ts'

t.test('a log line is JSON with an ISO time', async (t) => {
  const { url, log } = await startGateway(t)
  await fetch(`${url}/health/live`)
  const lines = log.map((line) => JSON.parse(line) as { readonly time: string; readonly msg: string }) // every line has both
  t.match(lines.find(({ msg }) => msg === 'request')?.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

t.test('LOG_FORMAT=pretty writes one line for people per request', async (t) => {
  const { url, log } = await startGateway(t, { env: { LOG_FORMAT: 'pretty', LOG_LEVEL: 'info' } })
  await fetch(`${url}/health/live`)
  const lines = log.filter((line) => line.includes('/health/live'))
  t.equal(lines.length, 1)
  t.match(lines[0], /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: request .*"status":200.*\n$/)
})

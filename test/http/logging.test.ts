/** The form of log lines: JSON for programs, text for people. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { request } from 'undici'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { program } from '../support/program.ts'
import { startGateway } from '../support/start.ts'
import { textAt } from '../support/webservice-client.ts'

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

t.test('a failure that is expected is one line without a stack', async (t) => {
  for (const LOG_FORMAT of ['json', 'pretty']) {
    const { url, log, corebos } = await startGateway(t, { env: { LOG_FORMAT, LOG_LEVEL: 'info' } })
    await corebos.close()
    log.length = 0
    t.equal((await fetch(`${url}/health/ready`)).status, 503)
    const password = { username: 'alice@example.com', password: 'alice-pw' }
    const headers = { 'content-type': 'application/json' }
    const login = await fetch(`${url}/auth/login`, {
      method: 'POST',
      headers,
      body: JSON.stringify(password),
    })
    t.equal(login.status, 503)
    t.equal((await fetch(`${url}/webservice.php?operation=getchallenge&username=alice`)).status, 200)
    const text = log.join('')
    t.match(text, /ECONNREFUSED/, 'the reason is told')
    t.notMatch(text, /^\s+at |\\n\s+at |"stack"/m, LOG_FORMAT)
    t.notMatch(text, /^ /m, 'each is one line')
  }
})

t.test(
  'a write that was answered has its audit line, also where the process is killed at once',
  async (t) => {
    const corebos = await startDemoCorebos({ port: 0, delayMs: 0, now: Date.now })
    t.teardown(async () => corebos.close())
    const env = { COREBOS_URL: corebos.url, COREBOS_USER: 'portal', COREBOS_ACCESS_KEY: 'portal-access-key' }
    const child = spawn(process.execPath, program('src/main.ts'), {
      env: { PATH: process.env['PATH'], ...env, PORT: '0', METRICS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close')
    let output = ''
    const ready = new Promise<string>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
        const [, url] = /^ready gateway=(\S+)/m.exec(output) ?? []
        if (url !== undefined) resolve(url)
      })
    })
    const url = await ready
    const post = async (path: string, body: object, headers = {}) =>
      request(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const { body } = await post('/auth/login', { username: 'alice@example.com', password: 'alice-pw' })
    const authorization = `Bearer ${textAt(await body.json(), 'accessToken')}`
    const { statusCode } = await post(
      '/modules/HelpDesk/records',
      { ticket_title: 'x', ticketstatus: 'Open' },
      { authorization },
    )
    child.kill('SIGKILL')
    t.equal(statusCode, 201)
    await ended
    t.match(output, /"audit":\{[^\n]*"operation":"create"/)
  },
)

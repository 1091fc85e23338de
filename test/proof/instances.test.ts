/** Several instances behind nginx, which come and go under load. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { keeping } from '../support/keeping.ts'
import { startNginx } from '../support/nginx.ts'
import { onPort } from '../support/port.ts'
import { program } from '../support/program.ts'
import { installed, sharedSettings, start, startRedis } from '../support/redis-server.ts'

const missing = ['redis-server', 'nginx'].filter(
  (program) => !installed(program, program === 'nginx' ? '-v' : '--version'),
)
const skip = missing.length === 0 ? false : `skipped: ${missing.join(' and ')} not on the PATH`

interface Gateway {
  readonly url: string
  restart(): Promise<void>
}

const main = program('src/main.ts')

/** A gateway in a process of its own. */
async function gateway(t: Test, env: Readonly<Record<string, string>>): Promise<Gateway> {
  const launch = async (port: number): Promise<ChildProcess> =>
    start(t, process.execPath, main, /^ready /m, {
      env: { ...process.env, ...env, PORT: `${port}` },
      end: 'SIGTERM',
    })
  const first = await onPort(async (port) => ({ port, child: await launch(port) }))
  let { child } = first
  return {
    url: `http://127.0.0.1:${first.port}`,
    async restart() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      t.same(await exited, [0, null], 'it ended in good order')
      child = await launch(first.port)
    },
  }
}

/** What is safe to send again goes to the next instance when one rejects it; what writes never does. */
async function balancer(t: Test, gateways: readonly Gateway[]): Promise<string> {
  const proxy = `proxy_pass http://gateways; proxy_set_header X-Forwarded-For $remote_addr;`
  const servers = gateways.map(({ url }) => `server ${url.slice('http://'.length)} max_fails=0;`)
  return startNginx(
    t,
    `proxy_next_upstream error timeout http_503;
     location / { ${proxy} }
     location ~ ^/(auth/(login|refresh)|query)$ { proxy_next_upstream error timeout http_503 non_idempotent; ${proxy} }`,
    `upstream gateways { ${servers.join(' ')} }`,
  )
}

interface Pair {
  readonly accessToken: string
  readonly refreshToken: string
}

async function call(
  url: string,
  path: string,
  options: { readonly token?: string; readonly body?: unknown } = {},
) {
  const answer = await fetch(`${url}${path}`, {
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { method: 'POST', body: JSON.stringify(options.body) }),
  })
  const text = await answer.text()
  return { status: answer.status, text }
}

async function pairOf(answer: Promise<{ readonly text: string }>): Promise<Pair> {
  const { text } = await answer
  const body: unknown = JSON.parse(text)
  if (typeof body !== 'object' || body === null || !('accessToken' in body) || !('refreshToken' in body))
    throw new Error(text)
  return { accessToken: String(body.accessToken), refreshToken: String(body.refreshToken) }
}

for (const [name, settings] of [
  ['three instances behind nginx', {}],
  ['the same with kept answers', keeping],
] as const) {
  t.test(name, { skip }, async (t) => {
    const redis = await startRedis(t)
    const corebos = await startDemoCorebos({ port: 0 })
    t.teardown(() => corebos.close())
    const env = {
      COREBOS_URL: corebos.url,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
      ...(await sharedSettings(t, redis)),
      TRUST_PROXY: '127.0.0.1',
      METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
      ...settings,
      RATE_LIMIT_IP: '1000000/60',
      RATE_LIMIT_CONTACT: '1000000/60',
      RATE_LIMIT_LOGIN: '1000000/60',
    }
    const gateways = await Promise.all([gateway(t, env), gateway(t, env), gateway(t, env)])
    const url = await balancer(t, gateways)
    const login = async (name: string, at = url) =>
      pairOf(call(at, '/auth/login', { body: { username: `${name}@example.com`, password: `${name}-pw` } }))
    const statuses = async (token: string) =>
      Promise.all(gateways.map(async (each) => (await call(each.url, '/auth/session', { token })).status))

    await t.test('none of them special: each knows every session, and its end at once', async (t) => {
      const [one, two, three] = gateways
      const first = await login('alice', one.url)
      const second = await login('alice', two.url)
      t.same(await statuses(first.accessToken), [200, 200, 200])
      const fresh = await pairOf(
        call(three.url, '/auth/refresh', { body: { refreshToken: first.refreshToken } }),
      )
      const same = await pairOf(
        call(one.url, '/auth/refresh', { body: { refreshToken: first.refreshToken } }),
      )
      t.equal(same.refreshToken, fresh.refreshToken, 'two tabs at two instances share a successor')
      t.equal((await call(two.url, '/auth/logout', { token: fresh.accessToken, body: {} })).status, 204)
      t.same(await statuses(first.accessToken), [401, 401, 401])
      t.same(await statuses(second.accessToken), [200, 200, 200])
      t.equal(
        (await call(three.url, '/auth/logout-all', { token: second.accessToken, body: {} })).status,
        204,
      )
      t.same(await statuses(second.accessToken), [401, 401, 401])
    })

    await t.test('come and go under load without one failed request', async (t) => {
      let on = true
      const running = () => on
      let requests = 0
      const failed: string[] = []
      const worker = async (name: string) => {
        let pair = await login(name)
        for (let n = 1; running(); n++) {
          requests++
          try {
            if (n % 50 === 0) pair = await login(name)
            else if (n % 10 === 0)
              pair = await pairOf(call(url, '/auth/refresh', { body: { refreshToken: pair.refreshToken } }))
            else {
              const token = pair.accessToken
              const query = 'select ticket_title from HelpDesk limit 5'
              const answer = await (n % 3 === 0
                ? call(url, '/query', { token, body: { query } })
                : call(url, '/modules/HelpDesk/records?fields=ticket_title&limit=5', { token }))
              if (answer.status !== 200) failed.push(`${answer.status} ${answer.text}`)
            }
          } catch (error) {
            failed.push(String(error))
          }
        }
      }
      const workers = ['alice', 'bob', 'carol', 'dave', 'erin', 'alice'].map(worker)
      for (const each of gateways) await each.restart()
      on = false
      await Promise.all(workers)
      t.comment(`requests ${requests} failed ${failed.length}`)
      t.same(failed, [])
      t.ok(requests > 200)
    })
  })
}

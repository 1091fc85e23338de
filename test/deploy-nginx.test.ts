/** The nginx of `deploy/compose.yaml`, run with the very configuration of that file, in front of a gateway. */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request as requestHttps } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { parse } from 'yaml'
import { onPort } from './support/port.ts'
import { credentialsOf, startPortal } from './support/portal.ts'
import { installed, scratch, start } from './support/redis-server.ts'

const missing = (['nginx', 'openssl'] as const).filter(
  (program) => !installed(program, program === 'nginx' ? '-v' : 'version'),
)
const skip = missing.length === 0 ? false : `skipped: ${missing.join(' and ')} not on the PATH`

interface Compose {
  readonly configs: Readonly<Record<string, { readonly content?: string; readonly file?: string }>>
  readonly services: Readonly<Record<string, { readonly configs?: readonly object[] }>>
}

const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as Compose // its shape is tested below

/** A text with its variables filled in as Docker Compose does. */
const filled = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replace(/\$\$|\$\{(\w+)(?::[-?]([^}]*))?\}/g, (whole: string, name = '', otherwise = '') =>
    whole === '$$' ? '$' : (env[String(name)] ?? String(otherwise)),
  )

/** Replaces what names containers, each of which must be there. */
function replaced(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`deploy/compose.yaml: nginx.conf lacks '${from}'`)
    return changed.replace(from, to)
  }, text)
}

interface Proxy {
  readonly https: number
  readonly http: number
}

async function startNginx(t: Test, gateway: string): Promise<Proxy> {
  const folder = await scratch(t)
  const [certificate, key, file] = ['portal.crt', 'portal.key', 'nginx.conf'].map((name) =>
    join(folder, name),
  )
  if (certificate === undefined || key === undefined || file === undefined) throw new Error('three names')
  // As docs/operations.md says.
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const source = compose.configs['nginx.conf']?.content ?? ''
  const conf = (https: number, http: number): string =>
    replaced(filled(source, { PUBLIC_URL: `https://localhost:${https}` }), [
      [
        'events {',
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${folder}/pid; error_log stderr notice; events {`,
      ],
      ['resolver 127.0.0.11 valid=2s;', `access_log off; ${temporary}`],
      ['gateway-1:3000 resolve', gateway],
      // Nobody listens here: nginx goes on to the next one.
      ['gateway-2:3000 resolve', '127.0.0.1:9'],
      ['gateway-3:3000 resolve', '127.0.0.1:9'],
      ['listen 80;', `listen 127.0.0.1:${http};`],
      // As older versions than the one in the file spell it.
      ['listen 443 ssl;', `listen 127.0.0.1:${https} ssl http2;`],
      ['http2 on;', ''],
      ['/run/secrets/tls-certificate', certificate],
      ['/run/secrets/tls-key', key],
    ])
  return onPort(async (https) =>
    onPort(async (http) => {
      await writeFile(file, conf(https, http))
      const tested = spawnSync('nginx', ['-t', '-c', file, '-e', 'stderr'], { encoding: 'utf8' })
      if (tested.status !== 0) throw new Error(tested.stderr)
      await start(t, 'nginx', ['-c', file, '-e', 'stderr'], /start worker process /, { end: 'SIGTERM' })
      return { https, http }
    }),
  )
}

interface Asked {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly protocol: string | null
  readonly text: string
}

async function over(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Asked> {
  // The certificate is the test's own.
  const asked = requestHttps({
    host: '127.0.0.1',
    port,
    path,
    headers,
    rejectUnauthorized: false,
    method: body === undefined ? 'GET' : 'POST',
  })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage] // the event's argument
  const protocol = response.socket instanceof TLSSocket ? response.socket.getProtocol() : null
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += String(piece)
  return { status: response.statusCode, headers: response.headers, protocol, text }
}

t.test('nginx ends TLS, redirects plain HTTP and names the client to the gateway', { skip }, async (t) => {
  const portal = await startPortal(t, {
    env: { TRUST_PROXY: '127.0.0.0/8', RATE_LIMIT_LOGIN: '3/60', PUBLIC_URL: 'https://localhost' },
  })
  const { https, http } = await startNginx(t, portal.url.replace('http://', ''))
  const live = await over(https, '/health/live')
  t.match(live, { status: 200, protocol: /^TLSv1\.[23]$/ })
  const plain = await request(`http://127.0.0.1:${http}/modules?lang=en_us`)
  await plain.body.dump()
  t.equal(plain.statusCode, 308)
  t.equal(plain.headers['location'], `https://localhost:${https}/modules?lang=en_us`)

  const json = { 'content-type': 'application/json' }
  const login = await over(https, '/auth/login', json, JSON.stringify(credentialsOf('alice')))
  t.equal(login.status, 200)
  const { accessToken } = JSON.parse(login.text) as { accessToken: string } // checked by the next answer
  const authorization = `Bearer ${accessToken}`
  t.equal((await over(https, '/me', { authorization })).status, 200)

  for (let i = 0; i < 4; i += 1) {
    // A client that names another address each time shares one limit.
    const headers = { ...json, 'x-forwarded-for': `203.0.113.${i}`, forwarded: `for=203.0.113.${i}` }
    const body = JSON.stringify({ username: 'bob@example.com', password: 'wrong' })
    t.equal((await over(https, '/auth/login', headers, body)).status, i < 3 ? 401 : 429)
  }
  const sessions = await over(https, '/auth/sessions', { authorization })
  t.match(JSON.parse(sessions.text), { sessions: [{ address: '127.0.0.1' }] })
})

t.test('Prometheus gets its configuration and the alert rules of deploy/monitoring', async (t) => {
  t.match(compose.services['prometheus']?.configs, [
    { source: 'prometheus.yml', target: '/etc/prometheus/prometheus.yml' },
    { source: 'alerts.yaml', target: '/etc/prometheus/alerts.yaml' },
  ])
  t.equal(compose.configs['alerts.yaml']?.file, './monitoring/alerts.yaml')
  t.match(parse(compose.configs['prometheus.yml']?.content ?? ''), {
    rule_files: ['/etc/prometheus/alerts.yaml'],
    scrape_configs: [{ static_configs: [{ targets: [/^gateway-1:/, /^gateway-2:/, /^gateway-3:/] }] }],
  })
})

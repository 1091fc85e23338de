/** What is measured: coreBOS, bare proxies and gateways, each in a process of its own. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateJwk } from '../../tokens/signing-keys.ts'
import { installed, startProcess, type Process } from './processes.ts'

export interface Served extends Process {
  readonly url: string
}

const here = (name: string): string => join(import.meta.dirname, name)
const runs = import.meta.filename.endsWith('.js') ? [] : ['--import=tsx']
const ending = import.meta.filename.endsWith('.js') ? '.js' : '.ts'

async function served(started: Promise<Process>): Promise<Served> {
  const process = await started
  return { ...process, url: /https?:\/\/[^\s]+/.exec(process.ready)?.[0] ?? '' }
}

export async function startUpstream(env: Readonly<Record<string, string>>): Promise<Served> {
  const words = [...runs, here(`upstream${ending}`)]
  return served(startProcess(process.execPath, words, /ready url=\S+/, env))
}

/** @throws Error where `@fastify/reply-from` is not installed */
export async function startReplyFrom(upstream: string): Promise<Served> {
  // Not compiled: it stands in the sources, beside `node_modules`.
  const file = join(process.cwd(), 'src/tools/bench/bare-proxy.js')
  return served(startProcess(process.execPath, [file], /ready url=\S+/, { UPSTREAM: upstream }))
}

/** @returns undefined where nginx is not installed */
export async function startNginx(upstream: string): Promise<Served | undefined> {
  if (!installed('nginx', '-v')) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr notice;
events {}
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream corebos { server ${new URL(upstream).host}; keepalive 64; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://corebos; proxy_http_version 1.1; proxy_set_header connection ""; } }
}`,
  )
  const process = await startProcess('nginx', ['-c', file, '-p', folder], /start worker process/)
  return { ...process, url: `http://127.0.0.1:${port}` }
}

export interface RedisServer extends Process {
  readonly env: Readonly<Record<string, string>>
  readonly port: number
}

/** @returns undefined where redis-server is not installed */
export async function startRedis(): Promise<RedisServer | undefined> {
  if (!installed('redis-server')) return undefined
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const process = await startProcess('redis-server', words, /Ready to accept connections/)
  const folder = mkdtempSync(join(tmpdir(), 'bench-keys-'))
  const keysFile = join(folder, 'keys.json')
  writeFileSync(keysFile, JSON.stringify({ keys: [generateJwk()] }))
  const env = {
    REDIS_URL: `redis://127.0.0.1:${port}`,
    SESSION_KEYS: randomBytes(32).toString('base64'),
    JWT_KEYS_FILE: keysFile,
    PUBLIC_URL: 'https://portal.example',
  }
  return { ...process, env, port }
}

export async function startGateway(upstream: string, env: Readonly<Record<string, string>>): Promise<Served> {
  const words = [...runs, here(`../../main${ending}`)]
  return served(
    startProcess(process.execPath, words, /ready gateway=\S+/, {
      COREBOS_URL: upstream,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
      HOST: '127.0.0.1',
      PORT: '0',
      METRICS_PORT: '0',
      ACCESS_TOKEN_TTL: '3600',
      RATE_LIMIT_IP: '100000000/60',
      RATE_LIMIT_CONTACT: '100000000/60',
      RATE_LIMIT_LOGIN: '100000000/60',
      ...env,
    }),
  )
}

/** An access token. @throws Error where the log-in was rejected */
export async function logIn(url: string, name = 'alice'): Promise<string> {
  const response = await fetch(`${url}/auth/login`, { method: 'POST', ...loginOf(name) })
  const body: unknown = await response.json()
  if (typeof body === 'object' && body !== null && 'accessToken' in body) return String(body.accessToken)
  throw new Error(`the log-in was rejected: ${response.status} ${JSON.stringify(body)}`)
}

export function loginOf(name: string) {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: `${name}@example.com`, password: `${name}-pw` }),
  }
}

/** A session of coreBOS's own protocol, at a gateway or at coreBOS itself. @throws Error where the log-in was rejected */
export async function webserviceSession(url: string, name: string, hash: string): Promise<string> {
  const ask = async (params: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> => {
    const response = await fetch(`${url}/webservice.php`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'bench' },
      body: new URLSearchParams(params).toString(),
    })
    // As recorded.
    const body = (await response.json()) as { readonly result?: Readonly<Record<string, string>> }
    if (body.result === undefined) throw new Error(`${params['operation']}: ${JSON.stringify(body)}`)
    return body.result
  }
  const username = `${name}@example.com`
  const { token = '' } = await ask({ operation: 'getchallenge', username })
  const plain = `${token}${name}-pw`
  const password = hash === 'plaintext' ? plain : createHash(hash).update(plain).digest('hex')
  const { sessionName = '' } = await ask({ operation: 'loginPortal', username, password, entity: 'Contacts' })
  return sessionName
}

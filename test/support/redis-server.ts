/** Real Redis servers on loopback, started and ended by the test that uses them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Redis } from 'ioredis'
import { generateJwk } from '../../src/tokens/signing-keys.ts'
import { onPort } from './port.ts'

/** Whether a program is on the PATH; where it is not, a test says so on one line and is skipped. */
export function installed(program: string, question = '--version'): boolean {
  return spawnSync(program, [question]).error === undefined
}

export async function scratch(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-redis-'))
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

export interface Server {
  readonly port: number
  readonly process: ChildProcess
  /** For the test's own questions; never used by what is tested. */
  readonly admin: Redis
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  /** How it is ended; one with children of its own has to hear of it. */
  readonly end?: NodeJS.Signals
}

/** Starts a program that says `ready` when it can be used, and ends it with the test. */
export async function start(
  t: Test,
  program: string,
  args: readonly string[],
  ready: RegExp,
  { env = process.env, end = 'SIGKILL' }: StartOptions = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(end)
    await once(child, 'exit')
  })
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      if (ready.test(said)) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`${program} ended with ${code ?? 'a signal'}: ${said.slice(-2000)}`)),
    )
  })
  return child
}

export interface ServerOptions {
  /** That of a server which has ended; otherwise one that no process has bound. */
  readonly port?: number
  /** Further words of the command line. */
  readonly args?: readonly string[]
  readonly admin?: { readonly password?: string; readonly tls?: { readonly ca: Buffer } }
}

export async function startRedis(t: Test, options: ServerOptions = {}): Promise<Server> {
  const { port } = options
  return port === undefined
    ? onPort(async (candidate) => startRedisAt(t, candidate, options))
    : startRedisAt(t, port, options)
}

async function startRedisAt(
  t: Test,
  port: number,
  { args = [], admin: access = {} }: ServerOptions,
): Promise<Server> {
  const directory = await scratch(t)
  const listen = access.tls === undefined ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`]
  const words = [
    ...listen,
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
    ...args,
  ]
  const process = await start(t, 'redis-server', words, /Ready to accept connections/)
  const admin = new Redis({ port, host: '127.0.0.1', ...access, retryStrategy: () => 50 })
  admin.on('error', () => {
    // Tests end servers on purpose.
  })
  t.teardown(() => admin.disconnect())
  return {
    port,
    process,
    admin,
    async kill(signal = 'SIGKILL') {
      const exited = once(process, 'exit')
      process.kill(signal)
      await exited
    },
  }
}

/** Asks again and again until the answer is yes; for what another process does in its own time. */
export async function until(what: string, yes: () => Promise<boolean>, timeout = 120_000): Promise<void> {
  const gaveUp = Date.now() + timeout
  for (;;) {
    if (await yes().catch(() => false)) return
    if (Date.now() > gaveUp) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** How often each command came over the wire: what a script calls is counted as well, so the script itself is what counts. */
export async function commandsOf({ admin }: Server, work: () => Promise<unknown>) {
  await admin.config('RESETSTAT')
  await work()
  const stats = await admin.info('commandstats')
  const lines = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  const names = new Set(['config|resetstat', ...calledByScripts])
  return Object.fromEntries(
    lines.flatMap(([, name = '', calls]) => (names.has(name) ? [] : [[name, Number(calls)]])),
  )
}

/** The commands that only the scripts of `scripts.ts` call. */
const calledByScripts = [
  ...['get', 'set', 'setrange', 'pexpire', 'pttl', 'del', 'info'],
  ...[
    'zadd',
    'zrem',
    'zrange',
    'zrangebyscore',
    'zremrangebyscore',
    'hget',
    'hset',
    'hdel',
    'hgetall',
    'hexists',
  ],
]

/** What instances have in common that share a Redis: where it is, and their keys. */
export async function sharedSettings(t: Test, { port }: Pick<Server, 'port'>) {
  const keysFile = join(await scratch(t), 'keys.json')
  await writeFile(keysFile, JSON.stringify({ keys: [generateJwk()] }))
  return {
    REDIS_URL: `redis://127.0.0.1:${port}`,
    SESSION_KEYS: randomBytes(32).toString('base64'),
    JWT_KEYS_FILE: keysFile,
    PUBLIC_URL: 'https://portal.example',
  }
}

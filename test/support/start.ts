/** Starts what a test needs on free ports of the loopback address, and ends it with the test. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { startDemoCorebos, type DemoCorebos } from '../../src/demo/server.ts'
import { startService, type Service } from '../../src/service.ts'
import type { ApartOptions } from './gateway-worker.ts'
import { startRelay, type Relay } from './relay.ts'

// Every gateway listens for SIGHUP, and a test may have many.
process.setMaxListeners(100)

export interface Started extends Service {
  readonly corebos: DemoCorebos
  /** What the gateway was started with. */
  readonly env: Readonly<Record<string, string>>
  /** Log lines so far, from level `trace`. */
  readonly log: string[]
}

export interface StartOptions {
  /** Variables of the environment beside the defaults. */
  readonly env?: Readonly<Record<string, string>>
  /** How long each call of coreBOS takes, in milliseconds. */
  readonly delayMs?: number
  /** Milliseconds since 1970; the gateway's clock. */
  readonly now?: () => number
  /** Told of coreBOS before the gateway starts. */
  readonly onCorebos?: (url: string, corebos: DemoCorebos) => void
  /** The clock of coreBOS. */
  readonly corebosNow?: () => number
}

interface Begun {
  readonly service: Service
  readonly corebos: DemoCorebos
  readonly env: Readonly<Record<string, string>>
}

/** A gateway in front of a demo coreBOS of its own, with limits that no test reaches by accident. */
export async function beginGateway(
  { env = {}, delayMs = 0, now, corebosNow = Date.now, onCorebos }: StartOptions,
  log: string[] = [],
): Promise<Begun> {
  const corebos = await startDemoCorebos({ port: 0, delayMs, now: corebosNow })
  onCorebos?.(corebos.url, corebos)
  const settings = {
    COREBOS_URL: corebos.url,
    COREBOS_USER: 'portal',
    COREBOS_ACCESS_KEY: 'portal-access-key',
    PORT: '0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'trace',
    COREBOS_TIMEOUT_MS: '120000',
    RATE_LIMIT_IP: '1000000/60',
    RATE_LIMIT_CONTACT: '1000000/60',
    RATE_LIMIT_LOGIN: '1000000/60',
    ...env,
  }
  const service = await startService(readConfig(settings), {
    sink: { write: (line) => log.push(line) },
    ...(now === undefined ? {} : { now }),
  })
  return { service, corebos, env: settings }
}

/** The same, ended with the test. */
export async function startGateway(t: Test, options: StartOptions = {}): Promise<Started> {
  const log: string[] = []
  const { service, corebos, env } = await beginGateway(options, log)
  t.teardown(async () => {
    await service.close()
    await corebos.close()
  })
  return { ...service, corebos, env, log }
}

/** A gateway that reaches its coreBOS by way of a relay. */
export async function startRelayed(
  t: Test,
  options: StartOptions = {},
): Promise<{ readonly relay: Relay; readonly gateway: Started }> {
  const relay = await startRelay(t)
  const gateway = await startGateway(t, {
    ...options,
    env: { ...options.env, COREBOS_URL: relay.url },
    onCorebos: (url, corebos) => {
      relay.to(corebos)
      options.onCorebos?.(url, corebos)
    },
  })
  return { relay, gateway }
}

export interface Apart {
  readonly url: string
  readonly operatorUrl: string
  readonly corebosUrl: string
}

/** A file of the tests on a thread of its own, compiled or not, as this one is. */
export function thread(file: string, options?: unknown): Worker {
  const isCompiled = import.meta.url.endsWith('.js')
  const url = new URL(isCompiled ? file.replace(/\.ts$/, '.js') : file, import.meta.url)
  const workerData = { file: url.href, options }
  // A thread reads TypeScript only after `thread.js` has run.
  const execArgv = process.execArgv.filter((option) => !option.endsWith('.ts'))
  return new Worker(isCompiled ? url : new URL('thread.js', import.meta.url), { workerData, execArgv })
}

/** Several of them on one thread beside the test's, for tests that ask thousands of things. */
export async function startGatewaysApart(
  t: Test,
  options: readonly ApartOptions[],
): Promise<readonly Apart[]> {
  const worker = thread('gateway-worker.ts', options)
  // The thread's first message is this.
  const [apart] = (await once(worker, 'message')) as [readonly Apart[]]
  t.teardown(async () => {
    worker.postMessage('close')
    await once(worker, 'message')
    await worker.terminate()
  })
  return apart
}

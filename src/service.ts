/** A gateway that listens, with its operators' listener, from one configuration; and how a process ends. */
import { setTimeout } from 'node:timers/promises'
import { buildApp, buildOperator, type AppOptions } from './app.ts'
import { ConfigError, maskedConfig, type Config } from './config/config.ts'
import { dangersOf } from './config/dangers.ts'

export interface Service {
  /** Where requests are answered. */
  readonly url: string
  /** Where operators are answered. */
  readonly operatorUrl: string
  /** Says that requests can be served, and where; exactly one line. */
  readonly ready: string
  /** What keeps requests from being served, one line for each reason, with the setting that can change it. */
  missing(): Promise<readonly string[]>
  /** What is in use at this moment, by kind: zero of each without a request. */
  readonly inUse: () => Readonly<Record<string, number>>
  /** What is valid and dangerous, one line each. Empty where coreBOS cannot be asked. */
  dangers(): Promise<readonly string[]>
  /** Lets running requests finish, rejects new ones, then ends everything. */
  close(): Promise<void>
}

/** @throws ConfigError, or the error of opening a port */
export async function startService(config: Config, options: AppOptions = {}): Promise<Service> {
  const app = await buildApp(config, options)
  try {
    const operator = await buildOperator(app, config, options)
    app.log.debug({ config: maskedConfig(config) }, 'configuration in force')
    const operatorUrl = await opened('METRICS', config.METRICS_HOST, config.METRICS_PORT, async (at) =>
      operator.listen(at),
    )
    const url = await opened('', config.HOST, config.PORT, async (at) => app.listen(at))
    const named = config.METRICS_PORT === 0 ? ` metrics=${operatorUrl}` : ''
    const ready = `ready gateway=${url} corebos=${config.COREBOS_URL}${named}`
    return {
      url,
      operatorUrl,
      ready,
      missing: async () => (await app.missing()).map(({ message }) => message),
      inUse: () => app.inUse.counts(),
      dangers: async () => [...dangersOf(config), ...(await app.corebos.dangers().catch(() => []))],
      close: async () => app.close(),
    }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** What keeps a port from being opened, by the code of the error, in the words of the setting that can change it. */
const obstacles: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `PORT: port ${port} is in use on ${host}`,
  EACCES: (_, port) => `PORT: this user may not open port ${port}`,
  EADDRNOTAVAIL: (host) => `HOST: ${host} is not an address of this machine`,
}

/** @throws ConfigError that names the setting to change, `METRICS_PORT` for example with `METRICS` before */
async function opened(
  before: '' | 'METRICS',
  host: string,
  port: number,
  listen: (at: { host: string; port: number }) => Promise<string>,
): Promise<string> {
  try {
    return await listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const problem = obstacles[code]?.(host, port)
    if (problem === undefined) throw error
    throw new ConfigError([before === '' ? problem : `${before}_${problem}`])
  }
}

/** Milliseconds between two looks at what is missing. */
const lookAgain = 1000

/**
 * Prints the ready line, at once or, after what is missing, when nothing is missing any more.
 *
 * @param pause milliseconds between two looks
 */
export async function announce(
  service: Pick<Service, 'ready' | 'missing'>,
  print: Pick<Console, 'log' | 'error'>,
  pause = lookAgain,
): Promise<void> {
  let said: readonly string[] = []
  for (;;) {
    const lines = await service.missing()
    if (lines.length === 0) break
    if (said.length === 0) print.log(service.ready.replace(/^ready/, 'listening'))
    for (const line of lines) if (!said.includes(line)) print.error(`not ready: ${line}`)
    said = lines
    await setTimeout(pause)
  }
  print.log(service.ready)
}

/**
 * Ends the process with code 0 after `close`, on the first SIGINT or SIGTERM. Further ones change nothing: npm passes
 * on the Ctrl-C that the terminal has sent already. What has not ended after `patience` milliseconds is cut off, code 1.
 */
export function closeOnSignal(close: () => Promise<void>, timeout: number): void {
  let closing = false
  const end = (): void => {
    if (closing) return
    closing = true
    globalThis.setTimeout(() => process.exit(1), timeout).unref()
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGINT', end).on('SIGTERM', end)
}

/** A listening gateway, with its operators' listener, from one configuration; and the end of the process. */
import { setTimeout } from 'node:timers/promises'
import { buildApp, buildOperator, type AppOptions } from './app.ts'
import { ConfigError, maskedConfig, type Config } from './config/config.ts'

export interface Service {
  /** The address of the API. */
  readonly url: string
  /** The address of the operators' listener. */
  readonly operatorUrl: string
  /** Says that requests can be served, and where; exactly one line. */
  readonly ready: string
  /** The reasons why requests cannot be served, one line each, with the setting that can change it. */
  missing(): Promise<readonly string[]>
  /** Resolves when what the first requests need has been read ahead, or could not be read. */
  warmed(): Promise<void>
  /** What is in use at this moment, by kind: zero of each without a request. */
  readonly inUse: () => Readonly<Record<string, number>>
  /** Dangerous rights in coreBOS, one line each. Empty if coreBOS does not answer. */
  dangers(): Promise<readonly string[]>
  /**
   * Is not ready for `delay` milliseconds, while requests are served, so that balancers send no more. Then lets running
   * requests finish, rejects new ones, and ends everything.
   */
  close(delay?: number): Promise<void>
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
      warmed: async () => app.corebos.metadata.settled(),
      inUse: () => app.inUse.counts(),
      dangers: async () => app.corebos.dangers().catch(() => []),
      close: async (delay = 0) => {
        app.leave()
        if (delay > 0) await setTimeout(delay)
        await app.close()
      },
    }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Reasons why a port cannot be opened, by error code, each with the setting that can change it. */
const obstacles: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `PORT: port ${port} is in use on ${host}`,
  EACCES: (_, port) => `PORT: this user may not open port ${port}`,
  EADDRNOTAVAIL: (host) => `HOST: ${host} is not an address of this machine`,
}

/** @throws ConfigError that names the setting to change, with its prefix: `METRICS_PORT` for `METRICS` */
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

/** Milliseconds between two checks of readiness. */
const lookAgain = 1000

/**
 * Prints the ready line: at once, or after the reasons why the gateway is not ready, when none is left.
 *
 * @param pause milliseconds between two checks
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
 * Ends the process with code 0 after `close`, on the first SIGINT or SIGTERM. Further signals have no effect: npm
 * passes on the Ctrl-C that the terminal has sent already. After `timeout` milliseconds the process ends with code 1.
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

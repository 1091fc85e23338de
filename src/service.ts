/** A gateway that listens, with its operators' listener, from one configuration; and how a process ends. */
import { buildApp, buildOperator, type AppOptions } from './app.ts'
import { maskedConfig, type Config } from './config.ts'

export interface Service {
  /** Where requests are answered. */
  readonly url: string
  /** Where operators are answered. */
  readonly operatorUrl: string
  /** Says that requests are accepted, and where; exactly one line. */
  readonly ready: string
  /** Lets running requests finish, refuses new ones, then ends everything. */
  close(): Promise<void>
}

/** @throws ConfigError, or whatever keeps a port from being opened */
export async function startService(config: Config, options: AppOptions = {}): Promise<Service> {
  const app = await buildApp(config, options)
  try {
    const operator = await buildOperator(app, config, options)
    app.log.debug({ config: maskedConfig(config) }, 'configuration in force')
    const operatorUrl = await operator.listen({ host: config.METRICS_HOST, port: config.METRICS_PORT })
    const url = await app.listen({ host: config.HOST, port: config.PORT })
    const named = config.METRICS_PORT === 0 ? ` metrics=${operatorUrl}` : ''
    const ready = `ready gateway=${url} corebos=${config.COREBOS_URL}${named}`
    return { url, operatorUrl, ready, close: async () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/**
 * Ends the process with code 0 after `close`, on the first SIGINT or SIGTERM. Further ones change nothing: npm passes
 * on the Ctrl-C that the terminal has sent already. What has not ended after `patience` milliseconds is cut off, code 1.
 */
export function closeOnSignal(close: () => Promise<void>, patience: number): void {
  let closing = false
  const end = (): void => {
    if (closing) return
    closing = true
    setTimeout(() => process.exit(1), patience).unref()
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGINT', end).on('SIGTERM', end)
}

/** Starts what a test needs on free ports of the loopback address, and ends it with the test. */
import type { Test } from 'tap'
import { readConfig } from '../src/config.ts'
import { startDemoCorebos, type DemoCorebos } from '../src/demo/server.ts'
import { startService, type Service } from '../src/service.ts'

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
  /** The clock of coreBOS. */
  readonly corebosNow?: () => number
}

/** A gateway in front of a demo coreBOS of its own, with limits that no test reaches by accident. */
export async function startGateway(
  t: Test,
  { env = {}, delayMs = 0, now, corebosNow = Date.now }: StartOptions = {},
): Promise<Started> {
  const corebos = await startDemoCorebos({ port: 0, delayMs, now: corebosNow })
  const log: string[] = []
  const settings = {
    COREBOS_URL: corebos.url,
    COREBOS_USER: 'portal',
    COREBOS_ACCESS_KEY: 'portal-access-key',
    PORT: '0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'trace',
    RATE_LIMIT_IP: '1000000/60',
    RATE_LIMIT_CONTACT: '1000000/60',
    RATE_LIMIT_LOGIN: '1000000/60',
    ...env,
  }
  const service = await startService(readConfig(settings), {
    sink: { write: (line) => log.push(line) },
    ...(now === undefined ? {} : { now }),
  })
  t.teardown(async () => {
    await service.close()
    await corebos.close()
  })
  return { ...service, corebos, env: settings, log }
}

/** `npm run demo`: a demo coreBOS and the gateway in front of it, without configuration, and what to try. */
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { ConfigError, readConfig, unknownNames } from '../config/config.ts'
import { closeOnSignal, startService, type Service } from '../service.ts'
import { startOnNamedPort } from './port.ts'
import { offeredLogins, tour } from './tour.ts'

/** Milliseconds that running requests get to finish; a demo ends quickly. */
const closeTimeout = 1000

/** The environment's own settings, each with a value. */
const given = Object.fromEntries(
  Object.entries(process.env).filter(([, value]) => value !== undefined && value !== ''),
)

/** In force where the environment says nothing else. */
function defaultsFor({ PORT = '3000', PUBLIC_URL }: Readonly<Record<string, string | undefined>>) {
  const publicUrl = PUBLIC_URL ?? `http://localhost:${PORT}`
  return {
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'pretty',
    // Any free port: the demo does not advertise metrics.
    METRICS_PORT: '0',
    OPERATOR_TOKEN: randomBytes(12).toString('base64url'),
    PUBLIC_URL: publicUrl,
    // The reference portal uses cookies. Browsers keep them only for these addresses.
    COOKIE_SESSIONS: String(/^(https:|http:\/\/localhost(:|\/|$))/i.test(publicUrl)),
  }
}

/** Fixed settings of the demo coreBOS, which the environment cannot change. */
const ownSettings = (url: string): Record<string, string> => ({
  COREBOS_URL: url,
  COREBOS_USER: 'portal',
  COREBOS_ACCESS_KEY: 'portal-access-key',
})

async function main(): Promise<void> {
  for (const line of unknownNames(process.env)) console.error(`warning: ${line}`)
  for (const name of Object.keys(ownSettings('')))
    if (name in given) console.error(`warning: ${name} is not used: the demo has a coreBOS of its own`)
  const corebos = await startOnNamedPort(given['COREBOS_DEMO_PORT'])
  let service: Service
  let config
  try {
    config = readConfig({ ...defaultsFor(given), ...given, ...ownSettings(corebos.url) })
    service = await startService(config, { logins: offeredLogins(config) })
  } catch (error) {
    await corebos.close()
    throw error
  }
  closeOnSignal(async () => {
    await Promise.race([service.close(), setTimeout(closeTimeout)])
    await corebos.close()
  }, 2 * closeTimeout)
  console.log(tour(service.url, service.operatorUrl, config))
  const ready = `ready gateway=${service.url} corebos=${corebos.url}`
  console.log(given['METRICS_PORT'] === '0' ? service.ready : ready)
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  for (const line of lines) console.error(`error: ${line}`)
  process.exitCode = 1
})

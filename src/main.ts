/** `npm start`: the gateway alone, configured from the environment and `.env`. */
import { existsSync } from 'node:fs'
import { ConfigError, readConfig, unknownNames } from './config/config.ts'
import { dangersOf } from './config/dangers.ts'
import { announce, closeOnSignal, startService } from './service.ts'

async function main(): Promise<void> {
  // Variables that are set already are not overwritten.
  if (existsSync('.env')) process.loadEnvFile('.env')
  for (const line of unknownNames(process.env)) console.error(`warning: ${line}`)

  const config = readConfig(process.env)
  // At once: what coreBOS says of rights may come late, or never.
  for (const line of dangersOf(config)) console.error(`warning: ${line}`)
  const service = await startService(config)
  const delay = config.SHUTDOWN_DELAY * 1000
  closeOnSignal(() => service.close(delay), delay + config.COREBOS_TIMEOUT_MS + 5000)
  await announce(service, console)
  for (const line of await service.dangers()) console.error(`warning: ${line}`)
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  for (const line of lines) console.error(`error: ${line}`)
  process.exitCode = 1
})

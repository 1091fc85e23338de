/** `npm run demo`: a demo coreBOS and the gateway in front of it, without configuration, and what to try. */
import { setTimeout } from 'node:timers/promises'
import { ConfigError, readConfig } from '../config.ts'
import { closeOnSignal, startService, type Service } from '../service.ts'
import { startDemoCorebos } from './server.ts'

/** Milliseconds that running requests get to finish: whoever ends a demo wants it gone. */
const patience = 1000

function corebosPort(): number {
  const text = process.env['COREBOS_DEMO_PORT'] ?? ''
  if (text === '') return 8081
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new ConfigError([
    `COREBOS_DEMO_PORT: expected a whole number from 0 to 65535, got ${JSON.stringify(text)}`,
  ])
}

function tour(url: string, operatorUrl: string): string {
  return `
The gateway listens on ${url}; what it can do: ${url}/docs
For operators: ${operatorUrl}/metrics

Log-ins: alice@example.com / alice-pw, and likewise bob, carol, dave and erin.
Refused: frank@example.com (portal access off), grace@example.com (mapped to an administrator).

Paste this: alice logs in and lists tickets. She gets her own three and the three of her account, Acme.

  TOKEN=$(curl -s ${url}/auth/login -H 'content-type: application/json' \\
    -d '{"username":"alice@example.com","password":"alice-pw"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')

  curl -s "${url}/records/HelpDesk?fields=ticket_title,ticketstatus&count=true" -H "authorization: Bearer $TOKEN"

The same in the query language:

  curl -s ${url}/query -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"query":"select ticket_title from HelpDesk where ticketstatus = '"'Open'"' order by ticket_title"}'

Ctrl-C ends it.
`
}

async function main(): Promise<void> {
  const corebos = await startDemoCorebos({ port: corebosPort() })
  let service: Service
  try {
    service = await startService(
      readConfig({
        LOG_LEVEL: 'warn',
        // Whatever is free, unless said otherwise: nobody has asked the demo for metrics.
        METRICS_PORT: '0',
        ...process.env,
        COREBOS_URL: corebos.url,
        COREBOS_USER: 'portal',
        COREBOS_ACCESS_KEY: 'portal-access-key',
      }),
    )
  } catch (error) {
    await corebos.close()
    throw error
  }
  closeOnSignal(async () => {
    await Promise.race([service.close(), setTimeout(patience)])
    await corebos.close()
  }, 2 * patience)
  console.log(tour(service.url, service.operatorUrl))
  const ready = `ready gateway=${service.url} corebos=${corebos.url}`
  console.log(process.env['METRICS_PORT'] === '0' ? service.ready : ready)
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
  for (const line of lines) console.error(`error: ${line}`)
  process.exitCode = 1
})

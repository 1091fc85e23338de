/** `npm run corebos`: the demo coreBOS alone, for other programs to be pointed at. */
import { startOnNamedPort } from './port.ts'
import { STATES, isState } from './states.ts'

const whole = (name: string, otherwise: number): number => {
  const text = process.env[name] ?? ''
  if (text === '') return otherwise
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`)
  return Number(text)
}

const main = async (): Promise<void> => {
  const state = process.env['COREBOS_DEMO_STATE'] ?? 'demo'
  if (!isState(state))
    throw new Error(`COREBOS_DEMO_STATE must be one of ${STATES.join(', ')}, not "${state}"`)
  const corebos = await startOnNamedPort(process.env['COREBOS_DEMO_PORT'], {
    host: process.env['HOST'] || '127.0.0.1',
    delayMs: whole('COREBOS_DEMO_DELAY_MS', 0),
    state,
  })
  process.stdout.write(`ready corebos=${corebos.url}\n`)
  const stop = (): void => {
    void corebos.close().then(() => process.exit(0))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

/** Starts the demo coreBOS on the port that `COREBOS_DEMO_PORT` names. */
import { startDemoCorebos } from './server.ts'
import type { DemoCorebos, DemoCorebosOptions } from './server.ts'

const NAME = 'COREBOS_DEMO_PORT'
const USUAL = 8081

const readPort = (text: string): number => {
  if (text === '') return USUAL
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new Error(`${NAME}: expected a whole number from 0 to 65535, got ${JSON.stringify(text)}`)
}

const OBSTACLES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'may not be opened by this user',
}

/** Takes the setting's text as the environment has it. Rejects with one line that names the setting. */
export const startOnNamedPort = async (
  text: string | undefined,
  options: Omit<DemoCorebosOptions, 'port'> = {},
): Promise<DemoCorebos> => {
  const port = readPort(text ?? '')
  try {
    return await startDemoCorebos({ ...options, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const obstacle = OBSTACLES[code]
    if (obstacle === undefined) throw error
    throw new Error(`${NAME}: port ${port} ${obstacle}`, { cause: error })
  }
}

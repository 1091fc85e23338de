/** Starts a demo coreBOS to check a policy against, where the installation has one: the image for production has none. */
import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { UsageError } from '../arguments.ts'

interface DemoModule {
  startDemoCorebos(options: { readonly port: number }): Promise<{
    readonly url: string
    close(): Promise<void>
  }>
}

/**
 * Starts a demo coreBOS for as long as `work` takes.
 *
 * @param work is given the settings of the demo's service user
 * @param server the module of the demo; the image is compiled without it, so that its name is not known to the compiler
 * @throws UsageError where there is no demo
 */
export async function withDemo<T>(
  work: (env: Readonly<Record<string, string>>) => Promise<T>,
  server = new URL(`../../demo/server${extname(import.meta.url)}`, import.meta.url),
): Promise<T> {
  if (!existsSync(server))
    throw new UsageError('--demo: this installation holds no demo coreBOS; set COREBOS_URL instead')
  const loaded: unknown = await import(server.href)
  if (!isDemo(loaded)) throw new Error(`${server.href} does not start a demo coreBOS`)
  const corebos = await loaded.startDemoCorebos({ port: 0 })
  try {
    return await work({
      COREBOS_URL: corebos.url,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
    })
  } finally {
    await corebos.close()
  }
}

function isDemo(loaded: unknown): loaded is DemoModule {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'startDemoCorebos' in loaded &&
    typeof loaded.startDemoCorebos === 'function'
  )
}

/** Gateways, each in front of a demo coreBOS, on a thread of their own, outside tap's tracking of promises. */
import { parentPort, workerData } from 'node:worker_threads'
import { beginGateway } from './start.ts'

/** What a gateway of the thread is started with. */
export interface ApartOptions {
  readonly env: Readonly<Record<string, string>>
  /** The time of coreBOS, which then stands still. */
  readonly corebosTime?: number
  /** Every contact is mapped to the service user, whose sessions then read for all with `COREBOS_READS=shared`. */
  readonly isShared?: boolean
}

async function begin({ env, corebosTime, isShared = false }: ApartOptions): ReturnType<typeof beginGateway> {
  const begun = await beginGateway({
    env: { LOG_LEVEL: 'silent', ...env },
    ...(corebosTime !== undefined && { corebosNow: () => corebosTime }),
  })
  if (isShared)
    for (const { values } of begun.corebos.database.records('Contacts')) values.set('portalloginuser', '5')
  return begun
}

// The parent thread passes such options.
const begun = await Promise.all(
  (workerData as { readonly options: readonly ApartOptions[] }).options.map(begin),
)
async function close(): Promise<void> {
  await Promise.all(begun.map(async ({ service }) => service.close()))
  await Promise.all(begun.map(async ({ corebos }) => corebos.close()))
  parentPort?.postMessage('closed')
}
parentPort?.once('message', () => void close())
parentPort?.postMessage(
  begun.map(({ service: { url, operatorUrl }, corebos }) => ({ url, operatorUrl, corebosUrl: corebos.url })),
)

/** Whether the web server of an installation hands out uploaded files to callers without a session. */
import { ask, rowsOf, textAt } from './answer.ts'
import type { Remark } from './diagnosis.ts'
import type { World } from './world.ts'

const subject = 'web server'
/** Below the web root of coreBOS: files of documents, and a copy of each upload under its own name. */
const folders = ['storage', 'cache'] as const
type Folder = (typeof folders)[number]

/** Documents whose files are tried. */
const mostDocuments = 5
/** Milliseconds. */
const timeout = 10_000

/** The status of an address without a session; undefined where there is no answer. */
async function statusOf(address: string): Promise<number | undefined> {
  try {
    const { status } = await fetch(address, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
    return status
  } catch {
    return undefined
  }
}

const isServed = (status: number | undefined): boolean =>
  status !== undefined && status >= 200 && status < 300

/** Documents that have a file in coreBOS, as the service user reads them. */
export async function someDocuments({ service }: World): Promise<readonly unknown[]> {
  const query = `select * from Documents where filelocationtype='I' limit ${mostDocuments};`
  return rowsOf(await ask(service, 'query', { query }))
}

/** The addresses of their files, by folder. */
function addressesOf(rows: readonly unknown[], root: string): Record<Folder, readonly string[]> {
  const told = rows.map((row) => textAt(row, '_downloadurl')).filter((address) => URL.canParse(address))
  const below = told.flatMap((address) => /\/(storage\/.*)$/.exec(address)?.[1] ?? [])
  const names = rows.map((row) => textAt(row, 'filename')).filter((name) => name !== '')
  return {
    // coreBOS names its public address, which may not be the one that is asked here.
    storage: [...new Set([...told, ...below.map((path) => `${root}/${path}`)])],
    cache: names.map((name) => `${root}/cache/${encodeURIComponent(name)}`),
  }
}

/** @returns why the folder counts as served; undefined: nothing shows that it is */
async function served(root: string, folder: Folder, files: readonly string[]): Promise<string | undefined> {
  for (const address of files) {
    if (isServed(await statusOf(address))) return `the file ${address} opens without a session`
  }
  const listing = await statusOf(`${root}/${folder}/`)
  if (isServed(listing)) return `${root}/${folder}/ opens without a session`
  // A folder that is denied answers alike for the folder and for anything below it.
  const missing = await statusOf(`${root}/${folder}/conformance-${Date.now()}.txt`)
  return listing === 403 && missing === 404
    ? `${root}/${folder}/ is there, and files below it are looked up`
    : undefined
}

/**
 * @param documents rows of some documents with files
 * @param url of the installation, with or without `/webservice.php`
 */
export async function servedFiles(documents: readonly unknown[], url: string): Promise<readonly Remark[]> {
  const root = url.replace(/\/webservice\.php$/, '').replace(/\/+$/, '')
  if (isServed(await statusOf(`${root}/conformance-${Date.now()}/`))) {
    const text = 'answers any address, so that it cannot be told whether it serves storage/ and cache/'
    return [{ subject, text, isWarning: true }]
  }
  const files = addressesOf(documents, root)
  const remarks: Remark[] = []
  for (const folder of folders) {
    const why = await served(root, folder, files[folder])
    const text =
      why === undefined
        ? `${folder}/ is not served, as far as can be told`
        : `${folder}/ is served: ${why}; deny it (docs/operations.md)`
    remarks.push({ subject, text, isWarning: why !== undefined })
  }
  return remarks
}

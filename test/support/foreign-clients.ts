/** Clients of coreBOS that others wrote, from the package under `test/clients/`, which is installed when it is first used. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

/** Tests run in the folder of the project, compiled ones too. */
const folder = `${process.cwd()}/test/clients/`

/** @throws Error where the registry of npm cannot be reached */
export async function install(): Promise<void> {
  if (existsSync(`${folder}node_modules/.package-lock.json`)) return
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund']
  await promisify(execFile)('npm', ['ci', ...quiet], { cwd: folder, timeout: 300_000 })
}

type Page = Readonly<Record<string, unknown>>

export interface ListParams {
  readonly filter: Readonly<Record<string, unknown>>
  readonly sort: { readonly field: string; readonly order: string }
  readonly pagination: { readonly page: number; readonly perPage: number }
}

/** The data provider of `react-admin-corebos`. */
export interface DataProvider {
  getList(module: string, params: ListParams): Promise<{ readonly data: unknown; readonly total: number }>
  getManyReference(
    module: string,
    params: ListParams,
  ): Promise<{ readonly data: unknown; readonly total: number }>
  getOne(module: string, params: { readonly id: string }): Promise<{ readonly data: unknown }>
  getMany(module: string, params: { readonly ids: readonly string[] }): Promise<{ readonly data: unknown }>
  create(module: string, params: { readonly data: Page }): Promise<{ readonly data: unknown }>
  update(module: string, params: { readonly data: Page }): Promise<{ readonly data: unknown }>
  delete(module: string, params: { readonly id: string }): Promise<unknown>
  deleteMany(module: string, params: { readonly ids: readonly string[] }): Promise<{ readonly data: unknown }>
}

/** The client of coreBOS that the provider uses, as far as a page calls it itself. */
export interface Connection {
  setURL(url: string): void
  setSession(login: { readonly sessionName: string; readonly userId: string }): void
  doLoginPortal(username: string, password: string, hash: string, entity: string): Promise<unknown>
  doDescribe(modules: string): Promise<unknown>
  doInvoke(operation: string, params: Page, type: string): Promise<unknown>
}

/** The client of a browser: what it imports is given to it by address, since it is text to a loader of tests. */
export async function reactAdmin(): Promise<{
  readonly provider: DataProvider
  readonly connection: Connection
}> {
  const { resolve } = createRequire(`${folder}package.json`)
  const address = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`
  const connectionAt = address(readFileSync(resolve('@corebos/ws-lib/WSClientm.js'), 'utf8'))
  const source = readFileSync(resolve('react-admin-corebos/corebosServerProvider.js'), 'utf8')
  const providerAt = address(source.replace("'@corebos/ws-lib/WSClientm'", JSON.stringify(connectionAt)))
  const provided: unknown = await import(providerAt)
  const connection: unknown = await import(connectionAt)
  const { default: provider } = provided as { readonly default: DataProvider } // its source is in the package
  return { provider, connection: connection as Connection } // likewise
}

type Callback = (error: unknown, result: unknown) => void

export interface NodeVtiger {
  doLogin(callback: Callback): void
  doQuery(query: string, callback: Callback): void
  doDescribe(module: string, callback: Callback): void
  doRetrieve(id: string, callback: Callback): void
  doSync(modifiedTime: number, module: string, callback: Callback): void
  doDelete(id: string, callback: Callback): void
  doUpdate(values: Page, callback: Callback): void
  doCreate(module: string, values: Page, callback: Callback): void
}

/** @param level of what it prints */
export function nodeVtiger(url: string, username: string, accessKey: string, level = 'fatal'): NodeVtiger {
  const Client = createRequire(`${folder}package.json`)('node-vtiger') as new (
    ...options: readonly string[]
  ) => NodeVtiger // its source is in the package
  return new Client(url, username, accessKey, level)
}

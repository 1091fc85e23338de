/** The client library in Chromium: cookie sessions, tabs that share one, and its size. */
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import type * as library from '../../src/client/index.ts'
import { blankPage, noBrowser, startBrowser } from '../support/browser.ts'
import { startGateway } from '../support/start.ts'

/** Compiled tests stand below `dist/test`, sources below `test`; both have the client beside them. */
const isCompiled = import.meta.url.endsWith('.js')
const entry = fileURLToPath(new URL(`../../src/client/index.${isCompiled ? 'js' : 'ts'}`, import.meta.url))

/** The client as one script, which sets `client`. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'client',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

declare const client: typeof library

t.test('the client has at most 6 KB gzipped', async (t) => {
  const bytes = gzipSync(await bundle(), { level: 9 }).length
  t.comment(`${bytes} bytes`)
  t.ok(bytes <= 6_000, `${bytes} bytes`)
})

/** A tab with a client that uses cookies; `gateway` and the number of ended sessions are at `globalThis`. */
async function openTab(
  context: BrowserContext,
  origin: string,
  script: string,
  sent: string[],
): Promise<Page> {
  const page = await blankPage(context, origin)
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    sent.push(`${request.method()} ${pathname}`)
  })
  await page.addScriptTag({ content: script })
  await page.evaluate(() => {
    const gateway = new client.Gateway({ session: 'cookie' })
    const tab = { gateway, ends: 0 }
    gateway.addEventListener(client.sessionEnded, () => (tab.ends += 1))
    Object.assign(globalThis, { tab })
  })
  return page
}

declare const tab: { readonly gateway: library.Gateway; readonly ends: number }

t.test('tabs share a session: one refresh, one end', { skip: noBrowser }, async (t) => {
  let now = Date.now()
  const { url } = await startGateway(t, {
    env: { COOKIE_SESSIONS: 'true', PUBLIC_URL: 'http://localhost' },
    now: () => now,
  })
  const origin = url.replace('127.0.0.1', 'localhost')
  const script = await bundle()
  const context = await (await startBrowser(t)).newContext()
  const sent: string[] = []
  const [one, two] = [
    await openTab(context, origin, script, sent),
    await openTab(context, origin, script, sent),
  ]
  await one.evaluate(async () => tab.gateway.login({ username: 'alice@example.com', password: 'alice-pw' }))
  const list = async (page: Page): Promise<number> =>
    page.evaluate(async () => (await tab.gateway.records('HelpDesk').list({ limit: 1 })).records.length)
  t.equal(await list(two), 1, 'the other tab is logged in as well')
  t.equal(
    await two.evaluate(() => JSON.stringify(Reflect.get(globalThis, 'localStorage')).includes('eyJ')),
    false,
    'no token in storage',
  )

  const state = await two.evaluate(async () => client.sharedStore().read())
  t.strictSame(Object.keys(state ?? {}), ['generation', 'expiresAt'], 'no token is stored')

  now += 11 * 60_000
  t.strictSame(await Promise.all([list(one), list(two), list(one), list(two)]), [1, 1, 1, 1])
  t.equal(sent.filter((line) => line === 'POST /auth/refresh').length, 1, sent.join(', '))

  await one.evaluate(async () => tab.gateway.logout())
  await two.waitForFunction(() => tab.ends === 1)
  t.notOk(await two.evaluate(async () => tab.gateway.isLoggedIn()))
})

t.test('an upload in a browser reports its progress', { skip: noBrowser }, async (t) => {
  const { url } = await startGateway(t, {
    env: { COOKIE_SESSIONS: 'true', PUBLIC_URL: 'http://localhost' },
  })
  const context = await (await startBrowser(t)).newContext()
  const page = await openTab(context, url.replace('127.0.0.1', 'localhost'), await bundle(), [])
  const seen = await page.evaluate(async () => {
    const progress: [number, number][] = []
    await tab.gateway.login({ username: 'alice@example.com', password: 'alice-pw' })
    const file = new File([new Uint8Array(300_000).fill(65)], 'notes.txt', { type: 'text/plain' })
    const { id } = await tab.gateway.upload(file, { onProgress: (...step) => progress.push(step) })
    return { progress, size: (await tab.gateway.download(id)).size }
  })
  const [sent, total] = seen.progress.at(-1) ?? []
  t.equal(sent, total)
  t.equal(seen.size, 300_000)
})

/** The reference portal in Chromium: a gateway that serves it, people who log in, and screenshots. */
import { mkdirSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { buildPortal } from '../../src/tools/build/portal.ts'
import { credentialsOf, modes, startPortal, type Mode, type Portal, type PortalOptions } from './portal.ts'
import { isThorough } from './thorough.ts'

/** A browser takes its time: `npm test` goes through the journeys in one log-in mode, `npm run prove` in all three. */
export const journeyModes: readonly Mode[] = isThorough ? modes : ['portal']

/** Compiled tests run beside a portal that is built already. */
export async function builtPortal(): Promise<void> {
  if (import.meta.url.endsWith('.ts')) await buildPortal('dist')
}

export interface ReferencePortal extends Portal {
  /** The address on which browsers keep cookies without TLS. */
  readonly origin: string
}

export async function startReferencePortal(t: Test, options: PortalOptions = {}): Promise<ReferencePortal> {
  await builtPortal()
  const env = { COOKIE_SESSIONS: 'true', PUBLIC_URL: 'http://localhost', ...options.env }
  const portal = await startPortal(t, { ...options, env })
  return { ...portal, origin: portal.url.replace('127.0.0.1', 'localhost') }
}

/** One person with a browser profile of its own. */
export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  /** Requests to the gateway so far: `GET /me`. */
  readonly sent: string[]
  /** What the browser complained about. */
  readonly complaints: string[]
  readonly go: (hash: string) => Promise<void>
}

export async function personAt(
  browser: Browser,
  { origin }: Pick<ReferencePortal, 'origin'>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Person> {
  // A notice that fades in has less contrast than it will have; without motion nothing fades.
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const sent: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (request.url().startsWith(origin)) sent.push(`${request.method()} ${pathname}`)
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // Answers such as 401 are a part of the test.
    const isAnswer = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text())
  })
  const go = async (hash: string): Promise<void> => {
    await page.goto(`${origin}/${hash}`)
    await settled(page)
  }
  return { page, context, sent, complaints, go }
}

/** Resolves when the page has loaded what it shows. */
export async function settled(page: Page): Promise<void> {
  // The page follows its address in the next frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  await page.locator('.skeleton, [aria-busy=true]').first().waitFor({ state: 'detached' })
}

export async function logIn({ page, go }: Person, name: string, mode: Mode = 'portal'): Promise<void> {
  const { username, password } = credentialsOf(name, mode)
  await go('')
  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', password)
  if (name === 'emil') await page.check('input[type=checkbox]')
  await page.click('button[type=submit]')
  await page.getByRole('heading', { level: 1, name: /^(Hello|Home)/ }).waitFor()
  await settled(page)
}

/** `npm run prove` writes what the page looks like to `test/screens/`, for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!isThorough) return
  mkdirSync('test/screens', { recursive: true })
  await page.screenshot({
    path: `test/screens/${name}.png`,
    fullPage: (page.viewportSize()?.width ?? 0) > 600,
  })
}

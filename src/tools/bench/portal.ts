/** The rows of the table `portal`: how long a person waits for the reference portal, in Chromium in front of the demo coreBOS. */
import { performance } from 'node:perf_hooks'
import type { Browser } from 'playwright-core'
import { hasChromium, launchChromium } from './chromium.ts'
import { quantile } from './load.ts'
import { startGateway, startUpstream } from './stand.ts'

export interface PortalRow {
  readonly name: string
  /** Milliseconds until everything is shown. */
  readonly p50: number
  readonly slowest: number
  /** Requests of the browser. */
  readonly requests: number
}

interface Step {
  readonly ms: number
  readonly requests: number
}

const names = ['log-in page', 'home after the log-in', 'home again'] as const
type Name = (typeof names)[number]
type Steps = Readonly<Record<Name, Step>>

/** Contacts one after the other, each with a browser profile of its own. The first one also warms up the gateway. */
const people = ['alice', 'bob', 'carol', 'dave', 'erin']

/** @returns nothing where Chromium is not installed */
export async function measurePortal(): Promise<PortalRow[]> {
  if (!hasChromium) return []
  const upstream = await startUpstream({})
  const gateway = await startGateway(upstream.url, { COOKIE_SESSIONS: 'true', PUBLIC_URL: 'http://localhost' })
  const browser = await launchChromium()
  try {
    const measured: Steps[] = []
    for (const name of people) measured.push(await visit(browser, gateway.url.replace('127.0.0.1', 'localhost'), name))
    return names.map((name) => rowOf(name, measured.map((steps) => steps[name])))
  } finally {
    await browser.close()
    await gateway.end()
    await upstream.end()
  }
}

function rowOf(name: string, steps: readonly Step[]): PortalRow {
  const times = steps.map(({ ms }) => ms)
  return {
    name,
    p50: quantile(times, 0.5),
    slowest: Math.max(...times),
    requests: Math.max(...steps.map(({ requests }) => requests)),
  }
}

async function visit(browser: Browser, url: string, name: string): Promise<Steps> {
  const context = await browser.newContext({ locale: 'en-GB' })
  const page = await context.newPage()
  let requests = 0
  page.on('request', () => requests++)
  const timed = async (act: () => Promise<unknown>, shown: () => Promise<unknown>): Promise<Step> => {
    requests = 0
    const began = performance.now()
    await act()
    await shown()
    return { ms: performance.now() - began, requests }
  }
  const home = async (): Promise<void> => {
    await page.getByRole('heading', { name: `Hello ${name}` }).waitFor()
    await page.locator('.skeleton, [aria-busy=true]').first().waitFor({ state: 'detached' })
  }
  const username = page.locator('input[name=username]')
  try {
    const first = await timed(
      async () => page.goto(url),
      async () => username.waitFor(),
    )
    await username.fill(`${name}@example.com`)
    await page.locator('input[name=password]').fill(`${name}-pw`)
    const second = await timed(async () => page.locator('button[type=submit]').click(), home)
    const third = await timed(async () => page.reload(), home)
    return { 'log-in page': first, 'home after the log-in': second, 'home again': third }
  } finally {
    await context.close()
  }
}

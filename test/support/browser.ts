/** Chromium for tests of pages: one browser a test, ended with it. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { hasChromium, launchChromium } from '../../src/tools/bench/chromium.ts'

/** Why tests of pages are skipped; false where they are not. */
export const noBrowser = !hasChromium && 'skipped: chromium is missing'

export async function startBrowser(t: Test): Promise<Browser> {
  const browser = await launchChromium()
  t.teardown(async () => browser.close())
  return browser
}

/** A page of the origin that holds nothing but what the test puts there. */
export async function blankPage(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage()
  const url = `${origin}/blank`
  // tsx names functions by a helper that the page does not have.
  await page.addInitScript('globalThis.__name = (named) => named')
  await page.route(url, async (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
  await page.goto(url)
  return page
}

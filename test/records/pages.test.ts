/** Pages in Chromium: the documentation at `/docs`, and a form that is made of metadata alone. */
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { startPortal, stored, type Portal } from '../support/portal.ts'
import { sample } from '../support/thorough.ts'

/** Pictures of the pages, for people to look at. */
const screens = 'test/screens'
mkdirSync(screens, { recursive: true })

async function tokenOf(portal: Portal): Promise<string> {
  const body = { username: 'alice@example.com', password: 'alice-pw' }
  return String((await portal.as(undefined, 'POST', '/auth/login', { body })).body['accessToken'])
}

/** What a page complains of, violations of its policy included. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return complaints
}

async function tryOut(t: Test, page: Page, token: string): Promise<void> {
  await page.click('.auth-wrapper .authorize')
  await page.fill('.auth-container input', token)
  await page.click('.auth-btn-wrapper .authorize')
  await page.click('.auth-btn-wrapper .btn-done')
  const route = '#operations-auth-getMe'
  await page.click(`${route} .opblock-summary-control`)
  await page.click(`${route} .try-out__btn`)
  await page.click(`${route} .execute`)
  const status = page.locator(`${route} .live-responses-table tbody .response-col_status`).first()
  t.match(await status.textContent(), /^200/, 'Try it out reaches the gateway')
  t.match(await page.locator(`${route} .live-responses-table`).textContent(), /alice@example\.com/)
}

/** With the examples that the page fills in. */
async function tryOutLists(t: Test, page: Page): Promise<void> {
  for (const name of ['listRecords', 'aggregateRecords']) {
    const list = `#operations-records-${name}`
    await page.click(`${list} .opblock-summary-control`)
    await page.click(`${list} .try-out__btn`)
    await page.fill(`${list} input[placeholder="module"]`, 'HelpDesk')
    await page.click(`${list} .execute`)
    const listed = page.locator(`${list} .live-responses-table tbody .response-col_status`).first()
    t.match(await listed.textContent(), /^200/, `${name} is answered as it is filled in`)
  }
}

t.test('/docs is read and tried from every address that shows it', { skip: noBrowser }, async (t) => {
  const portal = await startPortal(t, { env: { HOST: '0.0.0.0' } })
  const { port } = new URL(portal.url)
  const token = await tokenOf(portal)
  const browser = await startBrowser(t)
  for (const host of sample(['127.0.0.1', 'localhost'], 1)) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints = complaintsOf(page)
    const response = await page.goto(`http://${host}:${port}/docs`)
    const { 'content-security-policy': policy = '' } = response?.headers() ?? {}
    t.match(policy, /script-src 'self'(?: '[^u][^']*')*;/, 'scripts come from the gateway alone')
    t.notMatch(policy, /script-src[^;]*unsafe/)
    await page.waitForSelector('.opblock-tag')
    t.equal(await page.title(), 'coreBOS portal gateway')
    const text = (await page.textContent('body')) ?? ''
    for (const words of ['Getting started', 'accessToken', 'Types and time zones', 'why is a field missing'])
      t.match(text, words)
    t.equal(
      await page.locator('.opblock-tag small').count(),
      await page.locator('.opblock-tag').count(),
      'groups are described',
    )
    const picture = await page.locator('.topbar-wrapper img[height="40"]').first().getAttribute('src')
    t.match(atob(picture?.split('base64,')[1] ?? ''), /coreBOS portal gateway/, 'the name of the project')
    await page.screenshot({ path: `${screens}/docs.png` })
    await tryOut(t, page, token)
    if (host === 'localhost') await tryOutLists(t, page)
    await page.screenshot({ path: `${screens}/docs-tried-${host}.png` })
    t.strictSame(complaints, [], `no error in the console from ${host}`)
    await page.close()
  }
})

t.test('a form that knows the metadata alone creates a ticket', { skip: noBrowser }, async (t) => {
  const portal = await startPortal(t)
  const page = await (await startBrowser(t)).newPage()
  const complaints = complaintsOf(page)
  const html = await readFile('test/support/form.html', 'utf8')
  await page.route(`${portal.url}/form`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
  await page.goto(`${portal.url}/form`)
  await page.evaluate(`show('HelpDesk', ${JSON.stringify(await tokenOf(portal))}, 'es')`)
  await page.waitForSelector('form:not([hidden])')
  t.match(await page.textContent('form'), /Referencia \*/, 'labels in the language of the page')
  await page.click('button')
  t.equal(await page.textContent('output'), '', 'a mandatory field is asked for first')
  await page.fill('[name=ticket_title]', 'Made of metadata')
  await page.fill('[name=description]', 'Two\nlines')
  await page.selectOption('[name=ticketstatus]', { label: 'Abierta' })
  await page.screenshot({ path: `${screens}/form.png`, fullPage: true })
  await page.click('button')
  await page.waitForFunction("document.querySelector('output').textContent !== ''")
  const id = (await page.textContent('output')) ?? ''
  t.match(id, /^17x[0-9]+$/)
  const expected = { ticket_title: 'Made of metadata', ticketstatus: 'Open', parent_id: '12x8549' }
  t.match(await stored(portal.admin, id), expected)
  t.strictSame(complaints, [])
})

/** Every page of the reference portal in Chromium: what it shows, that axe finds nothing, and what it looks like. */
import t, { type Test } from 'tap'
import { violations } from '../support/axe.ts'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { credentialsOf } from '../support/portal.ts'
import {
  journeyModes,
  logIn,
  personAt,
  screenshot,
  settled,
  startReferencePortal,
  type Person,
} from '../support/reference-portal.ts'
import { sample, times } from '../support/thorough.ts'

/** Pages by the name of their screenshot, with a text that each of them shows. */
const pages: readonly (readonly [name: string, hash: string, text: string])[] = [
  ['home', '#/', 'Unpaid invoices'],
  ['tickets', '#/tickets', 'alice ticket 1'],
  ['ticket', '#/tickets/17x8625', 'When will this be done?'],
  ['ticket-new', '#/tickets/new', 'Send ticket'],
  ['ticket-edit', '#/tickets/17x8625/edit', 'Save'],
  ['invoices', '#/invoices', 'Acme invoice 1'],
  ['invoice', '#/invoices/7x8568', 'Widget'],
  ['quotes', '#/quotes', 'alice quote'],
  ['orders', '#/orders', 'alice order'],
  ['projects', '#/projects', 'alice project'],
  ['project', '#/projects/33x8576', 'Acme milestone'],
  ['documents', '#/documents', 'alice doc'],
  ['document', '#/documents/15x8644', 'alice.txt'],
  ['assets', '#/Assets', 'alice asset'],
  ['asset', '#/Assets/29x8580', 'SNAcme'],
  ['contracts', '#/ServiceContracts', 'alice contract'],
  ['products', '#/Products', 'Widget'],
  ['help', '#/help', 'How to pay'],
  ['search', '#/search?q=alice', 'alice asset'],
  ['profile', '#/profile', 'This device'],
  ['missing', '#/cbCalendar', 'This page does not exist'],
]

/** Looks at every page and writes the screenshots. */
async function lookAt(t: Test, person: Person, kind: string): Promise<void> {
  for (const [name, hash, text] of sample(pages, 4)) {
    await person.go(hash)
    await person.page.locator('main').getByText(text).first().waitFor()
    t.equal(await person.page.locator('h1').count(), 1, `${name} has one heading`)
    t.strictSame(await violations(person.page), [], `${name}, ${kind}`)
    await screenshot(person.page, `${name}-${kind}`)
    const { width = 0, height = 0 } = person.page.viewportSize() ?? {}
    // WCAG asks for pages that need no scrolling to the side at 320 pixels.
    for (const each of new Set([width, 320])) {
      await person.page.setViewportSize({ width: each, height })
      const wider = await person.page.evaluate('document.documentElement.scrollWidth - innerWidth')
      t.equal(wider, 0, `${name} is as wide as a window of ${each} pixels`)
    }
    await person.page.setViewportSize({ width, height })
  }
}

for (const mode of journeyModes) {
  t.test(`pages in ${mode} mode`, { skip: noBrowser, timeout: 600_000 }, async (t) => {
    const portal = await startReferencePortal(t, { mode })
    const browser = await startBrowser(t)
    const desktop = await personAt(browser, portal, { viewport: { width: 1280, height: 850 } })
    const phone = await personAt(browser, portal, {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    })
    const received: string[] = []
    desktop.page.on('response', (response) => {
      void response.text().then(
        (text) => received.push(text),
        () => undefined,
      )
    })

    await t.test('the log-in page', async (t) => {
      await desktop.go('')
      t.strictSame(await violations(desktop.page), [])
      await screenshot(desktop.page, 'login-desktop-light')
    })

    await t.test('on a desktop in light', async (t) => {
      await logIn(desktop, 'alice', mode)
      await lookAt(t, desktop, 'desktop-light')
    })

    await t.test('on a phone in the dark', async (t) => {
      await logIn(phone, 'alice', mode)
      await lookAt(t, phone, 'phone-dark')
      const { page } = phone
      await page.getByRole('button', { name: 'Menu' }).click()
      await page.getByRole('dialog').getByRole('link', { name: 'Documents' }).waitFor()
      t.strictSame(await violations(page), [], 'the menu')
      await screenshot(page, 'menu-phone-dark')
      await page.keyboard.press('Escape')
    })

    await t.test('by keyboard alone', async (t) => {
      const { page } = desktop
      await desktop.go('#/')
      await page.reload()
      await settled(page)
      await page.keyboard.press('Tab')
      t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
      await page.keyboard.press('Enter')
      t.equal(await page.evaluate('document.activeElement.id'), 'main')
      await page
        .getByRole('navigation', { name: 'Menu' })
        .getByRole('link', { name: 'Tickets' })
        .press('Enter')
      // The heading has the focus as soon as it is shown, but not in the same step.
      await page.locator('h1:focus', { hasText: 'Tickets' }).waitFor()
      await settled(page)
      // The new page takes the focus after it was drawn.
      await page.locator('h1:focus').waitFor()
      await page.getByRole('link', { name: 'alice ticket 2' }).press('Enter')
      await page.getByRole('heading', { level: 1, name: 'alice ticket 2' }).waitFor()
    })

    await t.test('images and PDF are shown, and files are downloaded', async (t) => {
      const { page } = desktop
      await desktop.go('#/documents')
      await page.getByRole('button', { name: 'Upload' }).click()
      await page.locator('input[type=file]').setInputFiles([
        { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') },
        { name: 'page.pdf', mimeType: 'application/pdf', buffer: Buffer.from(pdf) },
      ])
      await page.getByRole('link', { name: 'dot', exact: true }).click()
      await page.locator('img.preview-image').waitFor()
      t.equal(await page.evaluate('document.querySelector("img.preview-image").naturalWidth'), 1)
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download' }).click()
      t.equal((await download).suggestedFilename(), 'dot.png')
      await desktop.go('#/documents')
      await page.getByRole('link', { name: 'page', exact: true }).click()
      await page.locator('iframe.preview').waitFor()
      await desktop.go('#/invoices/7x8568')
      const invoice = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download PDF' }).click()
      t.equal((await invoice).suggestedFilename(), 'Acme invoice 1.pdf')
      await page.getByRole('link', { name: 'Acme', exact: true }).waitFor()
    })

    await t.test('a change of the own data is saved and undone', async (t) => {
      const { page } = desktop
      await desktop.go('#/profile')
      await page.getByLabel('Mobile').fill('+49 30 1234')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      await settled(page)
      t.equal(await page.getByLabel('Mobile').inputValue(), '+49 30 1234')
      await page.getByRole('button', { name: 'Undo' }).click()
      await page.getByText('The change was undone.').waitFor()
      await settled(page)
      t.equal(await page.getByLabel('Mobile').inputValue(), '')
    })

    await t.test('sessions are listed, and another one is ended', async (t) => {
      const { page } = desktop
      await desktop.go('#/profile')
      t.equal(await page.getByText('This device').count(), 1)
      await page
        .getByRole('button', { name: /^End session/ })
        .first()
        .click()
      await page.getByText('The session was ended.').waitFor()
      await phone.go('#/tickets')
      await phone.page.getByText('Your session has ended.').waitFor()
      t.equal(
        await phone.page.locator('input[name=username]').inputValue(),
        credentialsOf('alice', mode).username,
      )
    })

    await t.test('nothing of carol is in any page, answer or storage', async (t) => {
      const stored = await desktop.page.evaluate(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])',
      )
      t.ok(received.length > times(50, 100))
      t.notMatch([...received, String(stored)].join('\n'), /carol/i)
      t.notMatch(String(stored), /eyJ/, 'no token in storage')
    })

    await t.test('the browser has nothing to complain about', async (t) => {
      t.strictSame(desktop.complaints, [])
      t.strictSame(phone.complaints, [])
    })
  })
}

const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`

/** The reference portal in Chromium: two contacts at the same time, from the log-in to a ticket with files and comments. */
import t from 'tap'
import { violations } from '../support/axe.ts'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { credentialsOf } from '../support/portal.ts'
import {
  journeyModes,
  logIn,
  personAt,
  settled,
  startReferencePortal,
  type Person,
} from '../support/reference-portal.ts'

const count = (sent: readonly string[], line: string | RegExp): number =>
  sent.filter((each) => (typeof line === 'string' ? each === line : line.test(each))).length

for (const mode of journeyModes) {
  t.test(`alice and bob in ${mode} mode`, { skip: noBrowser, timeout: 240_000 }, async (t) => {
    const portal = await startReferencePortal(t, { mode })
    const browser = await startBrowser(t)
    const alice = await personAt(browser, portal)
    const bob = await personAt(browser, portal, { locale: 'de-DE', viewport: { width: 390, height: 844 } })

    await t.test('a wrong password is said, and the right one leads to the first page', async (t) => {
      const { page } = alice
      await alice.go('')
      await page.fill('input[name=username]', credentialsOf('alice', mode).username)
      await page.fill('input[name=password]', 'wrong')
      await page.click('button[type=submit]')
      await page.getByText('These details are not right.').waitFor()
      t.strictSame(await violations(page), [], 'the log-in with an error')
      const forgotten = page.getByRole('button', { name: 'Forgot your password?' })
      if (mode === 'user') t.equal(await forgotten.count(), 0, 'users of the CRM ask there')
      else {
        await forgotten.click()
        await page.getByRole('heading', { level: 1, name: 'Forgotten password' }).waitFor()
        t.strictSame(await violations(page), [], 'the forgotten password')
      }
      alice.sent.length = 0
      await logIn(alice, 'alice', mode)
      t.equal(await page.title(), 'Hello alice – Customer portal')
      t.strictSame(await page.locator('#home-HelpDesk .count').textContent(), '4')
      const once = ['GET /', 'GET /portal/settings.json', 'POST /auth/login', 'GET /me', 'GET /modules']
      for (const line of once) t.equal(count(alice.sent, line), 1, line)
      for (const module of ['HelpDesk', 'Invoice', 'Project', 'Documents']) {
        t.equal(count(alice.sent, `GET /modules/${module}`), 1, module)
        t.equal(count(alice.sent, `GET /modules/${module}/records`), 1, module)
      }
      const api = alice.sent.filter((line) => !line.includes('/portal/'))
      t.equal(api.length, 4 + 8 + 1, api.join(', '))
    })

    await t.test('bob does the same on a phone in German', async (t) => {
      const { page } = bob
      await bob.go('')
      t.equal(await page.locator('html').getAttribute('lang'), 'de')
      const { username, password } = credentialsOf('bob', mode)
      await page.fill('input[name=username]', username)
      await page.fill('input[name=password]', password)
      await page.getByRole('button', { name: 'Anmelden' }).click()
      await page.getByRole('heading', { name: 'Hallo bob' }).waitFor()
      await page
        .getByText(/254,00\s€/)
        .first()
        .waitFor()
      t.equal(
        await page.evaluate('document.documentElement.scrollWidth'),
        390,
        'nothing is wider than the phone',
      )
    })

    await t.test('the list is searched, filtered, sorted, and its state is in the address', async (t) => {
      const { page } = alice
      await alice.go('#/tickets')
      const titles = async (): Promise<string[]> => page.locator('.records .main a').allTextContents()
      const rows = async (length: number): Promise<void> =>
        page.locator('.records .main').nth(length).waitFor({ state: 'detached' })
      t.equal((await titles()).length, 6)
      await page.getByLabel('Status').selectOption('Closed')
      await rows(2)
      t.match(page.url(), /#\/tickets\?ticketstatus=Closed$/)
      await page.getByRole('button', { name: 'Clear filters' }).click()
      await page.getByRole('button', { name: 'Title' }).click()
      await page.locator('th[aria-sort=ascending]').waitFor()
      await settled(page)
      const sorted = await titles()
      t.strictSame(sorted, sorted.toSorted())
      await page.getByRole('group', { name: 'Filters' }).getByLabel('Search').fill('alice ticket 2')
      await rows(1)
      await page.reload()
      await settled(page)
      t.strictSame(await titles(), ['alice ticket 2'])
      await page.getByRole('group', { name: 'Filters' }).getByLabel('Search').fill('no such ticket')
      await page.getByText('Nothing fits these filters.').waitFor()
    })

    await t.test('a ticket with a file is opened, and what a title says stays text', async (t) => {
      const { page } = alice
      const title = `<script>document.title='x'</script><img src=x onerror=alert(1)> ${'é'.repeat(3)}`
      await alice.go('#/tickets/new')
      await page.getByLabel('Title').fill(title)
      await page.getByLabel('Description').fill('The <b>third</b> floor.\nSecond line')
      await page.locator('input[type=file]').setInputFiles([
        { name: 'photo of <b>.txt', mimeType: 'text/plain', buffer: Buffer.from('abc') },
        { name: 'virus.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('abc') },
      ])
      await page.getByText('Files of this type are not accepted').first().waitFor()
      await page.getByRole('button', { name: 'Remove virus.exe' }).click()
      await page.getByRole('button', { name: 'Send ticket' }).click()
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
      await page.getByRole('link', { name: 'photo of <b>' }).waitFor()
      t.equal(await page.title(), `${title} – Customer portal`)
      t.match(await page.locator('.column-main .text').first().textContent(), /<b>third<\/b>/)
      t.equal(count(alice.sent, 'POST /documents'), 1)
      t.equal(await page.locator('script:not([src]), main img').count(), 0)
    })

    await t.test(
      'the same ticket is read and answered by bob, closed by alice, and the closing undone',
      async (t) => {
        const [path = ''] = /#\/tickets\/17x\d+/.exec(alice.page.url()) ?? []
        await comment(alice, 'Is somebody there? <script>alert(1)</script>')
        const { page } = alice
        await page.getByRole('button', { name: 'Close ticket' }).click()
        await page.getByText('The status is now “Closed”.').waitFor()
        await page.getByRole('button', { name: 'Undo' }).click()
        await page.getByText('The status is now “Open”.').waitFor()

        await bob.go(path)
        t.equal(
          await bob.page.locator('h1').textContent(),
          'Diese Seite gibt es nicht',
          'tickets of a colleague are not there',
        )
      },
    )

    await t.test('the browser has nothing to complain about', async (t) => {
      t.strictSame(alice.complaints, [])
      t.strictSame(bob.complaints, [])
    })
  })
}

async function comment({ page }: Person, text: string): Promise<void> {
  await page.getByLabel('Your comment').fill(text)
  await page.getByRole('button', { name: 'Send comment' }).click()
  await page.locator('.comment .text', { hasText: text }).waitFor()
}

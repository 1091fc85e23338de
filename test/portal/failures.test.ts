/** What the reference portal does when things go wrong: ended sessions, other tabs, no network, busy servers, other writers. */
import t from 'tap'
import { violations } from '../support/axe.ts'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { credentialsOf, type Mode } from '../support/portal.ts'
import {
  journeyModes,
  logIn,
  personAt,
  settled,
  startReferencePortal,
  type Person,
} from '../support/reference-portal.ts'

const storage = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'
const ticket = '17x8625'

async function logInAgain({ page }: Person, name: string, mode: Mode): Promise<void> {
  const { username, password } = credentialsOf(name, mode)
  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.locator('main#main').waitFor()
  await settled(page)
}

for (const mode of journeyModes) {
  t.test(`when things go wrong in ${mode} mode`, { skip: noBrowser, timeout: 300_000 }, async (t) => {
    const portal = await startReferencePortal(t, { mode, env: { UPLOAD_MAX_BYTES: '1 KiB' } })
    const browser = await startBrowser(t)
    const alice = await personAt(browser, portal)
    const { page, context } = alice
    await logIn(alice, 'alice', mode)
    /** Elsewhere, all sessions of alice are ended. */
    const endSessions = async (): Promise<void> => {
      const { body } = await portal.as(undefined, 'POST', '/auth/login', {
        body: credentialsOf('alice', mode),
      })
      const headers = { authorization: `Bearer ${String(body['accessToken'])}` }
      await portal.as(undefined, 'POST', '/auth/logout-all', { headers })
    }

    await t.test('a draft survives a session that has ended, for the same contact only', async (t) => {
      await alice.go(`#/tickets/${ticket}`)
      await page.getByLabel('Your comment').fill('half a comment')
      await endSessions()
      await page.getByRole('button', { name: 'Send comment' }).click()
      await page.getByText('Your session has ended.').waitFor()
      t.equal(await page.locator('input[name=username]').inputValue(), credentialsOf('alice', mode).username)
      await logInAgain(alice, 'alice', mode)
      t.equal(await page.getByLabel('Your comment').inputValue(), 'half a comment')
      await page.getByText('Your draft was restored.').waitFor()

      await endSessions()
      await page.getByRole('button', { name: 'Send comment' }).click()
      await page.getByText('Your session has ended.').waitFor()
      await logInAgain(alice, 'bob', mode)
      t.equal(await page.locator('h1').textContent(), 'This page does not exist')
      t.notMatch(String(await page.evaluate(storage)), /half a comment/)
    })

    await t.test('files chosen for a new ticket survive a session that has ended', async (t) => {
      await page.getByRole('button', { name: 'Log out' }).first().click()
      await page.getByText('You are logged out.').waitFor()
      await logInAgain(alice, 'alice', mode)
      const file = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })
      await alice.go('#/tickets/new')
      await page.getByLabel('Title').fill('with files')
      await page.locator('input[type=file]').setInputFiles([file('one.txt'), file('two.txt')])
      await endSessions()
      await page.getByRole('button', { name: 'Send ticket' }).click()
      await page.getByText('Your session has ended.').waitFor()
      await logInAgain(alice, 'alice', mode)
      t.equal(await page.getByLabel('Title').inputValue(), 'with files')
      t.strictSame(await page.locator('.sending-name').allInnerTexts(), [
        'one.txt 7 bytes',
        'two.txt 7 bytes',
      ])

      // A reload of the page loses files, which is said.
      await page.reload()
      await settled(page)
      await page.getByText('Choose these files again, they were not sent: one.txt, two.txt').waitFor()
      await page.locator('input[type=file]').setInputFiles([file('one.txt'), file('two.txt')])

      // The session ends after the ticket was created and before its files have arrived.
      await page.route('**/documents', async (route) => {
        await endSessions()
        await route.continue()
        await page.unroute('**/documents')
      })
      await page.getByRole('button', { name: 'Send ticket' }).click()
      await page.getByText('Your session has ended.').waitFor()
      await logInAgain(alice, 'alice', mode)
      await page.getByText('Your ticket was created, but not every file arrived.').waitFor()
      t.same(await violations(page), [])
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('heading', { level: 1, name: 'with files' }).waitFor()
      // The files of a ticket are read after the ticket itself.
      await page.locator('.files a').nth(1).waitFor()
      t.strictSame(
        await page
          .locator('.files a')
          .allTextContents()
          .then((names) => names.sort()),
        ['one', 'two'],
      )
      const { body } = await portal.as(
        'alice',
        'GET',
        '/modules/HelpDesk/records?filter[ticket_title]=with files',
      )
      t.equal(body.records?.length, 1, 'there is one ticket')
      await alice.go('#/tickets/new')
      t.equal(await page.locator('.sending-name').count(), 0)

      await page.locator('input[type=file]').setInputFiles([file('secret.txt')])
      await endSessions()
      await page.getByLabel('Title').fill('x')
      await page.getByRole('button', { name: 'Send ticket' }).click()
      await page.getByText('Your session has ended.').waitFor()
      await logInAgain(alice, 'bob', mode)
      t.equal(await page.getByText('secret.txt').count(), 0, 'files are not kept for another contact')
    })

    await t.test('tabs share one session: another contact, and the log-out', async (t) => {
      const other = await context.newPage()
      await other.goto(`${portal.origin}/#/help`)
      await settled(other)
      await other.getByRole('button', { name: 'Log out' }).first().click()
      await other.getByText('You are logged out.').waitFor()
      await page.getByText('You are logged out.').waitFor()
      t.equal(await page.evaluate(storage), '[{},{}]')
      await logInAgain(alice, 'alice', mode)
      await other.getByRole('heading', { level: 1, name: 'Knowledge base' }).waitFor()
      await other.getByText('alice Aliceson').first().waitFor()
      await other.close()
    })

    await t.test('a record that was changed in the CRM meanwhile is not overwritten unseen', async (t) => {
      await alice.go(`#/tickets/${ticket}/edit`)
      await page.getByLabel('Title').fill('my title')
      await portal.admin.result('revise', { element: { id: ticket, ticket_title: 'their title' } })
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Meanwhile, the record was changed.').waitFor()
      const row = page.getByRole('row', { name: /^Title/ })
      t.equal(await row.textContent(), 'Titletheir titlemy title')
      t.strictSame(await violations(page), [], 'both versions')
      await page.getByRole('button', { name: 'Save my version' }).click()
      await page.getByRole('heading', { level: 1, name: 'my title' }).waitFor()

      await alice.go(`#/tickets/${ticket}`)
      await portal.admin.result('revise', { element: { id: ticket, ticketstatus: 'In Progress' } })
      await page.getByRole('button', { name: 'Close ticket' }).click()
      await page.getByText('Meanwhile, the ticket was changed.').waitFor()
      await page.locator('h1 + .badge', { hasText: 'In Progress' }).waitFor()
    })

    await t.test('a lost network is said, and the page goes on when it is back', async (t) => {
      await alice.go('#/')
      await context.setOffline(true)
      await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Quotes' }).click()
      await page.getByText('What you type is kept').waitFor()
      await page.getByRole('heading', { name: 'No connection.' }).waitFor()
      t.strictSame(await violations(page), [], 'a page that was not loaded')
      await context.setOffline(false)
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('link', { name: 'alice quote' }).waitFor()
    })

    await t.test('a busy service is waited for, and the wait is said', async () => {
      for (const status of [429, 503]) {
        let left = 1
        await page.route('**/modules/SalesOrder/records*', async (route) => {
          left -= 1
          if (left < 0) return route.fallback()
          return route.fulfill({
            status,
            headers: { 'retry-after': '2', 'content-type': 'application/problem+json' },
            body: JSON.stringify({
              title: 'Busy',
              status,
              code: status === 429 ? 'RATE_LIMITED' : 'COREBOS_BUSY',
            }),
          })
        })
        await alice.go('#/help')
        await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Orders' }).click()
        await page.getByText(/The service is busy. Trying again in \d seconds?/).waitFor()
        await page.getByRole('link', { name: 'alice order' }).waitFor()
        await page.unroute('**/modules/SalesOrder/records*')
      }
    })

    await t.test('a file that is too large, empty or of a wrong type is not sent', async (t) => {
      await alice.go('#/documents')
      await page.getByRole('button', { name: 'Upload' }).click()
      alice.sent.length = 0
      await page.locator('input[type=file]').setInputFiles([
        { name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.alloc(2000, 'a') },
        { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
        { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<p>') },
      ])
      await page.getByText('This file is too large: at most 1 kB are accepted.').waitFor()
      await page.getByText('This file is empty.').waitFor()
      await page.getByText('Files of this type are not accepted.').waitFor()
      t.strictSame(alice.sent, [])
      t.strictSame(await violations(page), [], 'rejected files')
    })

    await t.test(
      'a ticket that coreBOS stores with another value is shown, and not offered again',
      async (t) => {
        const { relay } = portal
        relay.alter = ({ operation, answer }) =>
          operation === 'query'
            ? (JSON.parse(JSON.stringify(answer).replaceAll('my wish', 'my whim')) as typeof answer) // the same with another value
            : answer
        await alice.go('#/tickets/new')
        await page.getByLabel('Title').fill('my wish')
        alice.sent.length = 0
        await page.getByRole('button', { name: 'Send ticket' }).click()
        await page.getByRole('heading', { level: 1, name: 'my whim' }).waitFor()
        await page.getByText('This was stored, but not exactly as you sent it.').waitFor()
        t.equal(alice.sent.filter((line) => line === 'POST /modules/HelpDesk/records').length, 1)
        await alice.go('#/tickets/new')
        t.equal(await page.getByLabel('Title').inputValue(), '', 'no draft is left')
        relay.alter = undefined
      },
    )

    await t.test('the browser has nothing to complain about', async (t) => {
      t.strictSame(alice.complaints, [])
    })
  })
}

/** The reference portal behind a proxy with a path prefix, as `docs/portal.md` configures it. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { noNginx, startNginx } from '../support/nginx.ts'
import { logIn, personAt, settled, startReferencePortal, type Person } from '../support/reference-portal.ts'

const [, documented = ''] = /```nginx\n([^`]*)```/.exec(readFileSync('docs/portal.md', 'utf8')) ?? []

/** What a page asked for outside of the prefix, and what was not found. */
function watch({ page }: Person, origin: string): string[] {
  const strays: string[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.url().startsWith('blob:') || response.url().startsWith('data:')) return
    if (!response.url().startsWith(`${origin}/`)) strays.push(`outside: ${response.url()}`)
    if (response.status() === 404) strays.push(`not found: ${pathname}`)
  })
  return strays
}

t.test('behind a path prefix', { skip: noBrowser || noNginx, timeout: 300_000 }, async (t) => {
  const portal = await startReferencePortal(t, {
    env: { PUBLIC_URL: 'http://localhost/portal', TRUST_PROXY: '127.0.0.0/8' },
  })
  const proxy = await startNginx(t, documented.replace('http://127.0.0.1:3000', portal.url))
  const host = proxy.replace('127.0.0.1', 'localhost')
  const origin = `${host}/portal`
  const browser = await startBrowser(t)
  const alice = await personAt(browser, { origin })
  const strays = watch(alice, origin)
  const { page, context } = alice

  await t.test(
    'the address without the slash leads to the portal, the root of the host does not',
    async (t) => {
      const answer = await fetch(`${host}/portal`, { redirect: 'manual' })
      t.equal(answer.status, 308)
      t.equal(answer.headers.get('location'), `${host}/portal/`)
      t.equal((await fetch(`${host}/me`)).status, 404)
    },
  )

  await t.test('log-in, pages, a new ticket with a file, and a reload', async (t) => {
    await logIn(alice, 'alice')
    const cookies = await context.cookies()
    t.ok(cookies.some(({ name, httpOnly }) => name === 'portal-access' && httpOnly))
    await alice.go('#/tickets/new')
    await page.getByLabel('Title').fill('behind a prefix')
    await page
      .locator('input[type=file]')
      .setInputFiles([{ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('abc') }])
    await page.getByRole('button', { name: 'Send ticket' }).click()
    await page.getByRole('heading', { level: 1, name: 'behind a prefix' }).waitFor()
    await page.getByRole('link', { name: 'note', exact: true }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).click()
    t.equal((await download).suggestedFilename(), 'note.txt')
    await page.reload()
    await settled(page)
    await page.getByRole('heading', { level: 1, name: 'note', exact: true }).waitFor()
    for (const hash of ['#/invoices/7x8568', '#/projects', '#/search?q=alice', '#/profile', '#/help'])
      await alice.go(hash)
    await page.getByRole('button', { name: 'Log out' }).first().click()
    await page.getByText('You are logged out.').waitFor()
  })

  await t.test('the description of the API is read there', async () => {
    await page.goto(`${origin}/docs`)
    await page.getByRole('heading', { name: 'coreBOS portal gateway' }).first().waitFor()
    await page.getByText('/auth/login', { exact: true }).first().waitFor()
  })

  await t.test('no request leaves the prefix, and none is in vain', async (t) => {
    t.strictSame(strays, [])
    t.strictSame(alice.complaints, [])
  })
})

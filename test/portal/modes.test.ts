/** The reference portal in the three log-in modes, for employees, behind a path prefix, and without cookies. */
import t from 'tap'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { logIn, personAt, startReferencePortal } from '../support/reference-portal.ts'

t.test('log-ins', { skip: noBrowser, timeout: 300_000 }, async (t) => {
  const browser = await startBrowser(t)

  for (const mode of ['service', 'user'] as const) {
    await t.test(`a contact in ${mode} mode, ${mode === 'user' ? 'without' : 'with'} cookies`, async (t) => {
      const env = { COOKIE_SESSIONS: String(mode !== 'user') }
      const portal = await startReferencePortal(t, { mode, env })
      const alice = await personAt(browser, portal)
      const { page } = alice
      await logIn(alice, 'alice', mode)
      await alice.go('#/tickets')
      t.equal(await page.locator('.records .main').count(), 6)
      await page.reload()
      if (mode === 'user') await page.getByRole('heading', { name: 'Log in' }).waitFor()
      else await page.getByRole('link', { name: 'alice ticket 1' }).waitFor()
      t.notMatch(String(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')), /eyJ|carol/)
      t.strictSame(alice.complaints, [])
    })
  }

  await t.test('an employee sees the modules of employees', async (t) => {
    const portal = await startReferencePortal(t)
    const emil = await personAt(browser, portal)
    const { page } = emil
    await logIn(emil, 'emil')
    const menu = page.getByRole('navigation', { name: 'Menu' }).getByRole('link')
    t.strictSame(await menu.allTextContents(), ['Home', 'Knowledge base', 'Products', 'Services'])
    await emil.go('#/help')
    await page.getByText('How to pay', { exact: true }).waitFor()
    await emil.go('#/profile')
    await page.getByText('This device').waitFor()
    t.equal(await page.getByText('Change password').count(), 0, 'employees change it in coreBOS')
    t.strictSame(emil.complaints, [])
  })
})

/** Modules without a page of their own, in the browser: a custom module of a contact, and the modules of an employee. */
import t from 'tap'
import { violations } from '../support/axe.ts'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { devicePolicy, installDevices } from '../support/custom-module.ts'
import { policyFile } from '../support/portal.ts'
import {
  logIn,
  personAt,
  screenshot,
  settled,
  startReferencePortal,
  type Person,
} from '../support/reference-portal.ts'

const employees = {
  HelpDesk: {
    where: "ticketstatus != 'Closed'",
    create: {
      fields: ['ticket_title', 'description', 'ticketpriorities', 'ticketstatus', 'parent_id'],
      force: { assigned_user_id: '$user' },
    },
    update: { fields: ['ticket_title', 'description', 'ticketpriorities', 'ticketstatus'] },
  },
  ModComments: {
    create: { fields: ['commentcontent', 'related_to'], force: { assigned_user_id: '$user' } },
  },
  Contacts: { only: ['firstname', 'lastname', 'email'] },
  cbEmployee: { where: "id = '$self'", only: ['nombre', 'work_email'] },
}

/** Fills in a field of each kind. */
async function fillIn({ page }: Person): Promise<void> {
  await page.getByLabel('Device name').fill('Pump of <b>alice</b>')
  await page.getByLabel('Product').selectOption('Widget')
  await page.getByLabel('Kind').selectOption('Pump')
  await page.getByLabel('Filter').check()
  await page.getByLabel('Remote').check()
  await page.getByLabel('Running').check()
  await page.getByLabel('Bought').fill('2026-11-05')
  await page.getByLabel('Opens at').fill('08:30')
  await page.getByLabel('Pieces').fill('3')
  await page.getByLabel('Weight').fill('1,25')
  await page.getByLabel('Load').fill('12.5')
  await page.getByLabel('Price').fill('1999.9')
  await page.getByLabel('Keeper').fill('keeper@example.com')
  await page.getByLabel('Hotline').fill('+49 30 1234')
  await page.getByLabel('Manual').fill('https://manual.example/pump')
  await page.getByLabel('Notes').fill('First line\nSecond line')
}

t.test('modules of the policy', { skip: noBrowser, timeout: 300_000 }, async (t) => {
  const file = await policyFile(t, { cbDevices: devicePolicy }, { employees })
  const portal = await startReferencePortal(t, {
    env: { POLICY_FILE: file },
    onCorebos: (_url, { database }) => installDevices(database),
  })
  const browser = await startBrowser(t)
  const alice = await personAt(browser, portal)
  const emil = await personAt(browser, portal, { viewport: { width: 390, height: 844 } })
  const { page } = alice

  await t.test('a record of a custom module is created with a field of every kind', async (t) => {
    await logIn(alice, 'alice')
    await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Devices' }).click()
    await page.getByText('There is nothing here yet.').waitFor()
    t.strictSame(await violations(page), [], 'the empty list')
    const out = await page.getByRole('button', { name: 'Log out' }).first().boundingBox()
    t.ok(out !== null && out.y + out.height <= 720, 'the way out is in view below a long menu')
    await page.getByRole('link', { name: 'New' }).click()
    await fillIn(alice)
    await page.getByLabel('Bought').press('Tab')
    const outlines = `getComputedStyle(document.activeElement).outlineStyle`
    t.equal(await page.evaluate(outlines), 'solid', 'a date shows that it has the focus')
    await page.getByLabel('Pieces').fill('three')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Enter a number.').waitFor()
    // The wrong field has the focus.
    await page.locator('input[name=pieces]:focus').waitFor()
    t.strictSame(await violations(page), [], 'a form with an error')
    await screenshot(page, 'custom-new-desktop-light')
    await page.getByLabel('Pieces').fill('3')
    await page.getByLabel('Notes').fill('First line 🙂')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Emoji cannot be stored.').waitFor()
    await page.getByLabel('Notes').fill('First line\nSecond line')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Pump of <b>alice</b>' }).waitFor()
    await settled(page)
  })

  await t.test('it is shown in the formats of the browser, and references by name', async (t) => {
    const shown = await page.locator('dl.details > div').allTextContents()
    t.strictSame(
      [...shown].sort(),
      [
        'Contactalice Aliceson',
        'ProductWidget',
        'KindPump',
        'ExtrasFilter, Remote',
        'RunningYes',
        'Bought5 Nov 2026',
        'Opens at08:30',
        'Pieces3',
        'Weight1.25',
        'Load12.5%',
        'Price€1,999.90',
        'Keeperkeeper@example.com',
        'Hotline+49 30 1234',
        'Manualhttps://manual.example/pump',
        'NotesFirst line\nSecond line',
        ...shown.filter((text) => /^(Created|Modified) Time/.test(text)),
      ].sort(),
    )
    t.strictSame(await violations(page), [])
    await screenshot(page, 'custom-desktop-light')
  })

  await t.test('it is changed, found in the list, and deleted after a question', async (t) => {
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByLabel('Heating').check()
    await page.getByLabel('Running').uncheck()
    t.strictSame(await violations(page), [], 'the form of a change')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Filter, Remote, Heating').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('The change was undone.').waitFor()
    await alice.go('#/cbDevices')
    await page.getByLabel('Kind').selectOption('Valve')
    await page.getByText('Nothing fits these filters.').waitFor()
    await page.getByLabel('Kind').selectOption('Pump')
    await page.getByRole('button', { name: 'Weight' }).click()
    await page.locator('th[aria-sort=ascending]').waitFor()
    await settled(page)
    await screenshot(page, 'custom-list-desktop-light')
    await page.getByRole('link', { name: 'Pump of <b>alice</b>' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByText('This cannot be undone.').waitFor()
    t.strictSame(await violations(page), [], 'the question')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There is nothing here yet.').waitFor()
  })

  await t.test('an employee creates, changes and comments on tickets', async (t) => {
    await logIn(emil, 'emil')
    const { page } = emil
    await page.getByRole('heading', { level: 1, name: 'Hello Emil Employee' }).waitFor()
    t.strictSame(await violations(page), [], 'the first page of an employee')
    await screenshot(page, 'employee-home-phone-light')
    await page.getByRole('link', { name: 'New ticket' }).click()
    await page.getByLabel('Title').fill('found by emil')
    await page.getByLabel(/^(Related To|Contact)/).selectOption({ label: 'bob Bobson' })
    await page.getByRole('button', { name: 'Send ticket' }).click()
    await page.getByRole('heading', { level: 1, name: 'found by emil' }).waitFor()
    await page.getByLabel('Your comment').fill('I call bob')
    await page.getByRole('button', { name: 'Send comment' }).click()
    await page.locator('.comment .text', { hasText: 'I call bob' }).waitFor()
    t.strictSame(await violations(page), [], 'a ticket')
    await screenshot(page, 'employee-ticket-phone-light')
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByLabel('Title').fill('seen by emil')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'seen by emil' }).waitFor()
    const { body } = await portal.as(
      'bob',
      'GET',
      '/modules/HelpDesk/records?filter[ticket_title]=seen by emil',
    )
    t.equal(body.records?.length, 1, 'bob sees the ticket that emil created for him')
  })

  await t.test('the browser has nothing to complain about', async (t) => {
    t.strictSame([...alice.complaints, ...emil.complaints], [])
  })
})

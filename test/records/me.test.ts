/** `GET /me`. */
import t from 'tap'
import { modes, policyFile, startPortal, stored } from '../support/portal.ts'

for (const mode of modes) {
  t.test(`in ${mode} mode /me says who the contact is and what it may do`, async (t) => {
    const portal = await startPortal(t, {
      mode,
      env: {
        UPLOAD_MAX_BYTES: '1 KiB',
        UPLOAD_TYPES: 'text/plain',
        DOWNLOADS_PER_CONTACT: '3',
        RATE_LIMIT_CONTACT: '900/30',
      },
    })
    const { status, body } = await portal.as('alice', 'GET', '/me')
    t.equal(status, 200)
    const contact = await stored(portal.admin, '12x8549')
    const account = await stored(portal.admin, '11x8546')
    t.match(body, {
      contact: {
        id: '12x8549',
        entity: 'Contacts',
        name: `${contact['firstname']} ${contact['lastname']}`,
        firstName: contact['firstname'],
        lastName: contact['lastname'],
        email: contact['email'],
      },
      account: { id: '11x8546', name: account['accountname'] },
      level: 'account',
      timeZone: 'UTC',
      formats: { date: 'yyyy-mm-dd', decimalSeparator: '.', groupSeparator: ',' },
      currency: { id: '21x1', code: 'EUR', symbol: '€', name: 'Euro' },
      limits: {
        uploads: { maxBytes: 1024, types: ['text/plain'] },
        pages: { default: 100, max: 10_000 },
        downloads: 3,
        rates: [{ name: 'address' }, { name: 'contact', max: 900, seconds: 30 }, { name: 'login' }],
      },
    })
    const { modules } = (await portal.as('alice', 'GET', '/modules')).body as unknown as {
      modules: { name: string; rights: unknown }[] // as the route describes it
    }
    t.same(
      body['rights'],
      Object.fromEntries(modules.map(({ name, rights }) => [name, rights])),
      'the rights are those of /modules',
    )
    const session = await portal.as('alice', 'GET', '/auth/session')
    t.equal(body['language'], (session.body['contact'] as { language: string }).language) // as described
  })
}

t.test('names that the policy does not show are null', async (t) => {
  const POLICY_FILE = await policyFile(t, {
    Contacts: { hide: ['firstname', 'email'], update: { fields: ['phone'] } },
    Accounts: { level: 'own' },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const { body } = await portal.as('alice', 'GET', '/me')
  t.match(body, {
    contact: { name: 'Aliceson', firstName: null, lastName: 'Aliceson', email: null },
    account: { id: '11x8546', name: null },
  })
})

t.test('an employee has no account, and no name where the policy closes its module', async (t) => {
  const portal = await startPortal(t)
  const { status, body } = await portal.as('emil', 'GET', '/me')
  t.equal(status, 200)
  t.match(body, { contact: { entity: 'Employee', name: null }, account: null, currency: { code: 'EUR' } })
  t.equal((await portal.as(undefined, 'GET', '/me')).status, 401)
})

t.test('an employee has the name that its own module shows', async (t) => {
  const employees = { cbEmployee: { where: "id = '$self'", only: ['nombre', 'work_email'] } }
  const portal = await startPortal(t, { env: { POLICY_FILE: await policyFile(t, {}, { employees }) } })
  const { body } = await portal.as('emil', 'GET', '/me')
  const contact = { name: 'Emil Employee', firstName: null, lastName: null, email: 'emil@example.com' }
  t.match(body, { contact })
})

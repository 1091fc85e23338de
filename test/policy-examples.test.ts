/** Every example policy in the documents runs against the demo and does what the text beside it says. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startPortal, type Portal } from './support/portal.ts'
import { scratch } from './support/redis-server.ts'

const [acme, alice, bob] = [8546, 8549, 8551]

/** The example policies of a page, in order. */
function policiesOf(page: string): string[] {
  const found = readFileSync(page, 'utf8').matchAll(/^```json policy\n([^]*?)^```/gm)
  return [...found].map(([, code = '']) => code)
}

async function portalUnder(t: Test, policy: string | undefined): Promise<Portal> {
  if (policy === undefined) throw new Error('docs/policy.md has fewer examples than this test')
  const POLICY_FILE = join(await scratch(t), 'policy.json')
  writeFileSync(POLICY_FILE, policy)
  return startPortal(t, { env: { POLICY_FILE } })
}

/** Ids of records that the store ties to some owners by a field, independent of the gateway. */
function tied(
  { corebos: { database } }: Portal,
  module: string,
  field: string,
  owners: readonly number[],
): string[] {
  return database
    .records(module)
    .filter(({ values }) => owners.includes(Number(values.get(field))))
    .map((record) => database.webserviceId(record))
    .sort()
}

async function idsOf(portal: Portal, module: string, name = 'alice'): Promise<string[]> {
  const { body } = await portal.as(name, 'GET', `/modules/${module}/records?limit=1000`)
  return (body.records ?? []).map(({ id }) => String(id)).sort()
}

const openTo = async (portal: Portal, name = 'alice'): Promise<string[]> => {
  const { body } = await portal.as(name, 'GET', '/modules')
  return (body['modules'] as readonly { name: string }[]).map((each) => each.name).sort()
}

const examples = policiesOf('docs/policy.md')
const [, first, hidden, opened, levels, written, signed, employees] = examples

t.test('every example of every page fits the demo installation', async (t) => {
  const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((each) =>
    each.endsWith('.md'),
  )
  for (const page of pages) {
    for (const [i, policy] of policiesOf(page).entries()) {
      const portal = await portalUnder(t, policy)
      const { status, text } = await portal.as(undefined, 'GET', '/health/ready')
      t.equal(status, 200, `${page}, example ${i + 1}: ${text}`)
      const { modules } = JSON.parse(policy) as { readonly modules: object } // a valid policy, since the gateway is ready
      for (const module of Object.keys(modules))
        t.match(
          await portal.as('alice', 'GET', `/modules/${module}/records?limit=1`),
          { status: 200 },
          module,
        )
    }
  }
  t.equal(examples.length, 9, 'the tests below know each of them')
})

t.test('1. one module: tickets of the contact and its company, and nothing else', async (t) => {
  const portal = await portalUnder(t, first)
  t.strictSame(await openTo(portal), ['HelpDesk'])
  t.strictSame(await idsOf(portal, 'HelpDesk'), tied(portal, 'HelpDesk', 'parent_id', [alice, acme]))
  t.match(await portal.as('alice', 'GET', '/modules/Invoice/records'), { status: 404 })
})

t.test('2. hidden rows and fields, and an internal field that is shown', async (t) => {
  const portal = await portalUnder(t, hidden)
  const [one] = tied(portal, 'HelpDesk', 'parent_id', [alice, acme])
  const internal = portal.corebos.database
    .records('HelpDesk')
    .find((each) => portal.corebos.database.webserviceId(each) === one)
  internal?.values.set('ticketcategories', 'Internal')
  const expected = tied(portal, 'HelpDesk', 'parent_id', [alice, acme]).filter((id) => id !== one)
  t.strictSame(await idsOf(portal, 'HelpDesk'), expected)
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records?fields=hours'), {
    status: 400,
    body: { code: 'UNKNOWN_FIELD' },
  })
  t.match(await portal.as('alice', 'GET', '/modules/Products/records?fields=qtyinstock'), { status: 200 })
  t.match(await portal.as('alice', 'GET', '/modules/Products/records?fields=cost_price'), { status: 400 })
})

t.test('3. other modules, opened by their ties', async (t) => {
  const portal = await portalUnder(t, opened)
  t.strictSame(await openTo(portal), ['CobroPago', 'Project', 'ProjectTask'])
  const projects = tied(portal, 'Project', 'linktoaccountscontacts', [alice, acme])
  t.strictSame(await idsOf(portal, 'Project'), projects)
  const numbers = projects.map((id) => Number(id.split('x')[1]))
  t.strictSame(await idsOf(portal, 'ProjectTask'), tied(portal, 'ProjectTask', 'projectid', numbers))
  t.strictSame(await idsOf(portal, 'CobroPago'), tied(portal, 'CobroPago', 'parent_id', [alice, acme]))
  t.match(await portal.as('alice', 'GET', '/modules/CobroPago/records?fields=description'), { status: 400 })
})

t.test('4. a level by module, and by a field of the contact', async (t) => {
  const portal = await portalUnder(t, levels)
  t.strictSame(await idsOf(portal, 'HelpDesk'), tied(portal, 'HelpDesk', 'parent_id', [alice]))
  const invoices = [
    ...tied(portal, 'Invoice', 'contact_id', [alice]),
    ...tied(portal, 'Invoice', 'account_id', [acme]),
  ]
  t.strictSame(await idsOf(portal, 'Invoice'), [...new Set(invoices)].sort())

  const manager = await portalUnder(t, levels)
  await manager.admin.result('revise', { element: { id: '12x8549', department: 'company' } })
  const colleagues = tied(manager, 'Contacts', 'account_id', [acme]).map((id) => Number(id.split('x')[1]))
  t.ok(colleagues.includes(alice) && colleagues.length > 1)
  t.strictSame(
    await idsOf(manager, 'HelpDesk'),
    tied(manager, 'HelpDesk', 'parent_id', [acme, ...colleagues]),
  )
})

t.test('5. writes: forced values win, and closed tickets stay as they are', async (t) => {
  const portal = await portalUnder(t, written)
  const send = async (method: string, path: string, body: object) =>
    portal.as('alice', method, path, { body })
  const create = async (more: object) =>
    send('POST', '/modules/HelpDesk/records', { ticket_title: 'mine', description: 'x', ...more })
  t.match(await create({ parent_id: '12x8551' }), { status: 403, body: { code: 'FIELD_NOT_WRITABLE' } })
  const created = await create({ parent_id: '12x8549' })
  t.match(created, {
    status: 201,
    body: { parent_id: '12x8549', ticketstatus: 'Open', ticket_title: 'mine' },
  })
  const id = String(created.body['id'])
  t.match(await send('PATCH', `/records/${id}`, { description: 'y' }), {
    status: 200,
    body: { description: 'y' },
  })
  t.match(await send('PATCH', `/records/${id}`, { ticket_title: 'z' }), { status: /^40[03]$/ })
  await portal.admin.result('revise', { element: { id, ticketstatus: 'Closed' } })
  t.match(await send('PATCH', `/records/${id}`, { description: 'w' }), { status: /^40[34]$/ })
  const [foreign] = tied(portal, 'HelpDesk', 'parent_id', [bob])
  t.match(await send('PATCH', `/records/${foreign}`, { description: 'w' }), { status: 404 })
  t.match(await portal.as('alice', 'DELETE', `/records/${id}`), { status: 403 })
})

t.test('6. comments with an author', async (t) => {
  const portal = await portalUnder(t, signed)
  const [project] = await idsOf(portal, 'Project')
  const answer = await portal.as('alice', 'POST', `/records/${project}/comments`, { body: { text: 'hello' } })
  t.equal(answer.status, 201, answer.text)
  const { result } = await portal.admin.call('query', { query: 'select commentcontent from ModComments;' })
  const texts = (result as readonly { commentcontent: string }[]).map((each) => each.commentcontent) // rows
  t.ok(
    texts.some((each) => each.includes('hello') && each.includes('(contact 12x8549')),
    texts.join(),
  )
})

t.test('7. employees: the condition alone decides', async (t) => {
  const portal = await portalUnder(t, employees)
  t.strictSame(await openTo(portal), ['HelpDesk'])
  t.strictSame(await openTo(portal, 'emil'), ['HelpDesk', 'Products'])
  const { body } = await portal.as(
    'emil',
    'GET',
    '/modules/HelpDesk/records?fields=assigned_user_id&limit=1000',
  )
  const users = new Set((body.records ?? []).map((row) => String(row['assigned_user_id'])))
  t.equal(users.size, 1)
  const [user = ''] = users
  t.strictSame(
    await idsOf(portal, 'HelpDesk', 'emil'),
    tied(portal, 'HelpDesk', 'assigned_user_id', [Number(user.split('x')[1])]),
  )
})

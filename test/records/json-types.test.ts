/** Values on the REST routes have JSON types, in both directions. */
import t from 'tap'
import { inJson } from '../support/json-types.ts'
import { policyFile, startPortal, type Body } from '../support/portal.ts'

const ticket = '17x8625'
const contact = '12x8549'

t.test('every route that reads records gives them with the types of their fields', async (t) => {
  const portal = await startPortal(t)
  const { database } = portal.corebos
  const get = async (path: string) => (await portal.as('alice', 'GET', path)).body
  const stored = (id: string) => {
    const [prefix, number] = id.split('x')
    const record = database.entity(Number(number))
    const module = database.moduleByPrefix(prefix ?? '')
    const values = (module?.fields ?? []).map(({ name }) => [name, record?.values.get(name) ?? ''] as const)
    return inJson(Object.fromEntries(values), module?.name ?? '', database)
  }
  const isReference = (id: string, name: string) => {
    const module = database.moduleByPrefix(id.split('x')[0] ?? '')
    const type = module?.fields.find((field) => field.name === name)?.type.name
    return type === 'reference' || type === 'owner'
  }
  const holds = (row: unknown, name: string) => {
    const { id, expanded, ...values } = row as Body & { expanded?: unknown } // a record
    const expected = stored(String(id))
    for (const [field, value] of Object.entries(values)) {
      // References are numbers in the database, and ids outside.
      if (isReference(String(id), field)) continue
      t.strictSame(value, expected[field], `${name}: ${field} of ${String(id)}`)
    }
    return expanded as Record<string, unknown> | undefined // as it is described
  }
  const { records: invoices = [] } = await get('/modules/Invoice/records?expand=account_id')
  t.ok(invoices.length > 0)
  t.type(invoices[0]?.['hdnGrandTotal'], 'number')
  for (const row of invoices) holds(holds(row, 'list')?.['account_id'], 'expanded')
  holds(await get(`/records/${ticket}`), 'record')
  for (const row of (await get('/records/11x8546/related/HelpDesk')).records ?? []) holds(row, 'related')
  for (const row of (await get('/modules/Documents/records')).records ?? []) holds(row, 'documents')
  const { results } = (await get('/search?q=alice')) as unknown as { results: Body[] } // as it is described
  for (const row of results.flatMap(({ records = [] }) => records)) holds(row, 'search')
  t.match(await get('/query?q=select%20count(*)%20from%20HelpDesk'), { records: [{ count: 6 }] })
  await portal.as('alice', 'POST', `/records/${ticket}/comments`, { body: { text: 'a word' } })
  const { comments } = (await get(`/records/${ticket}/comments`)) as unknown as { comments: Body[] } // the same
  t.ok(comments.length > 0)
  for (const { time } of comments) t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
})

t.test('a record that was read can be sent back unchanged, and nothing is written', async (t) => {
  const portal = await startPortal(t)
  for (const id of [ticket, contact]) {
    const read = await portal.as('alice', 'GET', `/records/${id}`)
    const before = portal.relay.count('revise')
    const headers = { 'if-match': String(read.headers['etag']) }
    const written = await portal.as('alice', 'PATCH', `/records/${id}`, { body: read.body, headers })
    t.match(written, { status: 200, headers: { etag: read.headers['etag'] } }, written.text)
    t.strictSame(written.body, read.body)
    t.equal(portal.relay.count('revise'), before, 'coreBOS is not asked to write')
  }
})

t.test('values are taken with the types that they are read with', async (t) => {
  const fields = ['ticket_title', 'ticketstatus', 'hours', 'days']
  const change = { fields: ['firstname', 'birthday', 'donotcall', 'title'], level: 'own' }
  const POLICY_FILE = await policyFile(t, {
    HelpDesk: { create: { fields, force: { parent_id: '$contact', assigned_user_id: '$user' } } },
    Contacts: { update: change },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const title = { ticket_title: 'typed', ticketstatus: 'Open' }
  const create = async (body: object) =>
    portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: { ...title, ...body } })
  const created = await create({ hours: 1.5, days: 2 })
  t.match(created, { status: 201, body: { hours: 1.5, days: 2 } }, created.text)
  t.match(await create({ hours: '1.25', days: '3' }), { status: 201, body: { hours: 1.25, days: 3 } })
  const patch = async (body: object) => portal.as('alice', 'PATCH', `/records/${contact}`, { body })
  t.match(await patch({ donotcall: true, birthday: '1980-02-29', title: null }), {
    status: 200,
    body: { donotcall: true, birthday: '1980-02-29', title: null },
  })
  t.match(await patch({ donotcall: false, birthday: null }), { body: { donotcall: false, birthday: null } })

  for (const [body, field, accepted] of [
    [{ hours: 'many' }, 'hours', /accepts a number/],
    [{ hours: [1] }, 'hours', /accepts a number, not a list/],
    [{ days: 1.5 }, 'days', /accepts a whole number/],
    [{ days: true }, 'days', /accepts a whole number, not true/],
    [{ ticket_title: 5 }, 'ticket_title', /accepts a text, not a number/],
    [{ ticketstatus: 'Opne' }, 'ticketstatus', /'Open', 'In Progress'/],
  ] as const) {
    const answer = await create(body)
    t.match(answer, { status: 400, body: { code: 'INVALID_VALUE', errors: [{ field, message: accepted }] } })
  }
  for (const [body, field, accepted] of [
    [{ donotcall: '1' }, 'donotcall', /accepts true or false, not a text/],
    [{ birthday: '2026-02-30' }, 'birthday', /calendar date/],
    [{ birthday: 20260228 }, 'birthday', /YYYY-MM-DD/],
  ] as const) {
    const answer = await patch(body)
    t.match(answer, { status: 400, body: { code: 'INVALID_VALUE', errors: [{ field, message: accepted }] } })
  }
  t.match(await create({ hours: 'x', nothing: 1 }), { status: 400, body: { code: 'UNKNOWN_FIELD' } })
})

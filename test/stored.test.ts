/** What coreBOS has stored is what was sent, or the answer says in which field it is not. */
import t from 'tap'
import { FormData } from 'undici'
import { FieldLengths, maxLengthOf } from '../src/model/lengths.ts'
import type { FieldShape } from '../src/model/module.ts'
import { isStored } from '../src/scope/value.ts'
import {
  auditIn,
  contents,
  idsWhere,
  policyFile,
  startPortal,
  stored,
  usualModes,
  type Portal,
} from './support/portal.ts'
import { contactAt, textAt } from './support/webservice-client.ts'

const alice = '12x8549'
const own = '17x8625'
const long = (length: number): string => 'x'.repeat(length)
const tooLong = (name: string, length: number, most: number) => ({
  status: 400,
  body: {
    code: 'INVALID_VALUE',
    errors: [{ field: name, message: `'${name}' has ${length} characters; at most ${most} are stored` }],
  },
})

for (const mode of usualModes) {
  t.test(
    `${mode}: a text that coreBOS is known to cut is rejected by name before it is written`,
    async (t) => {
      const portal = await startPortal(t, { mode })
      const before = contents(portal.corebos.database)
      const create = (title: string) =>
        portal.as('alice', 'POST', '/modules/HelpDesk/records', {
          body: { ticket_title: title, ticketstatus: 'Open' },
        })
      t.match(await create(long(300)), tooLong('ticket_title', 300, 255))
      for (const [name, most] of [
        ['firstname', 40],
        ['phone', 50],
        ['mailingcity', 200],
        ['mailingzip', 30],
      ] as const) {
        const answer = await portal.as('alice', 'PATCH', `/records/${alice}`, {
          body: { [name]: long(most + 1) },
        })
        t.match(answer, tooLong(name, most + 1, most))
      }
      t.match(
        await portal.as('alice', 'PATCH', `/records/${own}`, { body: { ticket_title: long(256) } }),
        tooLong('ticket_title', 256, 255),
      )
      t.equal(contents(portal.corebos.database), before, 'nothing was written')
      t.match(await create(long(255)), { status: 201, body: { ticket_title: long(255) } })
      t.match(await portal.as('alice', 'PATCH', `/records/${alice}`, { body: { phone: long(50) } }), {
        status: 200,
        body: { phone: long(50) },
      })
    },
  )
}

t.test(
  'a text that coreBOS cuts for the first time is an error that names field and record, then a known length',
  async (t) => {
    const portal = await startPortal(t)
    const change = (street: string) =>
      portal.as('alice', 'PATCH', `/records/${alice}`, { body: { otherstreet: street } })
    t.match(await change(long(300)), {
      status: 409,
      body: {
        code: 'STORED_OTHERWISE',
        record: alice,
        detail: `The record ${alice} was changed, but coreBOS stored other values in: otherstreet`,
        errors: [
          { field: 'otherstreet', message: "'otherstreet' has 300 characters; coreBOS stored the first 255" },
        ],
      },
    })
    t.match(await stored(portal.admin, alice), { otherstreet: long(255) })
    t.match(auditIn(portal).at(-1), {
      outcome: 'STORED_OTHERWISE',
      storedOtherwise: ['otherstreet'],
      ids: [alice],
    })
    const before = contents(portal.corebos.database)
    t.match(await change(long(256)), tooLong('otherstreet', 256, 255))
    t.equal(contents(portal.corebos.database), before, 'nothing was written')
    t.match(await change('Main Street'), { status: 200, body: { otherstreet: 'Main Street' } })
  },
)

t.test(
  'a document that was created with another title is not created again under the same key',
  async (t) => {
    const portal = await startPortal(t)
    const upload = (title: string, key: string) => {
      const form = new FormData()
      form.set('notes_title', title)
      form.set('file', new File(['content'], 'a.txt', { type: 'text/plain' }))
      return portal.as('alice', 'POST', '/documents', { body: form, headers: { 'idempotency-key': key } })
    }
    const documents = () => idsWhere(portal.admin, 'Documents', "notes_title like 'xxx%'")
    const first = await upload(long(300), 'one')
    t.match(first, {
      status: 409,
      body: {
        code: 'STORED_OTHERWISE',
        record: /^15x/,
        errors: [
          { field: 'notes_title', message: "'notes_title' has 300 characters; coreBOS stored the first 255" },
        ],
      },
    })
    const { requestId: one, ...problem } = first.body
    const { requestId: other, ...again } = (await upload(long(300), 'one')).body
    t.strictSame(again, problem)
    t.not(one, other)
    t.strictSame(await documents(), [problem['record']])
    t.match(await upload(long(256), 'two'), tooLong('notes_title', 256, 255))
    t.strictSame(await documents(), [problem['record']], 'nothing more was written')
  },
)

/** As a workflow of coreBOS would change what was just written. */
function alterStored(portal: Portal, from: string, to: string): void {
  portal.relay.alter = ({ operation, answer }) =>
    operation === 'query'
      ? (JSON.parse(JSON.stringify(answer).replaceAll(from, to)) as typeof answer) // the same with another value
      : answer
}

for (const mode of usualModes)
  t.test(
    `${mode}: a value that a workflow changes is an error with the id of the record, which stands`,
    async (t) => {
      const portal = await startPortal(t, { mode })
      alterStored(portal, '"ticketstatus":"Open"', '"ticketstatus":"In Progress"')
      const ticket = { ticket_title: 'of a workflow', ticketstatus: 'Open' }
      const create = () =>
        portal.as('alice', 'POST', '/modules/HelpDesk/records', {
          body: ticket,
          headers: { 'idempotency-key': 'workflow' },
        })
      const first = await create()
      t.match(first, {
        status: 409,
        body: {
          code: 'STORED_OTHERWISE',
          record: /^17x/,
          errors: [{ field: 'ticketstatus', message: "coreBOS stored another value in 'ticketstatus'" }],
        },
      })
      const record = String(first.body['record'])
      t.match(first.body['detail'], new RegExp(`^The record ${record} was created`))
      t.equal((await create()).body['record'], record, 'the same key writes nothing more')
      t.strictSame(await idsWhere(portal.admin, 'HelpDesk', "ticket_title='of a workflow'"), [record])
      t.match(await portal.as('alice', 'GET', `/records/${record}`), {
        status: 200,
        body: { ticket_title: 'of a workflow', ticketstatus: 'In Progress' },
      })
      t.match(await portal.as('alice', 'PATCH', `/records/${own}`, { body: { ticketstatus: 'Open' } }), {
        status: 409,
        body: { code: 'STORED_OTHERWISE', record: own, errors: [{ field: 'ticketstatus' }] },
      })
    },
  )

t.test('/webservice.php names the record that a workflow has changed, in every way to write', async (t) => {
  const portal = await startPortal(t)
  alterStored(portal, '"ticketstatus":"Open"', '"ticketstatus":"In Progress"')
  const client = await contactAt(portal.url, 'alice')
  const element = (title: string) => ({
    ticket_title: title,
    ticketstatus: 'Open',
    assigned_user_id: client.userId,
  })
  for (const [operation, more] of [
    ['create', { element: element('create') }],
    ['CreateWithValidation', { element: element('CreateWithValidation') }],
    ['upsert', { element: element('upsert'), searchOn: 'ticket_title', updatedfields: 'ticketstatus' }],
    ['MassCreate', { elements: [{ elementType: 'HelpDesk', element: element('MassCreate') }] }],
  ] as const) {
    const answer = await client.call(operation, { elementType: 'HelpDesk', ...more })
    const [id = ''] = await idsWhere(portal.admin, 'HelpDesk', `ticket_title='${operation}'`)
    t.notOk(answer.success, operation)
    t.match(
      answer.text,
      `The record ${id} was created, but coreBOS stored other values in: ticketstatus`,
      operation,
    )
    t.match(answer.text, 'STORED_OTHERWISE')
  }
})

t.test('a forced value without effect is told to operators, not to the contact', async (t) => {
  const force = { parent_id: '$contact', assigned_user_id: '$user', from_portal: '1' }
  const POLICY_FILE = await policyFile(t, {
    HelpDesk: { create: { fields: ['ticket_title', 'ticketstatus'], force } },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const { status, body } = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
    body: { ticket_title: 'forced', ticketstatus: 'Open' },
  })
  t.equal(status, 201)
  t.notOk('from_portal' in body, 'a hidden field stays hidden')
  t.match(await stored(portal.admin, String(body.id)), { from_portal: '0' }, 'coreBOS ignores it')
  t.match(auditIn(portal).at(-1), { outcome: 'ok', storedOtherwise: ['from_portal'] })
})

t.test('blanks that are lost at the end teach no length', async (t) => {
  const portal = await startPortal(t)
  alterStored(portal, 'with blanks  "', 'with blanks"')
  const change = (title: string) =>
    portal.as('alice', 'PATCH', `/records/${own}`, { body: { ticket_title: title } })
  t.match(await change('with blanks  '), {
    status: 409,
    body: { errors: [{ message: "coreBOS stored another value in 'ticket_title'" }] },
  })
  t.match(await change(long(200)), { status: 200 })
})

t.test('many wrong values are summed up in one sentence that is whole', async (t) => {
  const portal = await startPortal(t)
  const names = ['firstname', 'lastname', 'phone', 'mobile', 'mailingzip', 'mailingcity']
  const body = Object.fromEntries(names.map((name) => [name, long(300)]))
  t.match(await portal.as('alice', 'PATCH', `/records/${alice}`, { body }), {
    status: 400,
    body: { detail: "'firstname' has 300 characters; at most 40 are stored (and 5 more)" },
  })
  t.match(await portal.as('alice', 'PATCH', `/records/${alice}`, { body: { ...body, title: 'x' } }), {
    status: 403,
    body: { detail: "'title' cannot be written (and 6 more)" },
  })
})

t.test('a comment that is stored as another text is an error', async (t) => {
  const portal = await startPortal(t)
  portal.relay.alter = ({ operation, answer }) =>
    operation === 'getRelatedRecords'
      ? (JSON.parse(JSON.stringify(answer).replaceAll('It is broken', 'It is ????')) as unknown)
      : answer
  const comment = (text: string) => portal.as('alice', 'POST', `/records/${own}/comments`, { body: { text } })
  t.match(await comment('It works'), { status: 201, body: { text: 'It works' } })
  t.match(await comment('It is broken'), {
    status: 409,
    body: { code: 'STORED_OTHERWISE', record: own, errors: [{ field: 'text' }] },
  })
  const client = await contactAt(portal.url, 'alice')
  const values = { comments: 'It is broken', from_portal: 1, parent_id: alice }
  t.match(await client.call('addTicketFaqComment', { id: own, values }), { code: 'STORED_OTHERWISE' })
})

t.test('/webservice.php names the field, and the record where there is one', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const ticket = (title: string) => ({
    ticket_title: title,
    ticketstatus: 'Open',
    assigned_user_id: client.userId,
  })
  const before = contents(portal.corebos.database)
  const named = {
    success: false,
    code: 'INVALID_VALUE',
    message: /ticket_title' has 300 characters; at most 255/,
  }
  t.match(await client.call('create', { elementType: 'HelpDesk', element: ticket(long(300)) }), named)
  t.match(await client.call('revise', { element: { id: own, ticket_title: long(300) } }), named)
  t.match(await client.call('update', { element: { ...ticket(long(300)), id: own } }), named)
  const elements = ['short', long(300)].map((title) => ({ elementType: 'HelpDesk', element: ticket(title) }))
  const mass = await client.call('MassCreate', { elements })
  t.match(mass.text, /ticket_title' has 300 characters/)
  const validated = await client.call('CreateWithValidation', {
    elementType: 'HelpDesk',
    element: ticket(long(300)),
  })
  t.match(validated.text, /ticket_title' has 300 characters/)
  t.equal(contents(portal.corebos.database), before, 'nothing was written')

  t.match(await client.call('revise', { element: { id: alice, otherstreet: long(300) } }), {
    success: false,
    code: 'STORED_OTHERWISE',
    message: `The record ${alice} was changed, but coreBOS stored other values in: otherstreet`,
  })
  t.match(await client.call('revise', { element: { id: alice, otherstreet: long(300) } }), {
    success: false,
    code: 'INVALID_VALUE',
  })
  const made = await client.call('create', { elementType: 'HelpDesk', element: ticket(long(255)) })
  t.equal(textAt(made.result, 'ticket_title'), long(255))
})

t.test('what coreBOS writes in another way is not another value', async (t) => {
  const field = (type: string): FieldShape => ({
    name: 'f',
    type,
    refersTo: [],
    uitype: '1',
    label: 'F',
    mandatory: false,
    editable: true,
    picklist: undefined,
  })
  for (const [type, sent, held, same] of [
    ['string', 'a', 'a', true],
    ['string', 'a ', 'a', false],
    ['string', '1.0', '1', false],
    ['double', '1.5', '1.500000', true],
    ['double', '1.23456789', '1.234568', false],
    ['datetime', '2026-11-30 10:00', '2026-11-30 10:00:00', true],
    ['time', '10:00', '10:00:00', true],
    ['time', '', ':00', false],
    ['date', '2026-11-30', '2026-11-29', false],
    ['multipicklist', 'b |##| a', 'a |##| b', true],
    ['multipicklist', 'b |##| a', 'a', false],
  ] as const) {
    t.equal(isStored(sent, held, field(type)), same, `${type} ${sent} ${held}`)
  }
  const lengths = new FieldLengths()
  t.equal(maxLengthOf('Contacts', { ...field('phone'), name: 'phone' }), 50)
  t.equal(lengths.of('Contacts', field('string')), 65_535)
  t.equal(lengths.of('Contacts', field('double')), undefined)
  lengths.learn('Contacts', field('string'), 255)
  lengths.learn('Contacts', field('string'), 300)
  t.equal(lengths.of('Contacts', field('string')), 255, 'the shortest that was seen')
  t.equal(lengths.of('Leads', field('string')), 65_535, 'of that module alone')
})

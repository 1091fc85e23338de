/** Parameters of operations that are there and cannot be read are rejected, and the right comes before the values. */
import t from 'tap'
import { operations } from '../../src/webservice/operations.ts'
import { startPortal } from '../support/portal.ts'
import { contactAt } from '../support/webservice-client.ts'

/** Parameters that are JSON, with what else the operation needs to come that far. */
const inJson: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['SetRelation', 'with_these_ids', { relate_this_id: '17x8625' }],
  ['UnsetRelation', 'with_these_ids', { unrelate_this_id: '17x8625' }],
  ...['create', 'CreateWithValidation', 'upsert'].map(
    (name) => [name, 'element', { elementType: 'HelpDesk', searchOn: 'ticket_title' }] as const,
  ),
  ...['update', 'revise', 'UpdateWithValidation', 'ReviseWithValidation'].map(
    (name) => [name, 'element', {}] as const,
  ),
  ['MassCreate', 'elements', {}],
  ['MassUpdate', 'elements', {}],
  ['ValidateInformation', 'context', {}],
  ['addTicketFaqComment', 'values', { id: '17x8625' }],
  ['listtypes', 'fieldTypeList', {}],
  ['gettranslation', 'totranslate', { language: 'es_es', module: 'HelpDesk' }],
  ['getRelatedRecords', 'queryParameters', { id: '12x8549', module: 'Contacts', relatedModule: 'HelpDesk' }],
  ['getSearchResults', 'restrictionids', { query: 'alice', search_onlyin: 'HelpDesk' }],
]

t.test('a parameter in JSON that cannot be read is rejected by name', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const takesJson = new Set(['element', 'elements', 'context', 'values', 'with_these_ids', 'queryParameters'])
  const known = new Set(inJson.map(([name]) => name.toLowerCase()))
  t.strictSame(
    operations
      .filter(
        ({ takes, name }) => takes.some((each) => takesJson.has(each)) && !known.has(name.toLowerCase()),
      )
      .map(({ name }) => name),
    [],
    'all of them are tried',
  )
  for (const [operation, name, others] of inJson) {
    const answer = await client.call(operation, { ...others, [name]: '{not JSON' })
    t.match(answer, { success: false, code: 'BAD_REQUEST' }, operation)
    t.match(answer.message, `'${name}'`)
  }
})

const autocompleted = {
  term: 'a',
  searchinmodule: 'HelpDesk',
  searchinmodules: 'HelpDesk',
  fields: 'ticket_title',
}

/** Other parameters: what is sent, what can be read, and how it is answered. */
const inOtherNotations = [
  ['MassRetrieve', 'ids', ['["17x8625"]', '17x8625,bad', '8625', '17x'], '17x8625, ,12x8549', {}],
  [
    'getReferenceValue',
    'id',
    ['["17x8625"]', '17x8625', 'a:1:{i:0;s:3:"bad";}'],
    'a:1:{i:0;s:7:"17x8625";}',
    {},
  ],
  ['retrievedocattachment', 'id', ['["15x8644"]', 'bad,15x8644'], '15x8644,17x8625', {}],
  ['getFieldAutocomplete', 'filter', ['nosuch', 'startsWith', 'toString'], 'startswith', autocompleted],
  ['getReferenceAutocomplete', 'filter', ['nosuch', '__proto__'], 'contains', autocompleted],
] as const

t.test('a parameter in another notation that cannot be read is rejected by name', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  for (const [operation, name, unreadable, readable, others] of inOtherNotations) {
    for (const text of unreadable) {
      const answer = await client.call(operation, { ...others, [name]: text })
      t.match(answer, { success: false, code: 'BAD_REQUEST' }, `${operation} ${text}`)
      t.match(answer.message, `'${name}' is expected`)
    }
    for (const text of [readable, ''])
      t.match(
        await client.call(operation, { ...others, [name]: text }),
        { success: true },
        `${operation} ${text}`,
      )
  }
})

t.test('an update without the right says so, whatever values it lacks', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  for (const operation of ['update', 'UpdateWithValidation']) {
    for (const [id, why] of [
      ['7x8628', 'the policy opens no invoice'],
      ['17x8645', "a colleague's ticket"],
      ['17x8665', "a ticket of carol's"],
      ['17x999999', 'none such'],
    ] as const) {
      const answer = await client.call(operation, { element: { id, description: 'x' } })
      t.match(answer, { success: false, code: 'ACCESS_DENIED' }, `${operation}: ${why}`)
    }
    const own = await client.call(operation, { element: { id: '17x8625', description: 'x' } })
    t.equal(own.success, false)
    t.match(own.text, /ticket_title/, 'of an own ticket the missing value is named')
  }
})

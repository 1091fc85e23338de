/** What `GET /modules/:module` says is enough to build a form and a list for the contact that asks. */
import t from 'tap'
import { widgets } from '../../src/records/form.ts'
import { policyFile, startPortal } from '../support/portal.ts'

interface Described {
  readonly blocks: readonly { readonly label: string; readonly fields: readonly string[] }[]
  readonly nameFields: readonly string[]
  readonly listColumns: readonly string[]
  readonly pageSize: number
  readonly fields: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[]
}

t.test('a module is described with its form, its list and what the contact may write', async (t) => {
  const fields = ['ticket_title', 'description', 'ticketstatus', 'ticketpriorities']
  const POLICY_FILE = await policyFile(t, {
    HelpDesk: {
      hide: ['product_id', 'ticket_no', 'ticketseverities'],
      create: { fields, force: { parent_id: '$contact', assigned_user_id: '$user' } },
    },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const describe = async (module: string) => {
    const { body } = await portal.as('alice', 'GET', `/modules/${module}`)
    return body as unknown as Described // as it is documented
  }
  const tickets = await describe('HelpDesk')
  t.strictSame(tickets.nameFields, ['ticket_title'])
  t.strictSame(
    tickets.listColumns,
    ['ticket_title', 'parent_id', 'ticketstatus', 'ticketpriorities', 'assigned_user_id'],
    'without the number, which is hidden',
  )
  t.equal(tickets.pageSize, 20)
  t.strictSame(
    tickets.blocks.map(({ label }) => label),
    ['Ticket Information', 'Description Information', 'Solution Information'],
  )
  t.equal(tickets.blocks[0]?.fields[0], 'ticket_title')
  const named = (name: string) => tickets.fields.find((field) => field.name === name)
  t.match(named('ticket_title'), { widget: 'text', mandatory: true, createable: true, maxLength: 255 })
  t.match(named('description'), { widget: 'textarea', block: 1, mandatory: false, createable: true })
  t.match(named('ticketstatus'), { widget: 'select', values: [{ value: 'Open', label: 'Open' }] })
  t.match(named('assigned_user_id'), { mandatory: false, createable: false, updateable: false }, 'forced')
  t.match(named('hours'), { widget: 'number', mayBeText: true })
  t.match(named('days'), { widget: 'number', decimals: 0 })
  t.match(named('createdtime'), { widget: 'datetime', default: null, help: null })

  const { body } = await portal.as('alice', 'GET', '/modules')
  for (const { name } of body['modules'] as Described['fields']) {
    const described = await describe(name)
    const readable = new Set(described.fields.map((field) => field.name))
    const mentioned = [
      ...described.nameFields,
      ...described.listColumns,
      ...described.blocks.flatMap((block) => block.fields),
    ]
    t.strictSame(
      mentioned.filter((field) => !readable.has(field)),
      [],
      `${name}: nothing is named that cannot be read`,
    )
    for (const { name: field, widget, block } of described.fields) {
      t.ok(widgets.some((each) => each === widget))
      if (typeof block === 'number') t.ok(described.blocks[block]?.fields.includes(field))
    }
  }
})

t.test('descriptions of modules have a tag, and are not sent again', async (t) => {
  const portal = await startPortal(t)
  for (const path of ['/modules', '/modules/HelpDesk']) {
    const first = await portal.as('alice', 'GET', path)
    const etag = String(first.headers['etag'])
    const headers = { 'if-none-match': etag }
    t.match(await portal.as('alice', 'GET', path, { headers }), { status: 304, text: '', headers: { etag } })
    t.equal((await portal.as('carol', 'GET', path, { headers })).status, 200, 'a tag is one of its contact')
  }
})

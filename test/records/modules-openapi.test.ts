/** `GET /modules/openapi.json`: the schemas of a contact's modules, and whether what the gateway answers and takes fits them. */
import formats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { startPortal } from '../support/portal.ts'

type Schema = Readonly<Record<string, unknown>>
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}
type Properties = Readonly<Record<string, Schema>>

t.test('each module has the schemas of its records, and of what the contact may write', async (t) => {
  const portal = await startPortal(t)
  const { body } = await portal.as('alice', 'GET', '/modules/openapi.json')
  const { paths, components } = body as unknown as Described // as OpenAPI has it
  const { schemas } = components
  const propertiesOf = (name: string) => schemas[name]?.['properties'] as Properties // of an object
  const ticket = propertiesOf('HelpDeskRecord')
  t.match(ticket['ticket_title'], { type: ['string', 'null'], maxLength: 255 })
  t.match(ticket['createdtime'], { type: ['string', 'null'], format: 'date-time' })
  t.match(ticket['hours'], { type: ['number', 'string', 'null'] })
  t.match(ticket['days'], { type: ['integer', 'string', 'null'] })
  t.match(ticket['parent_id'], { type: ['string', 'null'], pattern: /^\^/ })
  t.match(ticket['ticketstatus'], { enum: ['Open', 'In Progress', 'Wait For Response', 'Closed', null] })
  t.match(propertiesOf('InvoiceRecord')['invoicedate'], { format: 'date' })
  t.match(propertiesOf('ProductsRecord')['display'], { $ref: '#/components/schemas/Display' })
  const create = propertiesOf('HelpDeskCreate')
  t.notOk('parent_id' in create || 'assigned_user_id' in create, 'forced fields are not chosen')
  t.match(create['ticketstatus'], { type: 'string', enum: ['Open'] }, 'a mandatory value is not null')
  t.strictSame(schemas['HelpDeskCreate']?.['required'], ['ticket_title', 'ticketstatus'])
  t.strictSame(Object.keys(propertiesOf('HelpDeskUpdate')), [
    'ticket_title',
    'ticketpriorities',
    'ticketstatus',
    'description',
  ])
  t.notOk('InvoiceCreate' in schemas || 'InvoiceUpdate' in schemas, 'nothing where the policy opens nothing')
  t.match(paths['/modules/HelpDesk/records'], {
    post: {
      requestBody: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/HelpDeskCreate' } } },
      },
    },
  })
  t.match(JSON.stringify(paths['/records/{id}']?.['patch']), /HelpDeskUpdate/)

  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema({ $id: 'gateway', components: body['components'] })
  const fits = (name: string, value: unknown) => {
    const valid = ajv.validate({ $ref: `gateway#/components/schemas/${name}` }, value)
    return valid ? '' : `${name}: ${ajv.errorsText()}`
  }
  const { body: all } = await portal.as('alice', 'GET', '/modules')
  let records = 0
  for (const { name } of all['modules'] as { readonly name: string }[]) {
    const page = await portal.as('alice', 'GET', `/modules/${name}/records?display=true&limit=50`)
    records += page.body.records?.length ?? 0
    t.equal(fits(`${name.charAt(0).toUpperCase()}${name.slice(1)}Page`, page.body), '', name)
  }
  t.ok(records > 50, `${records} records fit their schemas`)
  const created = { ticket_title: 'x', ticketstatus: 'Open', description: null }
  t.equal(fits('HelpDeskCreate', created), '')
  t.equal((await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: created })).status, 201)
  for (const wrong of [
    { ticketstatus: 'Open' },
    { ...created, ticketstatus: 'Opne' },
    { ...created, parent_id: '12x1' },
  ]) {
    t.not(fits('HelpDeskCreate', wrong), '', JSON.stringify(wrong))
    const { status } = await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: wrong })
    t.ok(status >= 400 && status < 500, `the gateway rejects it as well: ${status}`)
  }
})

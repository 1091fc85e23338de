/** What a company does not show its customers reaches none of them, on any route, without a policy file. */
import t from 'tap'
import { internalFields, internalModules } from '../src/policy/internal.ts'
import { policyFile, startPortal, type Portal } from './support/portal.ts'
import { contactAt } from './support/webservice-client.ts'

/** A record of each of these modules that Alice sees. */
const records: Readonly<Record<string, string>> = {
  Accounts: '11x8546',
  Contacts: '12x8549',
  Documents: '15x8644',
  HelpDesk: '17x8625',
  Invoice: '7x8628',
  Products: '14x8556',
  Project: '33x8636',
  Services: '26x8559',
}

/** Recognised wherever it comes up: as text, as a number, and with the places that coreBOS adds. */
const secret = '48151623'

function plant({ corebos }: Portal): void {
  for (const module of internalModules) {
    const types = new Map(corebos.database.module(module)?.fields.map(({ name, type }) => [name, type.name]))
    for (const { values } of corebos.database.records(module)) {
      for (const field of internalFields(module)) {
        // The log-in reads this one.
        if (field === 'portalpasswordtype') continue
        const type = types.get(field)
        if (
          type === 'string' ||
          type === 'text' ||
          type === 'double' ||
          type === 'currency' ||
          type === 'picklist'
        )
          values.set(field, secret)
      }
    }
  }
}

t.test('no route answers the name or the value of an internal field', async (t) => {
  const portal = await startPortal(t)
  plant(portal)
  const client = await contactAt(portal.url, 'alice')
  for (const [module, id] of Object.entries(records)) {
    const query = `select * from ${module};`
    const post = async (path: string, body: object) => (await portal.as('alice', 'POST', path, { body })).text
    const get = async (path: string) => (await portal.as('alice', 'GET', path)).text
    const answers = {
      list: await get(`/modules/${module}/records?limit=5`),
      record: await get(`/records/${id}`),
      fields: await get(`/modules/${module}`),
      query: await post('/query', { query }),
      explain: await post('/query/explain', { query }),
      search: await get(`/search?q=${secret}&modules=${module}`),
      'webservice query': (await client.call('query', { query })).text,
      describe: (await client.call('describe', { elementType: module })).text,
      retrieve: (await client.call('retrieve', { id })).text,
      'webservice search': (
        await client.call('getSearchResults', { query: secret, search_onlyin: module, restrictionids: '' })
      ).text,
    }
    for (const [route, text] of Object.entries(answers)) {
      t.notOk(text.includes(secret), `${module}, ${route}: a value`)
      for (const field of internalFields(module))
        t.notOk(text.includes(`"${field}"`), `${module}, ${route}: ${field}`)
    }
    t.match(answers.record, id)
    t.match(answers.retrieve, '"success":true')
  }
})

t.test('an internal field is unknown in conditions, orders, expansions and writes', async (t) => {
  const portal = await startPortal(t)
  const unknown = { status: 400, body: { code: 'UNKNOWN_FIELD' } }
  for (const path of [
    "/modules/Products/records?where=cost_price > '1'",
    '/modules/Products/records?orderBy=qtyinstock',
    '/modules/Products/records?fields=commissionrate',
    '/modules/Products/records?expand=vendor_id',
    '/modules/InventoryDetails/records?where=cost_gross > 1',
    "/modules/HelpDesk/records?where=Products.cost_price > '1'",
  ])
    t.match(await portal.as('alice', 'GET', encodeURI(path)), unknown, path)
  const update = await portal.as('alice', 'PATCH', '/records/17x8625', { body: { update_log: 'x' } })
  t.match(update, unknown)
})

t.test('discontinued products and services are not there', async (t) => {
  const portal = await startPortal(t)
  for (const [id, module] of [
    ['14x8556', 'Products'],
    ['26x8559', 'Services'],
  ] as const) {
    const ids = async () =>
      (await portal.as('alice', 'GET', `/modules/${module}/records?fields=id`)).body.records?.map(
        ({ id }) => id,
      ) ?? []
    t.ok((await ids()).includes(id))
    portal.corebos.database.entity(Number(id.split('x')[1]))?.values.set('discontinued', '0')
    t.notOk((await ids()).includes(id))
    t.match(await portal.as('alice', 'GET', `/records/${id}`), { status: 404, body: { code: 'NOT_FOUND' } })
  }
})

t.test('a policy file shows the internal fields that it names', async (t) => {
  const POLICY_FILE = await policyFile(t, { Products: { show: ['qtyinstock'] } })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const { body } = await portal.as('alice', 'GET', '/records/14x8556')
  t.match(body, { qtyinstock: /^[0-9.]+$/ })
  t.notOk('cost_price' in body)
})

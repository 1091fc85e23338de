/** Lines of invoices, quotes and sales orders, and comments on tickets, are answered from the record that a contact sees. */
import t, { type Test } from 'tap'
import { usualModes, policyFile, startPortal, type Mode, type Portal } from '../support/portal.ts'
import { at, contactAt, rowsAt, textAt, userAt, type WebserviceClient } from '../support/webservice-client.ts'

const hidden = /cost|commission|qtyinstock|qtyindemand|reorderlevel|vendor_id|glacct|incrementondel/

async function enter(portal: Portal, mode: Mode, name = 'alice'): Promise<WebserviceClient> {
  return mode === 'user' ? userAt(portal.url, name) : contactAt(portal.url, name)
}

const documents = [
  ['7x8628', 'Invoice'],
  ['4x8632', 'Quotes'],
  ['6x8634', 'SalesOrder'],
] as const

/** What coreBOS itself says of the lines, to its administrator. */
async function truthOf(portal: Portal, id: string, module: string) {
  const record = await portal.admin.result('retrieve', { id })
  const params = { id, module, relatedModule: 'Products', queryParameters: {} }
  return {
    priced: at(record, 'pdoInformation'),
    rows: rowsAt(await portal.admin.result('getRelatedRecords', params), 'records'),
  }
}

async function seesLines(t: Test, portal: Portal, mode: Mode): Promise<void> {
  const client = await enter(portal, mode)
  for (const [id, module] of documents) {
    const { priced, rows } = await truthOf(portal, id, module)
    t.ok(rows.length > 0)
    const retrieved = (await client.call('retrieve', { id })).result
    t.strictSame(at(retrieved, 'pdoInformation'), priced, `${mode}: ${module}`)
    for (const productDiscriminator of ['', 'ProductLineInvoice', 'ProductLineNone']) {
      const queryParameters = { productDiscriminator, columns: '', limit: '20', offset: '0', orderby: '' }
      const answer = await client.call('getRelatedRecords', {
        id,
        module,
        relatedModule: 'Products',
        queryParameters,
      })
      const lines = rowsAt(answer.result, 'records')
      t.equal(lines.length, rows.length, answer.text)
      for (const [i, line] of lines.entries()) {
        for (const name of [
          'id',
          'sequence_no',
          'quantity',
          'listprice',
          'discount_percent',
          'comment',
          'tax1',
          'productname',
          'lineitem_id',
          'linetype',
        ])
          t.equal(line[name], rows[i]?.[name], `${mode}: ${module} ${name}`)
        t.strictSame(
          Object.keys(line).filter((name) => hidden.test(name)),
          [],
          'no cost, no stock',
        )
      }
    }
    const page = await portal.as('alice', 'GET', `/records/${id}/related/Products?count=true`)
    t.equal(page.status, 200, page.text)
    t.equal(page.body['total'], rows.length)
    t.strictSame(
      rowsAt(page.body, 'records').map((row) => [
        at(row, 'line', 'quantity'),
        at(row, 'line', 'listprice'),
        textAt(row, 'productname'),
      ]),
      rows.map((row) => [Number(row['quantity']), Number(row['listprice']), row['productname']]),
    )
    t.notMatch(page.text, hidden)
  }
}

t.test('a contact sees the lines of its own invoices, quotes and orders, without costs', async (t) => {
  for (const mode of usualModes) await seesLines(t, await startPortal(t, { mode }), mode)
})

t.test('lines of records that are not seen are not there', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode)
    const before = portal.relay.count('getRelatedRecords')
    for (const id of ['7x8668', '7x99999999']) {
      for (const relatedModule of ['Products', 'Services'])
        t.match(await client.call('getRelatedRecords', { id, module: 'Invoice', relatedModule }), {
          code: 'ACCESS_DENIED',
          message: 'Permission to read given object is denied',
        })
      t.equal((await client.call('retrieve', { id })).code, 'ACCESS_DENIED')
      t.equal((await portal.as('alice', 'GET', `/records/${id}/related/Products`)).status, 404)
    }
    t.equal(portal.relay.count('getRelatedRecords'), before, 'coreBOS is not asked')
  }
})

t.test('a line tells of its product what the rule of products shows', async (t) => {
  const env = {
    POLICY_FILE: await policyFile(t, { Products: { open: true, where: "productname != 'Widget'" } }),
  }
  const portal = await startPortal(t, { env })
  const client = await enter(portal, 'portal')
  const params = { id: '7x8628', module: 'Invoice', relatedModule: 'Products', queryParameters: {} }
  const [line] = rowsAt((await client.call('getRelatedRecords', params)).result, 'records')
  t.equal(line?.['quantity'], '2.000')
  t.equal(line?.['productname'], undefined)
  const page = await portal.as('alice', 'GET', '/records/7x8628/related/Products?fields=productname')
  t.match(rowsAt(page.body, 'records'), [{ line: { quantity: 2, listprice: 100 } }])
  t.notMatch(page.text, 'Widget')

  const narrow = await startPortal(t, {
    env: { POLICY_FILE: await policyFile(t, { Invoice: { only: ['subject', 'contact_id', 'account_id'] } }) },
  })
  const alice = await enter(narrow, 'portal')
  t.notMatch((await alice.call('retrieve', { id: '7x8628' })).text, 'pdoInformation')
  t.match(await alice.call('getRelatedRecords', params), { code: 'QUERY_NOT_EXPRESSIBLE' })
  t.match(await narrow.as('alice', 'GET', '/records/7x8628/related/Products'), { status: 422 })
})

t.test('pages of lines', async (t) => {
  const portal = await startPortal(t)
  const client = await enter(portal, 'portal')
  const lines = async (queryParameters: object, relatedModule = 'Products') =>
    client.call('getRelatedRecords', { id: '7x8628', module: 'Invoice', relatedModule, queryParameters })
  t.strictSame(rowsAt((await lines({ limit: 5, offset: 1 })).result, 'records'), [])
  t.strictSame(rowsAt((await lines({}, 'Services')).result, 'records'), [], 'no line is a service')
  t.match(await lines({ orderby: 'productname' }), { code: 'QUERY_NOT_EXPRESSIBLE' })
  t.match(await lines({}, 'Vendors'), { code: 'ACCESS_DENIED' })
  for (const [query, status] of [
    ['limit=0', 200],
    ['fields=productname', 200],
    ['fields=cost_price', 400],
    ['where=true', 422],
    ['orderBy=productname', 422],
    ['expand=comments', 422],
  ] as const)
    t.equal(
      (await portal.as('alice', 'GET', `/records/7x8628/related/Products?${query}`)).status,
      status,
      query,
    )
})

t.test('comments on a ticket are related records of coreBOS clients', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode)
    await portal.as('alice', 'POST', '/records/17x8625/comments', { body: { text: 'is 5 < 6 & "so"?' } })
    const params = { id: '17x8625', module: 'HelpDesk', relatedModule: 'ModComments' }
    const answer = await client.call('getRelatedRecords', {
      ...params,
      queryParameters: { limit: '20', offset: '0' },
    })
    const rows = rowsAt(answer.result, 'records')
    const own = rows.at(-1) ?? {}
    t.match(
      own,
      {
        commentcontent: 'is 5 &lt; 6 &amp; &quot;so&quot;?',
        related_to: '17x8625',
        setype: 'TicketComments',
        creator: '12x8549',
        ownertype: 'customer',
        owner_name: 'alice Aliceson',
      },
      `${mode}: ${answer.text}`,
    )
    const told = rowsAt((await portal.as('alice', 'GET', '/records/17x8625/comments')).body, 'comments')
    t.equal(rows.length, told.length)
    const foreign = await client.call('getRelatedRecords', { ...params, id: '17x8665' })
    t.equal(foreign.code, 'ACCESS_DENIED')
  }
})

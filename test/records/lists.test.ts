/** Lists by parameters: filters, order, pages, what is expanded, and errors that name the parameter. */
import t, { type Test } from 'tap'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { startPortal, usualModes, type Portal } from '../support/portal.ts'

const alice = 8549

const query = (parameters: Readonly<Record<string, string>>): string =>
  new URLSearchParams(parameters).toString()

function lister(portal: Portal) {
  const { database } = portal.corebos
  const oracle = new Oracle(database, ownerIdsOf(database, alice, 'account'))
  const list = async (module: string, parameters: Readonly<Record<string, string>>) =>
    portal.as('alice', 'GET', `/modules/${module}/records?${query(parameters)}`)
  const ids = async (module: string, parameters: Readonly<Record<string, string>>) => {
    const { status, body, text } = await list(module, { ...parameters, count: 'true', limit: '1000' })
    if (status !== 200) throw new Error(`${query(parameters)}: ${text}`)
    return (body.records ?? []).map(({ id }) => String(id))
  }
  const expected = (module: string, where: string) =>
    oracle.answer(`select id from ${module} where ${where} limit 1000`).ids
  return { oracle, list, ids, expected }
}

/** A filter, and the condition that means the same. */
const filters: readonly (readonly [module: string, Readonly<Record<string, string>>, where: string])[] = [
  ['HelpDesk', { 'filter[ticketstatus]': 'Open' }, "ticketstatus = 'Open'"],
  ['HelpDesk', { 'filter[ticketstatus][ne]': 'Open' }, "(ticketstatus != 'Open' or ticketstatus is null)"],
  ['HelpDesk', { 'filter[ticketstatus][in]': 'Open,"Closed"' }, "ticketstatus in ('Open', 'Closed')"],
  [
    'HelpDesk',
    { 'filter[ticketstatus][nin]': 'Open,Closed' },
    "(ticketstatus not in ('Open', 'Closed') or ticketstatus is null)",
  ],
  ['HelpDesk', { 'filter[ticket_title][contains]': 'ticket 1' }, "ticket_title like '%ticket 1%'"],
  ['HelpDesk', { 'filter[ticket_title][startsWith]': 'alice' }, "ticket_title like 'alice%'"],
  ['HelpDesk', { 'filter[ticket_title][contains]': '100%' }, "ticket_title like '%100\\%%'"],
  ['HelpDesk', { 'filter[ticket_title]': "' or '1'='1" }, "ticket_title = ''' or ''1''=''1'"],
  ['HelpDesk', { 'filter[parent_id]': '12x8549' }, "parent_id = '12x8549'"],
  ['HelpDesk', { 'filter[parent_id][ne]': '12x8549' }, "(parent_id != '12x8549' or parent_id is null)"],
  ['HelpDesk', { 'filter[product_id][empty]': 'true' }, 'product_id is null'],
  ['HelpDesk', { 'filter[product_id][empty]': 'false' }, 'product_id is not null'],
  [
    'HelpDesk',
    { 'filter[createdtime][gte]': '2026-01-01T02:00:00+02:00', 'filter[ticketstatus]': 'Open' },
    "createdtime >= '2026-01-01 00:00:00' and ticketstatus = 'Open'",
  ],
  [
    'HelpDesk',
    { where: "ticketstatus='Open' or ticketstatus='Closed'", 'filter[ticketpriorities][ne]': 'Low' },
    "(ticketstatus = 'Open' or ticketstatus = 'Closed') and (ticketpriorities != 'Low' or ticketpriorities is null)",
  ],
  ['Contacts', { 'filter[donotcall]': 'false' }, "donotcall = '0'"],
  ['Contacts', { 'filter[donotcall][ne]': 'true' }, "donotcall != '1'"],
  [
    'Invoice',
    { 'filter[hdnGrandTotal][gt]': '0', 'filter[hdnGrandTotal][lt]': '100000' },
    'hdnGrandTotal > 0 and hdnGrandTotal < 100000',
  ],
  ['Invoice', { 'filter[hdnGrandTotal][ne]': '12.5' }, '(hdnGrandTotal != 12.5 or hdnGrandTotal is null)'],
  ['Invoice', { 'filter[duedate][lte]': '2030-01-31' }, "duedate <= '2030-01-31'"],
]

t.test('filters find what the condition of the same meaning finds', async (t) => {
  const { ids, expected } = lister(await startPortal(t))
  const sorted = (list: readonly string[]) => [...list].sort()
  let found = 0
  for (const [module, parameters, where] of filters) {
    const wanted = sorted(expected(module, where))
    t.strictSame(sorted(await ids(module, parameters)), wanted, `${module}: ${query(parameters)}`)
    found += wanted.length
  }
  t.ok(found > 40, `${found} records were found`)
})

type Rejected = readonly [
  parameters: Readonly<Record<string, string>> | string,
  parameter: string,
  code: string,
  message: RegExp,
]

async function rejects(t: Test, portal: Portal, path: string, cases: readonly Rejected[]): Promise<void> {
  for (const [parameters, parameter, code, message] of cases) {
    const asked = typeof parameters === 'string' ? parameters : query(parameters)
    const { status, body, text } = await portal.as('alice', 'GET', `${path}?${asked}`)
    const wanted = { code, errors: [{ parameter, message }] }
    t.match(
      { client: status >= 400 && status < 500, ...body },
      { client: true, ...wanted },
      `${asked}: ${text}`,
    )
  }
}

t.test('a filter that does not fit is rejected with its parameter and what is accepted', async (t) => {
  const portal = await startPortal(t)
  const many = Array.from({ length: 600 }, (_, i) => `filter[f${i}]=`).join('&')
  await rejects(t, portal, '/modules/HelpDesk/records', [
    [{ 'filter[ticketstatu]': 'x' }, 'filter[ticketstatu]', 'UNKNOWN_FIELD', /did you mean 'ticketstatus'/],
    [{ 'filter[update_log]': 'x' }, 'filter[update_log]', 'UNKNOWN_FIELD', /has no field 'update_log'/],
    [
      { 'filter[ticketstatus][like]': 'x' },
      'filter[ticketstatus][like]',
      'VALIDATION_FAILED',
      /one of gt, gte/,
    ],
    [{ 'filter[ticketstatus': 'x' }, 'filter[ticketstatus', 'VALIDATION_FAILED', /filter\[FIELD\]/],
    [{ filter: 'x' }, 'filter', 'VALIDATION_FAILED', /filter\[FIELD\]/],
    [{ 'filter[a][gt][lt]': 'x' }, 'filter[a][gt][lt]', 'VALIDATION_FAILED', /filter\[FIELD\]/],
    ['filter[ticketstatus]=a&filter[ticketstatus]=b', 'filter[ticketstatus]', 'VALIDATION_FAILED', /once/],
    [{ 'filter[ticketstatus]': 'Opne' }, 'filter[ticketstatus]', 'INVALID_VALUE', /picklist/],
    [{ 'filter[ticketstatus][in]': 'Open, Closed' }, 'filter[ticketstatus][in]', 'INVALID_VALUE', /picklist/],
    [{ 'filter[ticketstatus][in]': '"Open' }, 'filter[ticketstatus][in]', 'INVALID_VALUE', /double quotes/],
    [{ 'filter[ticketstatus]': '' }, 'filter[ticketstatus]', 'INVALID_VALUE', /\[empty\]=true/],
    [{ 'filter[ticketstatus][empty]': '1' }, 'filter[ticketstatus][empty]', 'INVALID_VALUE', /true or false/],
    [{ 'filter[hours][gt]': 'many' }, 'filter[hours][gt]', 'INVALID_VALUE', /a number/],
    [{ 'filter[hours][contains]': '1' }, 'filter[hours][contains]', 'INVALID_VALUE', /\[gte\]/],
    [
      { 'filter[createdtime][gt]': '2026-02-30' },
      'filter[createdtime][gt]',
      'INVALID_VALUE',
      /calendar date/,
    ],
    [
      { 'filter[createdtime]': '2026-02-30T00:00:00Z' },
      'filter[createdtime]',
      'INVALID_VALUE',
      /calendar date/,
    ],
    [{ 'filter[createdtime]': '2026-02-03 00:00' }, 'filter[createdtime]', 'INVALID_VALUE', /ISO 8601/],
    [{ 'filter[parent_id]': 'x' }, 'filter[parent_id]', 'INVALID_VALUE', /webservice id/],
    [{ 'filter[parent_id]': '14x1' }, 'filter[parent_id]', 'INVALID_VALUE', /does not point to/],
    [{ 'filter[parent_id][gt]': '12x1' }, 'filter[parent_id][gt]', 'INVALID_VALUE', /\[nin\]/],
    [many, 'filter', 'QUERY_TOO_LARGE', /500 filters at most; 600/],
    [{ where: 'ticketstatus=' }, 'where', 'QUERY_SYNTAX', /line 1/],
    [{ limit: '-1' }, 'limit', 'VALIDATION_FAILED', /greater/],
    [{ filters: 'x' }, 'filters', 'VALIDATION_FAILED', /./],
  ])
  await rejects(t, portal, '/modules', [[{ 'filter[a]': 'x' }, 'filter[a]', 'VALIDATION_FAILED', /./]])
  await rejects(t, portal, '/modules/Contacts/records', [
    [{ 'filter[donotcall]': '1' }, 'filter[donotcall]', 'INVALID_VALUE', /true or false/],
    [{ 'filter[donotcall][empty]': 'true' }, 'filter[donotcall][empty]', 'INVALID_VALUE', /\[ne\]/],
    [{ 'filter[birthday]': '2026-02-30' }, 'filter[birthday]', 'INVALID_VALUE', /calendar date/],
  ])
})

t.test('next and prev keep all parameters and lead through every record once', async (t) => {
  const { list, expected } = lister(await startPortal(t))
  const parameters = {
    fields: 'ticket_title',
    'filter[ticket_title][startsWith]': 'a',
    where: 'ticketstatus!=\'x, "y"\'',
    orderBy: 'ticket_title,id',
    count: 'true',
    limit: '2',
  }
  const wanted = expected('HelpDesk', "ticket_title like 'a%' and ticketstatus != 'x'")
  t.ok(wanted.length > 4)
  const seen: unknown[] = []
  let { body } = await list('HelpDesk', parameters)
  t.notOk(body['prev'], 'the first page has none before it')
  for (let pages = 1; ; pages++) {
    seen.push(...(body.records ?? []).map(({ id }) => id))
    const { next } = body
    if (typeof next !== 'string') break
    t.ok(pages < 20)
    const asked = new URL(next, 'http://x').searchParams
    for (const [name, value] of Object.entries(parameters)) t.equal(asked.get(name), value)
    ;({ body } = await list('HelpDesk', Object.fromEntries(asked)))
  }
  t.strictSame([...seen].sort(), [...wanted].sort())
  for (let { prev } = body; typeof prev === 'string'; { prev } = body)
    ({ body } = await list('HelpDesk', Object.fromEntries(new URL(prev, 'http://x').searchParams)))
  t.strictSame(
    (body.records ?? []).map(({ id }) => id),
    seen.slice(0, 2),
    'and back to the first page',
  )
})

t.test(
  'sort takes any mixture of directions, over pages, and needs no other call where coreBOS sorts',
  async (t) => {
    const portal = await startPortal(t)
    const { oracle, list } = lister(portal)
    for (const [module, sort] of [
      ['HelpDesk', 'ticketstatus,ticket_title'],
      ['HelpDesk', '-ticketstatus,ticket_title'],
      ['HelpDesk', '-ticketpriorities,-ticketstatus,ticket_title'],
      ['Invoice', '-invoicestatus,-hdnGrandTotal'],
      ['HelpDesk', '-id'],
    ] as const) {
      const order = sort.replaceAll(/-([A-Za-z_]+)/g, '$1 desc')
      const { ids, sortKeys } = oracle.answer(`select id from ${module} order by ${order} limit 1000`)
      const seen: string[] = []
      while (seen.length < ids.length) {
        const page = { sort, limit: '3', offset: String(seen.length), count: 'true', fields: 'id' }
        const { body, text } = await list(module, page)
        t.equal(body['total'], ids.length, text)
        if (body.records?.length === 0 || body.records === undefined) break
        seen.push(...body.records.map(({ id }) => String(id)))
      }
      t.strictSame([...seen].sort(), [...ids].sort(), `${sort}: each record once`)
      t.strictSame(
        seen.map((id) => sortKeys.get(id)),
        ids.map((id) => sortKeys.get(id)),
        `${module} by ${sort}`,
      )
    }
    const before = portal.relay.count('query')
    await list('HelpDesk', { sort: 'ticketstatus,-ticket_title' })
    t.equal(portal.relay.count('query') - before, 1)
  },
)

t.test('an order that does not fit is rejected with its parameter', async (t) => {
  const portal = await startPortal(t)
  await rejects(t, portal, '/modules/HelpDesk/records', [
    [{ sort: 'id', orderBy: 'id' }, 'sort', 'VALIDATION_FAILED', /one of them/],
    [{ sort: '-ticket_titel' }, 'sort', 'UNKNOWN_FIELD', /did you mean/],
    [{ sort: '-update_log,id' }, 'sort', 'UNKNOWN_FIELD', /has no field/],
    [{ sort: 'ticket_title desc' }, 'sort', 'QUERY_SYNTAX', /'-' in front/],
    [{ sort: '+id' }, 'sort', 'QUERY_SYNTAX', /comma-separated/],
    [{ sort: '' }, 'sort', 'QUERY_SYNTAX', /comma-separated/],
    [{ sort: 'id,'.repeat(60) }, 'sort', 'QUERY_TOO_LARGE', /50 fields/],
    [{ orderBy: 'id upwards' }, 'orderBy', 'QUERY_SYNTAX', /line 1/],
    [{ orderBy: 'update_log' }, 'orderBy', 'UNKNOWN_FIELD', /has no field/],
    [{ orderBy: 'ticketstatus desc,id' }, 'orderBy', 'QUERY_NOT_EXPRESSIBLE', /'sort' takes any mixture/],
    [{ fields: 'id,update_log' }, 'fields', 'UNKNOWN_FIELD', /has no field/],
    [{ fields: 'Users.user_name' }, 'fields', 'UNKNOWN_MODULE', /Users/],
    [{ where: "update_log='x'" }, 'where', 'UNKNOWN_FIELD', /has no field/],
    [{ where: "hours='x'" }, 'where', 'INVALID_VALUE', /a number/],
    [{ expand: 'update_log' }, 'expand', 'UNKNOWN_FIELD', /has no field/],
    [{ expand: 'parent_id.parent_id.parent_id.parent_id.parent_id' }, 'expand', 'QUERY_TOO_LARGE', /4 hops/],
  ])
})

t.test('expand brings the fields that are named, over several references', async (t) => {
  const portal = await startPortal(t)
  const { list } = lister(portal)
  const where = "id='17x8625'"
  const expanded = async (expand: string) => {
    const { body, text } = await list('HelpDesk', { where, fields: 'ticket_title', expand })
    const [record] = (body.records ?? []) as readonly {
      readonly expanded?: Readonly<Record<string, unknown>>
    }[] // as described
    if (record?.expanded === undefined) throw new Error(text)
    return record.expanded
  }
  const whole = await expanded('parent_id.account_id,comments')
  const parent = whole['parent_id'] as Readonly<Record<string, unknown>> // a record, or the next comparison fails
  const pick = (row: Readonly<Record<string, unknown>>, ...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, row[name]]))
  t.strictSame(await expanded('parent_id(firstname,lastname),comments'), {
    parent_id: pick(parent, 'firstname', 'lastname', 'id'),
    comments: whole['comments'],
  })
  const { account_id: account } = parent['expanded'] as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  > // the same
  t.match(await expanded('parent_id(lastname,account_id(accountname))'), {
    parent_id: {
      ...pick(parent, 'lastname', 'account_id', 'id'),
      expanded: { account_id: pick(account ?? {}, 'accountname', 'id') },
    },
  })
  t.strictSame(
    Object.keys((await expanded('parent_id(accountname)'))['parent_id'] as object).sort(), // a record, as above
    ['id'],
    'a field of another module that the reference may point to is not of this record',
  )
  await rejects(t, portal, '/modules/HelpDesk/records', [
    [{ expand: 'parent_id(portal)' }, 'expand', 'UNKNOWN_FIELD', /has no field 'portal'/],
    [{ expand: 'parent_id(nope)' }, 'expand', 'UNKNOWN_FIELD', /has no field 'nope'/],
    [{ expand: 'assigned_user_id(user_name)' }, 'expand', 'UNKNOWN_FIELD', /accepted are 'id' and 'name'/],
    [{ expand: 'parent_id(' }, 'expand', 'QUERY_SYNTAX', /line 1/],
    [{ expand: 'parent_id()' }, 'expand', 'QUERY_SYNTAX', /line 1/],
    [
      { expand: 'comments(id)' },
      'expand',
      'UNKNOWN_FIELD',
      /does not point to records|no further references/,
    ],
    [{ expand: `${'parent_id('.repeat(5)}id${')'.repeat(5)}` }, 'expand', 'QUERY_TOO_LARGE', /4 hops/],
    [{ expand: 'parent_id,'.repeat(501) + 'parent_id' }, 'expand', 'QUERY_TOO_LARGE', /500 fields/],
  ])
})

for (const mode of usualModes)
  t.test(`in ${mode} mode a list that has not changed is not sent again`, async (t) => {
    const portal = await startPortal(t, { mode })
    const query = encodeURIComponent('select ticket_title from HelpDesk;')
    for (const path of [
      '/modules/HelpDesk/records?limit=3',
      '/modules/HelpDesk/aggregate?groupBy=ticketstatus&count=true',
      '/records/11x8546/related/HelpDesk?limit=3',
      '/records/17x8625/comments',
      '/search?q=ticket&modules=HelpDesk',
      `/query?q=${query}`,
      '/modules',
      '/modules/HelpDesk',
      '/me',
    ]) {
      const { status, headers, text } = await portal.as('alice', 'GET', path)
      t.equal(status, 200, path)
      t.equal(headers['cache-control'], 'private, no-cache', path)
      const known = { headers: { 'if-none-match': String(headers['etag']) } }
      t.match(await portal.as('alice', 'GET', path, known), { status: 304, text: '' }, path)
      t.match(
        await portal.as('bob', 'GET', path, known),
        { status: /200|404/ },
        `${path}: the tag is of one contact`,
      )
      const head = await portal.as('alice', 'HEAD', path)
      t.match(head, { status: 200, text: '', headers: { etag: headers['etag'] } }, path)
      t.equal(head.headers['content-length'], String(Buffer.byteLength(text)), path)
      t.match(await portal.as('alice', 'HEAD', path, known), { status: 304, text: '' }, path)
    }
    const [list, counted] = [
      '/modules/HelpDesk/records?limit=3',
      '/modules/HelpDesk/records?limit=3&count=true',
    ]
    const { headers } = await portal.as('alice', 'GET', list)
    const known = { headers: { 'if-none-match': String(headers['etag']) } }
    t.match(await portal.as('alice', 'GET', counted, known), { status: 200 }, 'another answer')
    const comments = '/records/17x8625/comments'
    const before = await portal.as('alice', 'GET', comments)
    await portal.as('alice', 'POST', comments, { body: { text: 'It smokes again.' } })
    const again = { headers: { 'if-none-match': String(before.headers['etag']) } }
    const after = await portal.as('alice', 'GET', comments, again)
    t.match(after, { status: 200, text: /It smokes again/ }, 'a new comment is sent')
  })

t.test('aggregate counts and sums up what the contact sees, by groups', async (t) => {
  const portal = await startPortal(t)
  const { oracle } = lister(portal)
  const ask = async (module: string, parameters: Readonly<Record<string, string>>) => {
    const { body, text } = await portal.as(
      'alice',
      'GET',
      `/modules/${module}/aggregate?${query(parameters)}`,
    )
    if (!Array.isArray(body['groups'])) throw new Error(text)
    return body['groups'] as readonly Readonly<Record<string, unknown>>[] // as described
  }
  const rows = oracle.answer('select ticketstatus,hours,createdtime from HelpDesk limit 1000').rows
  const statuses = [...new Set(rows.map(({ ticketstatus = '' }) => ticketstatus))].sort()
  const measured = { groupBy: 'ticketstatus', count: 'true', sum: 'hours', min: 'createdtime', max: 'hours' }
  t.ok(statuses.length > 1)
  t.match(
    await ask('HelpDesk', measured),
    statuses.map((ticketstatus) => {
      const group = rows.filter((row) => row['ticketstatus'] === ticketstatus)
      const hours = group.flatMap((row) => (row['hours'] === '' ? [] : [Number(row['hours'])]))
      const [first = ''] = group.map(({ createdtime = '' }) => createdtime).sort()
      return {
        ticketstatus,
        count: group.length,
        sum: { hours: hours.length === 0 ? null : hours.reduce((sum, each) => sum + each, 0) },
        min: { createdtime: `${first.replace(' ', 'T')}Z` },
        max: { hours: hours.length === 0 ? null : Math.max(...hours) },
      }
    }),
  )
  const where = "ticketstatus='Open'"
  const open = rows.filter((row) => row['ticketstatus'] === 'Open').length
  t.strictSame(await ask('HelpDesk', { count: 'true', where }), [{ count: open }])
  t.strictSame(await ask('HelpDesk', { count: 'true', 'filter[ticketstatus]': 'Open' }), [{ count: open }])
  t.strictSame(await ask('HelpDesk', { groupBy: 'id', count: 'true', where: "id='17x1'" }), [])
  t.strictSame(await ask('HelpDesk', { count: 'true', sum: 'hours', where: "id='17x1'" }), [
    { count: 0, sum: { hours: null } },
  ])
  const totals = oracle.answer('select hdnGrandTotal from Invoice limit 1000').rows
  const cents = totals.reduce(
    (sum, { hdnGrandTotal = '0' }) => sum + Math.round(Number(hdnGrandTotal) * 100),
    0,
  )
  const [invoices] = await ask('Invoice', { sum: 'hdnGrandTotal', avg: 'hdnGrandTotal' })
  t.match(invoices, { sum: { hdnGrandTotal: cents / 100 } })
  await rejects(t, portal, '/modules/HelpDesk/aggregate', [
    ['', 'groupBy', 'VALIDATION_FAILED', /no measure is requested/],
    [{ groupBy: 'update_log' }, 'groupBy', 'UNKNOWN_FIELD', /has no field 'update_log'/],
    [{ groupBy: 'Contacts.lastname' }, 'groupBy', 'QUERY_NOT_EXPRESSIBLE', /is not accepted here/],
    [{ sum: 'commentadded' }, 'sum', 'UNKNOWN_FIELD', /has no field/],
    [{ sum: 'ticket_title' }, 'sum', 'INVALID_VALUE', /accepts fields of the types number/],
    [{ max: 'parent_id' }, 'max', 'INVALID_VALUE', /number, date, datetime, time/],
    [{ count: 'true', where: "update_log='x'" }, 'where', 'UNKNOWN_FIELD', /has no field/],
    [{ count: 'true', 'filter[update_log]': 'x' }, 'filter[update_log]', 'UNKNOWN_FIELD', /has no field/],
    [{ count: '1' }, 'count', 'VALIDATION_FAILED', /./],
    [{ count: 'true', having: 'x' }, 'having', 'VALIDATION_FAILED', /./],
  ])
  const closed = await portal.as('alice', 'GET', '/modules/Leads/aggregate?count=true')
  t.match(closed, { status: 404, body: { code: 'UNKNOWN_MODULE' } })
})

t.test('what needs more rows than the limit is rejected, not approximated', async (t) => {
  const portal = await startPortal(t)
  portal.relay.alter = ({ operation, answer }) =>
    operation === 'query' ? { ...answer, moreinfo: { totalrows: '10001' } } : answer
  await rejects(t, portal, '/modules/HelpDesk/aggregate', [
    [{ count: 'true' }, 'aggregate', 'QUERY_TOO_LARGE', /10000 records at most/],
  ])
  await rejects(t, portal, '/modules/HelpDesk/records', [
    [{ sort: '-ticketstatus,id' }, 'sort', 'QUERY_TOO_LARGE', /10000 records at most/],
  ])
})

/** Every text that a record holds can be searched and compared, or is rejected by the name of its field. */
import t from 'tap'
import { staysQuoted } from '../src/query/dialect.ts'
import { literally, patternOf, piecesOf } from '../src/query/pattern.ts'
import { isEqual, isLike } from '../src/query/collation.ts'
import { policyFile, startPortal, usualModes, type Portal } from './support/portal.ts'
import { contactAt, rowsAt, textAt, userAt, type WebserviceClient } from './support/webservice-client.ts'

/** Titles that coreBOS reads as a part of a statement, and the plain ones beside them. */
const titles = [
  'x not in (1,2)',
  'x not in [1,2)',
  'error: [id]=1',
  'a where [b]',
  'a where {b]',
  'select [x]',
  "'a.b",
  '"a.b',
  "a.b'",
  "it's a.b (c) ' related.Contacts=12x8551 '",
  'x in (y',
  'x count(y',
  'abc\\',
  'abc%',
  'ACME\\jdoe',
  'ACMEjdoe',
  'C:\\dir\\100%_done',
  'say is null',
] as const

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '$&$&')}'`
const escaped = (text: string): string => quoted(text.replace(/[\\%_]/g, '\\$&'))

async function plant(portal: Portal, all: readonly string[]): Promise<void> {
  for (const title of all) {
    await portal.admin.result('create', {
      elementType: 'HelpDesk',
      element: { ticket_title: title, ticketstatus: 'Open', parent_id: '12x8549', assigned_user_id: '19x5' },
    })
  }
}

async function titlesWhere(portal: Portal, where: string): Promise<unknown> {
  const query = `select ticket_title from HelpDesk where ${where} limit 500`
  const { status, body } = await portal.as('alice', 'POST', '/query', { body: { query } })
  return status === 200 ? body.records?.map((row) => row['ticket_title']) : body
}

for (const mode of usualModes) {
  t.test(`${mode}: texts that look like a part of a statement are found`, async (t) => {
    const portal = await startPortal(t, { mode })
    await plant(portal, titles)
    // The statements of the other modes are the same.
    for (const title of mode === usualModes[0] ? titles : titles.slice(0, 4)) {
      t.strictSame(await titlesWhere(portal, `ticket_title=${quoted(title)}`), [title], `= ${title}`)
      t.strictSame(await titlesWhere(portal, `ticket_title like ${escaped(title)}`), [title], `like ${title}`)
    }
    const [first, second, third] = titles
    t.strictSame(
      await titlesWhere(portal, `ticket_title in (${quoted(first)},${quoted(second)},${quoted(third)})`),
      [first, second, third],
    )
    const others = (await titlesWhere(portal, `ticket_title!=${quoted(first)}`)) as readonly string[]
    t.notOk(others.includes(first))
    for (const title of titles.slice(1)) t.ok(others.includes(title), `!= ${first}: ${title}`)
    t.strictSame(
      await titlesWhere(portal, `ticket_title not like '%[%' and ticket_title like '%where%'`),
      ['a where {b]'],
      'not like',
    )
  })
}

t.test('a search finds a backslash, and takes wildcards for themselves', async (t) => {
  const portal = await startPortal(t)
  await plant(portal, titles)
  for (const [text, expected] of [
    ['abc\\', ['abc\\']],
    ['abc%', ['abc%']],
    ['ACME\\jdoe', ['ACME\\jdoe']],
    ['\\', ['abc\\', 'ACME\\jdoe', 'C:\\dir\\100%_done']],
    ['[id]=1', ['error: [id]=1']],
    ['not in (1,2)', ['x not in (1,2)']],
    ['where [', ['a where [b]']],
    ["'a.b", ["'a.b"]],
  ] as const) {
    const { status, body } = await portal.as(
      'alice',
      'GET',
      `/search?q=${encodeURIComponent(text)}&modules=HelpDesk`,
    )
    t.equal(status, 200, text)
    const [hits] = body['results'] as readonly { records: readonly { ticket_title: string }[] }[]
    t.strictSame(
      hits?.records.map((row) => row.ticket_title),
      expected,
      text,
    )
  }
  const filter = `filter[ticket_title][contains]=${encodeURIComponent('ACME\\jdoe')}`
  const listed = await portal.as('alice', 'GET', `/modules/HelpDesk/records?${filter}`)
  t.strictSame(
    listed.body.records?.map((row) => row['ticket_title']),
    ['ACME\\jdoe'],
    filter,
  )
  t.match(await titlesWhere(portal, "ticket_title like 'ACME\\\\jdoe'"), {
    code: 'QUERY_NOT_EXPRESSIBLE',
    detail: /'ticket_title': a backslash in a pattern/,
  })
})

t.test('/webservice.php finds and upserts such values', async (t) => {
  const portal = await startPortal(t)
  await plant(portal, titles)
  const client = await contactAt(portal.url, 'alice')
  for (const title of ['x not in (1,2)', 'error: [id]=1', 'a where [b]', 'abc\\', "'a.b"]) {
    const query = `select ticket_title from HelpDesk where ticket_title=${quoted(title)};`
    const { result } = await client.call('query', { query })
    t.strictSame(
      rowsAt(result).map((row) => row['ticket_title']),
      [title],
      title,
    )
    const before = textAt(rowsAt(result)[0], 'id')
    const upserted = await client.call('upsert', {
      elementType: 'HelpDesk',
      element: { ticket_title: title, ticketstatus: 'Closed', assigned_user_id: client.userId },
      searchOn: 'ticket_title',
      updatedfields: 'ticketstatus',
    })
    t.match(upserted, { success: true, result: { id: before, ticketstatus: 'Closed' } }, `upsert ${title}`)
  }
})

const planted = ['zz two', 'zz  two', 'zz x not in (1,2)', 'zz [id]', 'zz\\'] as const

for (const [where, hidden] of [
  ["ticket_title != 'zz  two'", ['zz  two']],
  ["ticket_title not like '%z  t%'", ['zz  two']],
  ["ticket_title not in ('zz  two', 'zz x not in (1,2)')", ['zz  two', 'zz x not in (1,2)']],
  ["not ticket_title = 'zz x not in (1,2)' and ticket_title != 'zz\\\\'", ['zz x not in (1,2)', 'zz\\']],
  ["ticket_title not like '%[%'", ['zz [id]']],
  ["ticket_title = 'zz x not in (1,2)' or ticket_title like '%[%'", ['zz two', 'zz  two', 'zz\\']],
] as const)
  t.test(`a policy's own condition holds its texts as they are: ${where}`, async (t) => {
    const file = await policyFile(t, { HelpDesk: { where } })
    const portal = await startPortal(t, { env: { POLICY_FILE: file } })
    await plant(portal, planted)
    const shown = planted.filter((title) => !new Set<string>(hidden).has(title))
    t.strictSame(await titlesWhere(portal, "ticket_title like 'zz%'"), shown)
    t.notOk(
      portal.log.some((line) => line.includes('withheld')),
      'no row is withheld',
    )
  })

const blanks = ['zz two', 'zz  two', 'zz   two'] as const

for (const mode of usualModes) {
  t.test(`${mode}: several blanks in a row are several blanks`, async (t) => {
    const portal = await startPortal(t, { mode })
    await plant(portal, blanks)
    for (const title of blanks) {
      t.strictSame(await titlesWhere(portal, `ticket_title='${title}'`), [title], `'${title}'`)
      t.strictSame(await titlesWhere(portal, `ticket_title like '${title}%'`), [title], `like '${title}%'`)
      const { body } = await portal.as(
        'alice',
        'GET',
        `/search?q=${encodeURIComponent(title)}&modules=HelpDesk`,
      )
      const [hits] = body['results'] as readonly { records: readonly { ticket_title: string }[] }[]
      t.strictSame(
        hits?.records.map((row) => row.ticket_title),
        [title],
        `search '${title}'`,
      )
    }
    t.strictSame(await titlesWhere(portal, "ticket_title!='zz  two' and ticket_title like 'zz%'"), [
      'zz two',
      'zz   two',
    ])
    t.strictSame(await titlesWhere(portal, "ticket_title in ('zz  two','zz   two')"), ['zz  two', 'zz   two'])
    for (const [pattern, expected] of [
      ['%zz  two%', ['zz two', 'zz   two']],
      ['%  %', ['zz two']],
      ['% two%', []],
      ['%z  t%', ['zz two', 'zz   two']],
    ] as const)
      t.strictSame(
        await titlesWhere(portal, `ticket_title not like '${pattern}' and ticket_title like 'zz%'`),
        expected,
        `not like '${pattern}'`,
      )
  })

  t.test(`${mode}: what coreBOS miscounts is counted as it is, in every way to count`, async (t) => {
    const portal = await startPortal(t, { mode })
    await plant(portal, [...blanks, 'zz  two', 'zz a order by b', 'zz x limit 1'])
    const client = await (mode === 'user' ? userAt : contactAt)(portal.url, 'alice')
    for (const [where, expected] of [
      ["ticket_title='zz  two'", 2],
      ["ticket_title!='zz  two' and ticket_title like 'zz%'", 4],
      ["ticket_title in ('zz  two','zz   two')", 3],
      ["ticket_title like 'zz  %'", 3],
      ["ticket_title='zz a order by b'", 1],
      ["(ticket_title='zz x limit 1')", 1],
    ] as const) {
      t.strictSame(
        await countsOf(portal, client, where),
        Array.from(ways, () => expected),
        where,
      )
    }
    const explained = await portal.as('alice', 'POST', '/query/explain', {
      body: { query: "select count(*) from HelpDesk where ticket_title='zz  two'" },
    })
    t.match(explained, { status: 200, body: { statement: /^select id,.*limit 10001;$/ } })
  })
}

t.test('more rows than the bound are not counted: an error for a count, no total for rows', async (t) => {
  const portal = await startPortal(t)
  const tickets = Array.from({ length: 10_001 }, (_, i) => ({
    id: `17x${100_000 + i}`,
    parent_id: '12x8549',
  }))
  portal.relay.alter = ({ operation, answer }) => {
    const { result } = answer
    const isCount = Array.isArray(result) && result.length === 0
    return operation === 'query' && isCount ? { ...answer, result: tickets } : answer
  }
  const ask = async (query: string) => portal.as('alice', 'POST', '/query', { body: { query } })
  const counted = await ask("select count(*) from HelpDesk where ticket_title='zz  two'")
  t.match(counted, { status: 400, body: { code: 'QUERY_TOO_LARGE', detail: /10000 records at most/ } })
  const { status, body } = await ask("select id from HelpDesk where ticket_title='zz  two' limit 0")
  t.match({ status, records: body.records }, { status: 200 })
  t.notOk('total' in body)
})

const ways = ['count(*)', '/query', 'count=true', 'aggregate', 'count(*) at webservice', 'totalrows'] as const

/** The number of tickets that meet a condition, by each of the {@link ways}; the page of rows is smaller than it. */
async function countsOf(portal: Portal, client: WebserviceClient, where: string): Promise<unknown[]> {
  const counting = `select count(*) from HelpDesk where ${where}`
  const rows = `select id from HelpDesk where ${where} limit 1`
  const ask = async (query: string) => portal.as('alice', 'POST', '/query', { body: { query } })
  const get = async (path: string) =>
    portal.as('alice', 'GET', `/modules/HelpDesk/${path}count=true&where=${encodeURIComponent(where)}`)
  const [count, asked, listed, grouped, counted, totalled] = [
    await ask(counting),
    await ask(rows),
    await get('records?limit=1&'),
    await get('aggregate?'),
    await client.call('query', { query: `${counting};` }),
    await client.call('query', { query: `${rows};` }),
  ]
  const [group] = grouped.body['groups'] as readonly { count: number }[]
  return [
    count.body.records?.[0]?.['count'],
    asked.body['total'],
    listed.body['total'],
    group?.count,
    Number(textAt(rowsAt(counted.result)[0], 'count')),
    Number(textAt(totalled['moreinfo'], 'totalrows')),
  ]
}

t.test('without a service user, several blanks are rejected by the name of the field', async (t) => {
  const portal = await startPortal(t, {
    env: { COREBOS_USER: '', COREBOS_ACCESS_KEY: '', COREBOS_PASSWORD_TYPE: 'md5' },
  })
  const rejected = {
    code: 'QUERY_NOT_EXPRESSIBLE',
    detail: /'ticket_title': coreBOS replaces several blanks/,
  }
  for (const where of [
    "ticket_title='zz  two'",
    "ticket_title!='zz  two'",
    "ticket_title like 'zz  %'",
    "ticket_title in ('a','zz  two')",
  ]) {
    t.match(await titlesWhere(portal, where), rejected, where)
  }
  const { status, body } = await portal.as('alice', 'GET', '/search?q=zz%20%20two&modules=HelpDesk')
  t.match({ status, body }, { status: 422, body: rejected })
  t.match(await titlesWhere(portal, "ticket_title='a\tb'"), { detail: /'ticket_title': coreBOS replaces/ })
  const client = await contactAt(portal.url, 'alice')
  const query = "select ticket_title from HelpDesk where ticket_title='zz  two';"
  t.match(await client.call('query', { query }), { success: false, code: 'QUERY_NOT_EXPRESSIBLE' })
})

t.test('what is quoted for sure, and what a pattern means', async (t) => {
  for (const [text, stays] of [
    ["'plain a.b'", true],
    ["'it''s'", true],
    ["'x (y)'", true],
    ["'''a.b'", false],
    ["'a.b'''", false],
    ["'a where [b]'", false],
    ["'x not in (1)'", false],
    ["'x count(y'", false],
  ] as const) {
    t.equal(staysQuoted(text), stays, text)
  }
  t.equal(staysQuoted("'a)b'", true), false, 'the list would end in it')
  t.equal(patternOf(literally('1%_\\')), '1\\%\\_\\\\')
  t.equal(piecesOf('a\\b'), undefined)
  t.ok(isLike(piecesOf('STRASE [_] %') ?? [])('Straße [1] x'))
  t.notOk(isLike(literally('axb'))('a.b'))
  t.ok(isEqual('CAFÉ  ', 'café'))
  t.notOk(isEqual(' cafe', 'cafe'))
})

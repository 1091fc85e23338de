/** Unit tests of running a query: rows with their columns, their number, distinct rows, and fields of other records. */
import t from 'tap'
import { parseQuery } from '../../src/query/parse.ts'
import { limits } from '../../src/model/limits.ts'
import { ask } from '../../src/read/run.ts'
import { Reading, tickets, type Parts } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const scope = "from HelpDesk where parent_id in ('12x1','11x1')"
const spaced = "ticket_title='a  b'"
const counting = `select id,parent_id ${scope} and ${spaced} limit 10001;`
const foreign = { id: '17x9', parent_id: '12x9' }

async function answerTo(query: string, rows: NonNullable<Parts['rows']>) {
  const reading = new Reading({ rows })
  return { ...(await ask(parseQuery(query), reading.context)), reading }
}

t.test('the number is what coreBOS tells, but for withheld rows', async (t) => {
  const text = `select id,parent_id ${scope} limit 2;`
  for (const [rows, totalRows, records, total] of [
    [tickets(2), 7, 2, 7],
    [tickets(0), 0, 0, 0],
    [[...tickets(1), foreign], 7, 1, undefined],
  ] as const) {
    const found = await answerTo('select id from HelpDesk limit 2', { [text]: { rows, totalRows } })
    t.equal(found.records.length, records)
    t.equal(found.total, total)
    t.equal(found.reading.asked.length, 1)
  }
})

t.test(
  'where coreBOS miscounts, a page that is not full is counted, others by one more statement',
  async (t) => {
    for (const [limit, rows, total, statements] of [
      ['limit 3', 2, 2, 1],
      ['limit 3', 0, 0, 1],
      ['limit 3', 3, 5, 2],
      ['limit 4,3', 2, 6, 1],
      ['limit 4,3', 0, 5, 2],
    ] as const) {
      const page = `select id,parent_id ${scope} and ${spaced} ${limit};`
      const found = await answerTo(`select id from HelpDesk where ${spaced} ${limit}`, {
        [page]: { rows: tickets(rows), totalRows: 99 },
        [counting]: tickets(5),
      })
      t.equal(found.total, total, `${rows} rows with ${limit}`)
      t.equal(found.reading.asked.length, statements)
    }
  },
)

t.test('a count is one row with one number, up to the row limit', async (t) => {
  const query = `select count(*) from HelpDesk where ${spaced}`
  const { records, columns, total } = await answerTo(query, { [counting]: tickets(3) })
  t.strictSame(records, [{ count: '3' }])
  t.equal(total, 3)
  t.strictSame(
    [...columns],
    [
      [
        'count',
        {
          name: 'count',
          type: 'integer',
          uitype: '7',
          label: 'Count',
          refersTo: [],
          mandatory: false,
          editable: false,
          picklist: undefined,
        },
      ],
    ],
  )
  t.match(
    await rejectionOf(answerTo(query, { [counting]: tickets(limits.rows + 1) })),
    /^QUERY_TOO_LARGE 10000 records at most are counted by values with several blanks/,
  )
})

t.test('rows that differ are paged and counted by the gateway', async (t) => {
  const text = `select ticketstatus,parent_id ${scope} limit 10001;`
  const row = (ticketstatus: string, parent_id = '12x1') => ({ ticketstatus, parent_id })
  const rows = [row('a'), row('b'), row('a'), row('c')]
  const query = 'select distinct ticketstatus from HelpDesk limit 1,2'
  const all = await answerTo(query, { [text]: { rows, totalRows: 4 } })
  t.strictSame([all.records, all.total], [[{ ticketstatus: 'b' }, { ticketstatus: 'c' }], 3])
  const some = await answerTo(query, { [text]: { rows: [...rows, row('d', '12x9')], totalRows: 5 } })
  t.strictSame([some.records, some.total], [[{ ticketstatus: 'b' }, { ticketstatus: 'c' }], undefined])
  const most = Array.from({ length: limits.rows }, () => row('a'))
  t.equal((await answerTo(query, { [text]: { rows: most, totalRows: limits.rows } })).total, 1)
  for (const told of [
    { rows: [...most, row('a')], totalRows: undefined },
    { rows: [...most, row('a', '12x9')], totalRows: undefined },
    { rows: most, totalRows: limits.rows + 1 },
  ])
    t.match(await rejectionOf(answerTo(query, { [text]: told })), /^QUERY_TOO_LARGE/)
})

t.test('fields of referenced records are read by one statement for each module', async (t) => {
  const page = (columns: string) => `select ${columns},id ${scope} limit 100;`
  const accounts = (columns: string) =>
    `select ${columns},id from Accounts where id in ('11x1') and id in ('11x1') limit 20001;`
  const rows = [
    { id: '17x1', parent_id: '11x1', ticket_title: 'a' },
    { id: '17x2', parent_id: '12x1', ticket_title: 'b' },
    { id: '17x3', parent_id: '11x1', ticket_title: 'c' },
  ]
  const found = await answerTo('select ticket_title,Accounts.accountname,Accounts.phone from HelpDesk', {
    [page('ticket_title,parent_id')]: { rows, totalRows: 3 },
    [accounts('accountname,phone')]: [{ id: '11x1', accountname: 'Acme', phone: '1' }],
  })
  t.strictSame(found.records, [
    { ticket_title: 'a', accountsaccountname: 'Acme', accountsphone: '1', id: '17x1' },
    { ticket_title: 'b', accountsaccountname: '', accountsphone: '', id: '17x2' },
    { ticket_title: 'c', accountsaccountname: 'Acme', accountsphone: '1', id: '17x3' },
  ])
  t.strictSame(
    [...found.columns].map(([key, { name }]) => [key, name]),
    [
      ['ticket_title', 'ticket_title'],
      ['accountsaccountname', 'accountname'],
      ['accountsphone', 'phone'],
      ['id', 'id'],
    ],
  )
  const none = await answerTo('select Accounts.accountname from HelpDesk', {
    [`select parent_id,id ${scope} limit 100;`]: { rows: [rows[1] ?? {}], totalRows: 1 },
  })
  t.strictSame(none.records, [{ accountsaccountname: '', id: '17x2' }])
  t.equal(none.reading.asked.length, 1, 'where no row refers to one, none is read')
})

/** Unit tests of sorting by the gateway: all rows are read for their order, and one page of them by its ids. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { parseSort } from '../../src/query/sort.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { askSorted } from '../../src/read/sorted.ts'
import { Reading, tickets } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const scope = "parent_id in ('12x1','11x1')"
const sorting = `select ticketstatus,ticket_title,id,parent_id from HelpDesk where ${scope} limit 10001;`

function paging(...ids: readonly string[]): string {
  const list = ids.map((id) => `'${id}'`).join(',')
  return `select ticket_title,id,parent_id from HelpDesk where ${scope} and id in (${list}) limit ${ids.length};`
}

function ticket(number: number, ticketstatus: string, ticket_title: string) {
  return { id: `17x${number}`, parent_id: '12x1', ticketstatus, ticket_title }
}

const rows = [
  ticket(1, 'Open', 'b'),
  ticket(2, 'Closed', 'a'),
  ticket(3, 'Open', 'c'),
  ticket(4, 'Closed', 'd'),
]

function query(text: string, sort: string) {
  return { ...parseQuery(text), orderBy: parseSort(sort) }
}

t.test('the page is that of the sorted rows, in their order', async (t) => {
  const closedLast = ['17x3', '17x1', '17x4', '17x2']
  for (const [limit, ids] of [
    ['', closedLast],
    [' limit 2', closedLast.slice(0, 2)],
    [' limit 1, 2', closedLast.slice(1, 3)],
    [' limit 3, 9', closedLast.slice(3)],
  ] as const) {
    const page = rows.filter(({ id }) => ids.includes(id))
    const reading = new Reading({ rows: { [sorting]: rows, [paging(...ids)]: page } })
    const asked = query(`select ticket_title from HelpDesk${limit}`, '-ticketstatus,-ticket_title')
    const { records, columns, total } = await askSorted(asked, reading.context)
    t.strictSame(
      records,
      ids.map((id) => ({ ticket_title: rows.find((row) => row.id === id)?.ticket_title, id })),
      limit,
    )
    t.strictSame([...columns.keys()], ['ticket_title', 'id'])
    t.equal(total, rows.length)
    t.strictSame(reading.asked, [`contact: ${sorting}`, `contact: ${paging(...ids)}`])
  }
})

t.test('the conditions of the query decide which rows are sorted', async (t) => {
  const sorted = sorting.replace(' limit', " and ticketstatus='Open' limit")
  const reading = new Reading({ rows: { [sorted]: [] } })
  const asked = query(
    "select ticket_title from HelpDesk where ticketstatus = 'Open'",
    '-ticketstatus,ticket_title',
  )
  const { records, total } = await askSorted(asked, reading.context)
  t.strictSame([records, total], [[], 0])
  t.strictSame(reading.asked, [`contact: ${sorted}`], 'no page of no rows is read')
})

t.test('withheld rows are not counted, and a row that is gone meanwhile is left out', async (t) => {
  const foreign = { ...ticket(9, 'Open', 'z'), parent_id: '12x9' }
  const reading = new Reading({
    rows: { [sorting]: [...rows, foreign], [paging('17x3', '17x1', '17x4', '17x2')]: rows.slice(0, 2) },
  })
  const asked = query('select ticket_title from HelpDesk', '-ticketstatus,-ticket_title')
  const { records, total } = await askSorted(asked, reading.context)
  t.strictSame(
    records.map(({ id }) => id),
    ['17x1', '17x2'],
  )
  t.equal(total, undefined)
  t.strictSame(
    reading.withheld.map(([rule]) => rule),
    ['HelpDesk'],
  )
})

t.test('without a limit, a page has the default number of rows', async (t) => {
  const many = Array.from({ length: limits.defaultRows + 1 }, (_, i) => ticket(i + 1, '', ''))
  const page = many.slice(0, limits.defaultRows)
  const reading = new Reading({ rows: { [sorting]: many, [paging(...page.map(({ id }) => id))]: page } })
  const asked = query('select ticket_title from HelpDesk', '-ticketstatus,ticket_title')
  const { records, total } = await askSorted(asked, reading.context)
  t.equal(records.length, limits.defaultRows)
  t.equal(total, limits.defaultRows + 1)
})

t.test('coreBOS sorts where it can', async (t) => {
  for (const sort of ['ticketstatus', '-ticketstatus', 'ticketstatus,-ticket_title']) {
    const order = sort.replace(/-(\w+)/, '$1 desc')
    const text = `select ticket_title,id,parent_id from HelpDesk where ${scope} order by ${order} limit 100;`
    const reading = new Reading({ rows: { [text]: { rows: rows.slice(2), totalRows: 2 } } })
    const { records, total } = await askSorted(
      query('select ticket_title from HelpDesk', sort),
      reading.context,
    )
    t.strictSame(
      records.map(({ id }) => id),
      ['17x3', '17x4'],
      'as coreBOS answers them',
    )
    t.equal(total, 2)
    t.strictSame(reading.asked, [`contact: ${text}`])
  }
})

t.test('a field that does not exist, a field of another record and too many rows are rejected', async (t) => {
  const { context } = new Reading({ rows: { [sorting]: tickets(limits.rows + 1) } })
  const asked = (sort: string) => askSorted(query('select ticket_title from HelpDesk', sort), context)
  t.match(await rejectionOf(asked('-ticketstatus,title')), /^UNKNOWN_FIELD HelpDesk has no field 'title'/)
  t.match(
    await rejectionOf(askSorted(query('select id from Helpdeks', '-a,b'), context)),
    /^UNKNOWN_MODULE unknown module 'Helpdeks'/,
  )
  t.equal(
    await rejectionOf(asked('-ticketstatus,ticket_title')),
    "QUERY_TOO_LARGE 'sort' looks at 10000 records at most, and more meet the conditions; narrow them",
  )
})

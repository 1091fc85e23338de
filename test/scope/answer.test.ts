/** Unit tests of the shape of an answer: its columns, its order, its distinct rows and its pages. */
import t from 'tap'
import { Policy } from '../../src/policy/policy.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { nowhere } from '../../src/query/tree.ts'
import { compareKeys, sortKey, sortRows } from '../../src/scope/order.ts'
import { ownerIdsWithoutLookup } from '../../src/scope/owner-ids.ts'
import { selectedColumns, uniqueFields, wholeOf } from '../../src/scope/selection.ts'
import { collated, distinct, page, shape } from '../../src/scope/shape.ts'
import { untied, unhidden, VisibleModules } from '../../src/scope/view.ts'
import { field, moduleOf, modulesOf, person } from '../support/shapes.ts'

const shapes = [
  moduleOf('HelpDesk', '17', 'title', 'secret', 'status', 'contact_id:>Contacts', 'parent_id:>Accounts'),
  moduleOf('Contacts', '12', 'lastname', 'portal', 'phone'),
  moduleOf('Accounts', '11', 'accountname', 'imagefullpath', '_downloadurl', 'fullpath_of'),
]
const policy = new Policy({
  level: 'own',
  modules: {
    HelpDesk: { ties: { contact: ['contact_id'] }, hide: ['secret'] },
    Contacts: { ties: { contact: ['id'] }, only: ['lastname'] },
    Accounts: { open: true },
  },
})
const visible = new VisibleModules(person('own'), policy, modulesOf(shapes), true)
const view = visible.require('HelpDesk')

const columnsOf = (query: string) => selectedColumns(parseQuery(query), view, visible)

t.test('the columns of an answer are the requested ones, and the id as the last', (t) => {
  const keys = (query: string) => columnsOf(query)?.map(({ key }) => key)
  t.equal(columnsOf('select count(*) from HelpDesk'), undefined)
  t.strictSame(keys('select * from HelpDesk'), ['id', 'title', 'status', 'contact_id', 'parent_id'])
  t.equal(columnsOf('select * from HelpDesk'), wholeOf(view).columns)
  t.strictSame(keys('select title, status from HelpDesk'), ['title', 'status', 'id'])
  t.strictSame(keys('select id, title, title from HelpDesk'), ['title', 'id'])
  t.strictSame(keys('select distinct title, status, title from HelpDesk'), ['title', 'status'])
  t.strictSame(keys('select distinct id, title from HelpDesk'), ['id', 'title'])
  t.strictSame(columnsOf('select helpdesk.title, contacts.lastname from HelpDesk'), [
    { key: 'title', field: 'title', hop: undefined },
    { key: 'contactslastname', field: 'contact_id', hop: { module: 'Contacts', field: 'lastname' } },
    { key: 'id', field: 'id', hop: undefined },
  ])
  for (const query of [
    'select secret from HelpDesk',
    'select HelpDesk.secret from HelpDesk',
    'select Contacts.portal from HelpDesk',
    'select Contacts.phone from HelpDesk',
  ])
    t.throws(() => columnsOf(query), { code: 'UNKNOWN_FIELD' }, query)
  const own = (key: string, name: string) => ({ key, field: name, hop: undefined })
  t.strictSame(uniqueFields([own('a', 'a'), own('b', 'a'), own('c', 'c')]), ['a', 'c'])
  t.end()
})

t.test('a row holds the requested columns alone, and nothing of a record that is not seen', (t) => {
  const columns = columnsOf('select title, Contacts.lastname from HelpDesk') ?? []
  const rows = [
    { id: '17x1', title: 'one', secret: 's', contact_id: '12x1' },
    { id: '17x2', title: 'two', contact_id: '12x2' },
    { id: '17x3', contact_id: '' },
  ]
  const seen = new Map([['Contacts', new Map([['12x1', { id: '12x1', lastname: 'Doe' }]])]])
  t.strictSame(shape(rows, columns, seen), [
    { title: 'one', contactslastname: 'Doe', id: '17x1' },
    { title: 'two', contactslastname: '', id: '17x2' },
    { title: '', contactslastname: '', id: '17x3' },
  ])
  t.strictSame(
    shape(rows, columns, new Map()).map((row) => row['contactslastname']),
    ['', '', ''],
  )
  t.end()
})

t.test('distinct rows differ as in the database, and the first of each is kept', (t) => {
  const rows = [{ a: 'é' }, { a: 'E ' }, { a: 'f' }, { a: ' f' }, { a: 'F' }]
  t.strictSame(distinct(rows), [{ a: 'é' }, { a: 'f' }, { a: ' f' }])
  t.strictSame(
    distinct([
      { a: 'x', b: 'y' },
      { a: 'xy', b: '' },
    ]).length,
    2,
  )
  t.equal(collated('Ärger  '), 'ARGER')
  const numbers = [0, 1, 2, 3, 4]
  t.strictSame(page(numbers, { offset: 1, count: 2 }), [1, 2])
  t.strictSame(page(numbers, { offset: 4, count: 2 }), [4])
  t.strictSame(page(numbers, { offset: 0, count: 0 }), [])
  t.end()
})

const of = (text: string) => field(text)[1]

t.test('rows are sorted as in the database, and by id where they are equal', (t) => {
  const rows = [
    { id: '17x10', title: 'b', hours: '9', contact_id: '12x3' },
    { id: '17x9', title: 'B', hours: '10', contact_id: '12x20' },
    { id: '17x8', title: 'á', hours: '', contact_id: '' },
    { id: '17x7', title: 'a', hours: '-1', contact_id: '12x3' },
  ]
  const hours = { ...of('hours:double'), uitype: '7' }
  const textual = of('hours:double')
  const title = of('title')
  const contact = of('contact_id:>Contacts')
  for (const [orders, expected] of [
    [[], '7 8 9 10'],
    [[{ field: title, direction: 'asc' }], '7 8 9 10'],
    [[{ field: title, direction: 'desc' }], '9 10 7 8'],
    [[{ field: hours, direction: 'asc' }], '8 7 10 9'],
    [[{ field: hours, direction: 'desc' }], '9 10 7 8'],
    [[{ field: textual, direction: 'asc' }], '8 7 9 10'],
    [[{ field: contact, direction: 'asc' }], '8 7 10 9'],
    [
      [
        { field: title, direction: 'desc' },
        { field: hours, direction: 'asc' },
      ],
      '10 9 8 7',
    ],
    [
      [
        { field: contact, direction: 'asc' },
        { field: title, direction: 'desc' },
      ],
      '8 10 7 9',
    ],
  ] as const) {
    const sorted = sortRows(rows, orders).map(({ id = '' }) => id.slice('17x'.length))
    t.equal(sorted.join(' '), expected, orders.map((each) => `${each.field.type} ${each.direction}`).join())
  }
  t.equal(sortKey('', contact), 0)
  t.equal(sortKey('12x20', contact), 20)
  t.strictSame([compareKeys(1, 2), compareKeys(2, 1), compareKeys(1, 1)], [-1, 1, 0])
  t.end()
})

t.test('an address of a file can never be read, nor a field that the rule hides', (t) => {
  t.strictSame([...visible.require('Accounts').readable.keys()], ['id', 'accountname', 'fullpath_of'])
  t.strictSame([...visible.require('Contacts').readable.keys()], ['id', 'lastname'])
  t.ok(unhidden(view).readable.has('secret'), "the policy's own condition may name it")
  t.equal(untied(view).decision.rule.ties, undefined)
  t.equal(untied(view).decision.rule.name, 'HelpDesk')
  t.equal(untied(view).readable, view.readable)
  t.end()
})

t.test('only the levels within the account are known without a look-up', (t) => {
  const contact = person('account', 'Contacts', '11x2')
  t.strictSame(ownerIdsWithoutLookup(contact, 'own'), { contacts: ['12x1'], accounts: [] })
  t.strictSame(ownerIdsWithoutLookup(contact, 'account'), { contacts: ['12x1'], accounts: ['11x2'] })
  t.strictSame(ownerIdsWithoutLookup(person('account'), 'account'), { contacts: ['12x1'], accounts: [] })
  t.equal(ownerIdsWithoutLookup(contact, 'company'), undefined)
  t.end()
})

t.test('texts are compared unchanged by the service user alone', (t) => {
  const without = new VisibleModules(person('own'), policy, modulesOf(shapes), false)
  t.strictSame([visible.joinsBlanks, without.joinsBlanks], [false, true])
  t.strictSame(without.names, visible.names, 'none of these needs the service user')
  t.throws(() => visible.require('Nope', nowhere), { message: /^unknown module 'Nope'$/ })
  t.throws(() => visible.require('Nope', { line: 2, column: 3 }), { message: /^line 2, column 3: unknown/ })
  t.end()
})

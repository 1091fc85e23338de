/** What the forms and lists of the reference portal make of fields, values and addresses: their parts without a page. */
import t from 'tap'
import {
  changedValues,
  choicesIn,
  isStorable,
  textFor,
  textsFor,
  valueOf,
} from '../../src/portal/form-values.ts'
import { formatFor } from '../../src/portal/format.ts'
import { amountOf, discountOf, linesFrom } from '../../src/portal/lines.ts'
import { columnsOf, filterOf, listStateOf, queryOf } from '../../src/portal/listing.ts'
import { nameOf } from '../../src/portal/metadata.ts'
import type { Field, Module, Widget } from '../../src/portal/types.ts'

function field(name: string, widget: Widget, rest: Partial<Field> = {}): Field {
  return {
    name,
    label: name,
    type: widget === 'number' ? 'double' : 'string',
    widget,
    default: null,
    help: null,
    block: 0,
    mandatory: false,
    createable: true,
    updateable: true,
    ...rest,
  }
}

const fields = [
  field('title', 'text'),
  field('weight', 'number'),
  field('running', 'checkbox', { type: 'boolean', default: false }),
  field('extras', 'multiselect'),
  field('kind', 'select', { values: ['Pump', 'Valve'].map((value) => ({ value, label: value })) }),
  field('seen', 'datetime', { type: 'datetime' }),
]

const module: Module = {
  name: 'cbDevices',
  label: 'Devices',
  idPrefix: '70',
  rights: { create: true, update: true, delete: true, comment: false, relate: [], actions: [] },
  blocks: [],
  nameFields: ['title'],
  listColumns: ['kind', 'weight'],
  pageSize: 20,
  fields,
}

t.test('values become texts and the same values again', async (t) => {
  const values = {
    title: 'a',
    weight: 1.25,
    running: true,
    extras: ['Filter', 'Remote'],
    kind: 'Pump',
    seen: '2026-11-05T08:30:00Z',
  }
  const texts = textsFor(fields, { id: '70x1', ...values })
  t.strictSame(changedValues(fields, texts, texts), { values: {}, wrong: new Map() }, 'nothing has changed')
  t.strictSame(changedValues(fields, texts, {}).values, values)
  t.strictSame(
    changedValues(fields, textsFor(fields, undefined), {}).values,
    { running: false },
    'of a new record, defaults alone',
  )
  t.equal(textFor(null, field('x', 'text')), '')
  t.strictSame(choicesIn(''), [])
})

t.test('what is no value of its field is said at its field', async (t) => {
  const texts = { title: 'a 🙂', weight: 'heavy', seen: 'yesterday' }
  t.strictSame(changedValues(fields, texts, {}), {
    values: {},
    wrong: new Map([
      ['title', 'field.characters'],
      ['weight', 'field.number'],
      ['seen', 'field.not-accepted'],
    ]),
  })
  const weight = field('weight', 'number')
  for (const [text, value] of [
    ['1,25', 1.25],
    ['-0.5', -0.5],
    [' 3 ', 3],
    ['', null],
    ['1.2.3', undefined],
    ['1,2,3', undefined],
  ] as const)
    t.equal(valueOf(text, weight), value, text)
  t.ok(isStorable('ñ € ß 漢'))
  t.notOk(isStorable('👍'))
})

t.test('a list is told by its address', async (t) => {
  t.strictSame(
    columnsOf(module).map(({ name }) => name),
    ['title', 'kind', 'weight'],
  )
  const hidden: Module = { ...module, nameFields: [], listColumns: [] }
  t.ok(columnsOf(hidden).length > 0, 'a list whose columns are hidden shows other fields')
  const query = new URLSearchParams('q=pump&kind=Valve&sort=-weight&page=3&other=x')
  const state = listStateOf(query, module)
  t.strictSame(queryOf(state, module), { q: 'pump', kind: 'Valve', sort: '-weight', page: '3' })
  t.strictSame(filterOf(state, module), { kind: 'Valve', title: { contains: 'pump' } })
  const wrong = listStateOf(new URLSearchParams('sort=secret&page=-1'), module)
  t.match(wrong, { sort: '', page: 1 }, 'what is not valid is left out')
})

t.test('a record without a name is called by what its list shows', async (t) => {
  t.equal(nameOf({ id: '70x1', title: 'Pump' }, module), 'Pump')
  t.equal(nameOf({ id: '70x1', title: null, kind: 'p', display: { kind: 'Pump' } }, module), 'Pump')
  t.equal(nameOf({ id: '70x1' }, module), '70x1')
})

t.test('lines of an invoice are in their order, with their discounts', async (t) => {
  const line = (sequence_no: number, rest: object) => ({ sequence_no, quantity: 2, listprice: 50, ...rest })
  const lines = linesFrom([
    { id: '14x2', productname: 'second', line: line(2, { discount_percent: 10 }) },
    { id: '14x1', servicename: 'first', line: line(1, { discount_amount: 5, comment: 'of last week' }) },
    { id: '14x3', productname: 'none' },
  ])
  t.strictSame(
    lines.map((each) => [each.name, discountOf(each), amountOf(each)]),
    [
      ['first', 5, 95],
      ['second', 10, 90],
    ],
  )
})

t.test('numbers and times are written as the browser does', async (t) => {
  const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ')
  const [english, german] = [formatFor('en-US'), formatFor('de-DE')]
  t.equal(plain(english.time('17:05')), '5:05 PM')
  t.equal(german.time('17:05:30'), '17:05')
  t.equal(german.time('noon'), 'noon')
  t.equal(plain(german.money(1999.9, 'EUR')), '1.999,90 €')
  t.equal(plain(english.money(1999.9, undefined)), '1,999.90')
  t.equal(english.date('2026-02-31x'), '2026-02-31x')
})

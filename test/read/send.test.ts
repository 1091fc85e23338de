/** Unit tests of sending a plan: which session reads, what is verified, and what number of rows is told. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { foundRecords, readBy, sendCount, sendPlan } from '../../src/read/send.ts'
import { person } from '../support/shapes.ts'
import { policyWith } from '../support/policy.ts'
import { Reading, tickets } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const query = 'select id from HelpDesk limit 2'
const statement = "select id,parent_id from HelpDesk where parent_id in ('12x1','11x1') limit 2;"
const mine = { id: '17x1', parent_id: '12x1' }
const ours = { id: '17x2', parent_id: '11x1' }
const foreign = { id: '17x3', parent_id: '12x9' }

t.test(
  'rows that the rule does not let through are withheld, reported, and their number is not told',
  async (t) => {
    for (const [rows, verified, withheld, total] of [
      [[mine, ours], [mine, ours], 0, 7],
      [[mine, foreign], [mine], 1, undefined],
      [[foreign, {}], [], 2, undefined],
      [[], [], 0, 7],
    ] as const) {
      const reading = new Reading({ rows: { [statement]: { rows, totalRows: 7 } } })
      const found = await sendPlan(await reading.plan(query), reading.context)
      t.strictSame(found, { rows: verified, withheld, total })
      t.strictSame(reading.asked, [`contact: ${statement}`])
      t.equal(reading.withheld.length, withheld === 0 ? 0 : 1)
    }
    const reading = new Reading({ rows: { [statement]: [foreign, mine, {}] } })
    await sendPlan(await reading.plan(query), reading.context)
    const failed = 'parent_id in ($scope)'
    t.strictSame(reading.withheld, [['HelpDesk', { id: '17x3', failed }, { id: '', failed }]])
  },
)

t.test('a number that coreBOS would count for another statement is not told', async (t) => {
  for (const [where, told] of [
    ["ticket_title='a b'", 7],
    ["ticket_title='a  b'", undefined],
    ["ticket_title='a limit b'", undefined],
  ] as const) {
    const text = `select id,parent_id from HelpDesk where parent_id in ('12x1','11x1') and ${where} limit 100;`
    const reading = new Reading({ rows: { [text]: { rows: [mine], totalRows: 7 } } })
    const plan = await reading.plan(`select id from HelpDesk where ${where}`)
    t.strictSame(await sendPlan(plan, reading.context), { rows: [mine], withheld: 0, total: told }, where)
  }
})

t.test('a query that no row can match is not sent', async (t) => {
  const reading = new Reading({ contact: person('own') })
  const plan = await reading.plan('select id from Accounts')
  t.strictSame(await sendPlan(plan, reading.context), { rows: [], withheld: 0, total: 0 })
  t.equal(await sendCount(await reading.plan('select count(*) from Accounts'), reading.context), 0)
  t.strictSame(reading.asked, [])
})

t.test('coreBOS counts, and must answer a number', async (t) => {
  const counting = "select count(*) from HelpDesk where parent_id in ('12x1','11x1');"
  for (const [row, expected] of [
    [{ count: '12' }, 12],
    [{ count: '0' }, 0],
    [{ count: '' }, undefined],
    [{ count: '12 ' }, undefined],
    [{ count: '-1' }, undefined],
    [{ other: '12' }, undefined],
    [undefined, undefined],
  ] as const) {
    const reading = new Reading({ rows: { [counting]: row === undefined ? [] : [row] } })
    const counted = sendCount(await reading.plan('select count(*) from HelpDesk'), reading.context)
    if (expected !== undefined) t.equal(await counted, expected)
    else t.equal(await rejectionOf(counted), 'COREBOS_FAILED coreBOS returned no count', JSON.stringify(row))
    t.strictSame(reading.asked, [`contact: ${counting}`])
  }
})

t.test('rows are counted where coreBOS miscounts, up to the row limit', async (t) => {
  const where = "ticket_title='a  b'"
  const counting = `select id,parent_id from HelpDesk where parent_id in ('12x1','11x1') and ${where} limit 10001;`
  for (const [rows, expected] of [
    [[], 0],
    [[mine, foreign, ours], 2],
    [tickets(limits.rows), limits.rows],
    [tickets(limits.rows + 1), undefined],
    [[...tickets(limits.rows), foreign], undefined],
  ] as const) {
    const reading = new Reading({ rows: { [counting]: rows } })
    const plan = await reading.plan(`select count(*) from HelpDesk where ${where}`)
    t.equal(await sendCount(plan, reading.context), expected, `${rows.length} rows`)
    t.strictSame(reading.asked, [`contact: ${counting}`])
  }
})

t.test("a contact's own session reads up to its account, the service user beyond", (t) => {
  const byLevel = (['own', 'account', 'company', 'parent', 'group'] as const).map((level) => {
    const { context } = new Reading({ contact: person(level, 'Contacts', '11x1') })
    return readBy(context.visible.require('HelpDesk'))
  })
  t.strictSame(byLevel, ['contact', 'contact', 'service', 'service', 'service'])
  const { visible } = new Reading({
    policy: policyWith({ HelpDesk: { readBy: 'service' }, Project: { readBy: 'service-preferred' } }),
  }).context
  t.equal(readBy(visible.require('HelpDesk')), 'service', 'as the rule says')
  t.equal(readBy(visible.require('Project')), 'service-preferred')
  t.end()
})

t.test('a record has a valid id', (t) => {
  t.strictSame(
    foundRecords([mine, ours]).map(({ id, row }) => [id.text, row]),
    [
      ['17x1', mine],
      ['17x2', ours],
    ],
  )
  for (const row of [{}, { id: '' }, { id: '17' }, { id: '17x01' }])
    t.throws(
      () => foundRecords([mine, row]),
      { code: 'COREBOS_FAILED', message: 'coreBOS returned a record without a valid id' },
      JSON.stringify(row),
    )
  t.end()
})

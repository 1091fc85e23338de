/** Unit tests of reading by id: one statement for each module, and one answer for what is not there or not visible. */
import t from 'tap'
import {
  find,
  ownId,
  record,
  recordsById,
  relatedIds,
  viewOf,
  visible,
} from '../../src/read/records-by-id.ts'
import { limits } from '../../src/model/limits.ts'
import { Reading, type Parts } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const tickets = "from HelpDesk where parent_id in ('12x1','11x1') and id"
const projects =
  "from Project where linktoaccountscontacts in ('12x1','11x1') and id in ('33x1') limit 20001;"
const fields = 'id,ticket_title,ticketstatus,parent_id'
const one = `select ${fields} ${tickets}='17x1' limit 20001;`
const mine = { id: '17x1', parent_id: '12x1', ticket_title: 'a', ticketstatus: 'Open' }
const other = { ...mine, id: '17x2' }
const foreign = { ...mine, id: '17x3', parent_id: '12x9' }
const project = { id: '33x1', linktoaccountscontacts: '11x1', projectname: 'p' }

/** The two ways to read one record. */
const ways = { record, find }

t.test('a record is read under the rule of its module', async (t) => {
  for (const [name, way] of Object.entries(ways)) {
    const reading = new Reading({ rows: { [one]: [mine] } })
    const { id, row } = await way('17x1', reading.context)
    t.equal(id.text, '17x1', name)
    t.strictSame(row, mine)
    t.strictSame(reading.asked, [`contact: ${one}`])
  }
  const found = await find('17x1', new Reading({ rows: { [one]: [mine] } }).context)
  t.equal(found.view.module.name, 'HelpDesk')
})

t.test('what is not there, not visible, another record or of a closed module is not found', async (t) => {
  for (const [name, way] of Object.entries(ways)) {
    for (const rows of [[], [{ ...mine, parent_id: '12x9' }], [other]]) {
      const { context } = new Reading({ rows: { [one]: rows } })
      t.match(await rejectionOf(way('17x1', context)), /^NOT_FOUND/, `${name}: ${JSON.stringify(rows)}`)
    }
    for (const id of ['99x1', '17', '', '17x', 'x1']) {
      const reading = new Reading()
      t.match(await rejectionOf(way(id, reading.context)), /^NOT_FOUND/, `${name}: ${id}`)
      t.strictSame(reading.asked, [])
    }
  }
})

const many: Parts = {
  rows: {
    [`select id,parent_id ${tickets} in ('17x1','17x2','17x3') limit 20001;`]: [mine, foreign, other],
    [`select id,linktoaccountscontacts ${projects}`]: [project],
    [`select ${fields} ${tickets} in ('17x1','17x2','17x3') limit 20001;`]: [foreign, other],
    [`select id,projectname,linktoaccountscontacts ${projects}`]: [project, { ...project, id: '33x2' }],
  },
}
const ids = ['17x1', '33x1', '17x2', '17x1', '99x1', 'nothing', '17x3']

t.test('of many ids, those that the contact sees are named', async (t) => {
  const reading = new Reading(many)
  t.strictSame([...(await visible(ids, reading.context))].sort(), ['17x1', '17x2', '33x1'])
  t.equal(reading.asked.length, 2, 'one statement for each open module')
  t.strictSame(
    reading.withheld.map(([rule]) => rule),
    ['HelpDesk'],
  )
  const none = new Reading()
  t.equal((await visible(['99x1', 'nothing'], none.context)).size, 0)
  t.strictSame(none.asked, [])
})

t.test('of many ids, the visible records are read, and none that was not asked for', async (t) => {
  const reading = new Reading(many)
  const found = await recordsById(ids, reading.context)
  t.strictSame([...found.keys()].sort(), ['17x2', '33x1'])
  t.match(found.get('33x1')?.row, { projectname: 'p' })
  t.equal(reading.asked.length, 2)
})

t.test('related ids come from coreBOS once each, and as many as are accepted', async (t) => {
  const asked = async (related: readonly string[]) => {
    const reading = new Reading({ rows: { [one]: [mine] }, related: { '17x1 → Documents': related } })
    const { context } = reading
    return relatedIds(await find('17x1', context), context.visible.require('Documents'), context)
  }
  t.strictSame(await asked(['15x2', '15x1', '15x2']), ['15x2', '15x1'])
  t.strictSame(await asked([]), [])
  const tooMany = Array.from({ length: limits.ids + 1 }, (_, n) => `15x${n + 1}`)
  t.equal((await asked(tooMany.slice(1))).length, limits.ids)
  t.match(await rejectionOf(asked(tooMany)), /^QUERY_TOO_LARGE .*Documents/)
})

t.test('the view of an id is that of its module, and the own id that of the log-in', (t) => {
  const { context } = new Reading()
  t.equal(viewOf('33x1', context).module.name, 'Project')
  t.throws(() => viewOf('99x1', context), { code: 'NOT_FOUND' })
  t.equal(ownId(context).text, '12x1')
  t.end()
})

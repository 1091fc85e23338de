/** Unit tests of reading all rows that meet a condition: one statement, and no more rows than the row limit. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { everyRow } from '../../src/read/every-row.ts'
import { parseCondition } from '../../src/query/parse.ts'
import { Reading, tickets } from '../support/reading.ts'

const statement =
  "select ticketstatus,id,parent_id from HelpDesk where parent_id in ('12x1','11x1') and ticketstatus='Open' limit 10001;"

const asked = {
  module: 'HelpDesk',
  fields: ['ticketstatus'],
  where: parseCondition("ticketstatus = 'Open'"),
}

t.test('one statement reads one row more than the limit, and each row is verified', async (t) => {
  const [mine = {}] = tickets(1)
  const foreign = { id: '17x9', parent_id: '12x9' }
  const reading = new Reading({ rows: { [statement]: { rows: [mine, foreign], totalRows: 2 } } })
  t.strictSame(await everyRow(asked, 'sort', reading.context), {
    rows: [mine],
    withheld: 1,
    total: undefined,
  })
  t.strictSame(reading.asked, [`contact: ${statement}`])
})

t.test('as many rows as the limit are read, and more are rejected with the parameter', async (t) => {
  const most = tickets(limits.rows)
  const foreign = { id: '17x0', parent_id: '12x9' }
  for (const [rows, totalRows, parameter] of [
    [most, undefined, undefined],
    [most, limits.rows, undefined],
    [tickets(limits.rows + 1), undefined, 'sort'],
    [most, limits.rows + 1, 'sum'],
    [[...most, foreign], limits.rows, 'sort'],
  ] as const) {
    const { context } = new Reading({ rows: { [statement]: { rows, totalRows } } })
    const found = everyRow(asked, parameter ?? 'sort', context)
    if (parameter === undefined) t.equal((await found).rows.length, limits.rows)
    else {
      const message = `'${parameter}' looks at 10000 records at most, and more meet the conditions; narrow them`
      const errors = [{ parameter, message }]
      await t.rejects(found, { name: 'GatewayError', code: 'QUERY_TOO_LARGE', message, errors })
    }
  }
})

/** Conditions as clients of coreBOS write them: ids without quotes, `like` with an id, `= null`, react-admin's JSON. */
import t, { type Test } from 'tap'
import { startPortal, type Portal } from '../support/portal.ts'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { sample, times } from '../support/thorough.ts'
import { contactAt, rowsAt, textAt } from '../support/webservice-client.ts'

const contacts = { alice: 8549, bob: 8550, carol: 8551, erin: 8553 } as const

const json = (fieldname: string, operation: string, value: string) =>
  JSON.stringify([
    {
      fieldname,
      operation,
      value,
      valuetype: 'raw',
      joincondition: 'AND',
      groupid: 'ragroup',
      groupjoin: 'and',
    },
  ])

/** Conditions on tickets; those of another contact's records find nothing. */
const conditions = [
  'parent_id = 12x8549',
  'parent_id=12x8549',
  'parent_id != 12x8549',
  'parent_id <> 11x8546',
  'parent_id in (12x8549, 11x8546)',
  'parent_id not in (12x8549,11x8546)',
  "parent_id in (12x8549,'11x8546')",
  'id in (17x8625,17x8626,17x8665)',
  'id = 17x8625',
  "id like '17x8625'",
  "parent_id like '12x8549'",
  "parent_id not like '12x8549'",
  "assigned_user_id like '19x5'",
  'assigned_user_id = 19x5',
  'related.Contacts=12x8549',
  'related.Contacts = 12x8551',
  'Contacts.id = 12x8549',
  '(true)',
  'true',
  "(true) and ticketstatus = 'Open'",
  "ticketstatus = 'Open' or (false)",
  'not (false) and parent_id = 12x8549',
  'solution = null',
  'ticketseverities = null',
  'description != null',
  "(solution = null) or ticketstatus = 'Open'",
  'parent_id = null',
  json('parent_id : (Accounts) id', 'contains', '8546'),
  json('$(parent_id : (Accounts) id)', 'contains', '8546'),
  json('$(parent_id : (Accounts) id)', 'is', '8546'),
  json('parent_id : (Accounts) id', 'is', '8546'),
  json('parent_id : (Accounts) id', 'equal to', '8547'),
  json('parent_id : (Contacts) id', 'contains', '8549'),
  json('parent_id : (Contacts) id', 'contains', '8551'),
  json('parent_id : (Accounts) id', 'contains', '854'),
  json('id', 'contains', '8625'),
  json('id', 'is', '8665'),
  json('assigned_user_id : (Users) id', 'is', '5'),
  json('$(assigned_user_id : (Users) id)', 'contains', '5'),
  json('parent_id : (Accounts) accountname', 'contains', 'Acm'),
  json('$(parent_id : (Accounts) accountname)', 'contains', 'Acm'),
] as const

async function compare(t: Test, portal: Portal): Promise<void> {
  const { database } = portal.corebos
  let found = 0
  for (const [i, [name, number]] of Object.entries(contacts).entries()) {
    const oracle = new Oracle(database, ownerIdsOf(database, number, 'account'))
    const client = await contactAt(portal.url, name)
    // Alice tries each, the others a part of them.
    for (const condition of i === 0 ? conditions : sample(conditions, 12)) {
      const query = `select ticket_title from HelpDesk where ${condition} order by id limit 100;`
      const expected = oracle.answer(query)
      const { result, moreinfo, text } = await client.call('query', { query })
      t.strictSame(rowsAt(result), expected.rows, `${name}: ${condition}: ${text.slice(0, 200)}`)
      t.equal(textAt(moreinfo, 'totalrows'), String(expected.total))
      found += expected.total
    }
  }
  t.ok(found > times(60, 100), `${found} rows`)
}

t.test('each form finds what the contact sees, and nothing else', async (t) => {
  for (const mode of sample(['portal', 'service'] as const, 1))
    await compare(t, await startPortal(t, { mode }))
})

t.test(
  'the potentials of a contact are those of its account as well, where the caller may see them',
  async (t) => {
    for (const mode of sample(['service', 'portal'] as const, 1)) {
      const portal = await startPortal(t, { mode })
      const { database } = portal.corebos
      let found = 0
      for (const [name, number] of Object.entries(contacts)) {
        const oracle = new Oracle(database, ownerIdsOf(database, number, 'account'))
        const client = await contactAt(portal.url, name)
        for (const contact of Object.values(contacts))
          for (const more of ['', " and potentialname like '%deal'", " or potentialname = 'nothing'"]) {
            const query = `select potentialname from Potentials where related.Contacts = '12x${contact}'${more} order by id limit 100;`
            const expected = oracle.answer(query)
            const { result, text } = await client.call('query', { query })
            t.strictSame(rowsAt(result), expected.rows, `${name}: ${query}: ${text.slice(0, 200)}`)
            found += expected.total
          }
      }
      t.ok(found > 20, `${found} rows`)
    }
  },
)

t.test('retrieve takes the uuid of a record for its id, and tells nobody of a foreign one', async (t) => {
  for (const mode of ['portal', 'service'] as const) {
    const portal = await startPortal(t, { mode })
    const alice = await contactAt(portal.url, 'alice')
    const uuidOf = (number: number) => portal.corebos.database.entity(number)?.cbuuid ?? ''
    const byUuid = await alice.call('retrieve', { id: uuidOf(8625) })
    t.strictSame(byUuid.result, (await alice.call('retrieve', { id: '17x8625' })).result)
    const foreign = await alice.call('retrieve', { id: uuidOf(8665) })
    const unknown = await alice.call('retrieve', { id: 'a'.repeat(40) })
    t.match(foreign, { success: false, code: unknown.code, message: unknown.message })
    t.strictSame(unknown.code, (await alice.call('retrieve', { id: '17x999999' })).code)
  }
})

t.test('REST takes the same conditions', async (t) => {
  const portal = await startPortal(t)
  for (const [where, count] of [
    ['parent_id = 12x8549', 3],
    ["parent_id like '11x8546'", 3],
    ['(true)', 6],
    ['solution = null', 0],
  ] as const) {
    const path = `/query?q=${encodeURIComponent(`select id from HelpDesk where ${where}`)}`
    const { body } = await portal.as('alice', 'GET', path)
    t.equal(body.records?.length, count, where)
  }
})

t.test('what coreBOS reads otherwise is rejected and says why', async (t) => {
  const portal = await startPortal(t)
  const alice = await contactAt(portal.url, 'alice')
  for (const [condition, code, message] of [
    ["parent_id like '%8549'", 'INVALID_VALUE', "'parent_id' holds webservice ids"],
    ['not (solution = null)', 'QUERY_SYNTAX_ERROR', "'is null' finds empty fields"],
    ['hours > null', 'QUERY_SYNTAX_ERROR', "'is null' finds empty fields"],
    ['parent_id = 12x', 'QUERY_SYNTAX_ERROR', 'unexpected "1"'],
    ['parent_id = 17x8625', 'INVALID_VALUE', "begins with '17x'"],
    ['nosuch = null', 'ACCESS_DENIED', "no field 'nosuch'"],
    [json('parent_id', 'contains', '8546'), 'INVALID_VALUE', "'parent_id' holds webservice ids"],
    [json('assigned_user_id : (Users) user_name', 'is', 'portal'), 'ACCESS_DENIED', "unknown module 'Users'"],
    [json('assigned_user_id : (Users) accesskey', 'is', 'x'), 'ACCESS_DENIED', "unknown module 'Users'"],
    [json(`$(${' '.repeat(5000)}`, 'is', 'x'), 'QUERY_SYNTAX_ERROR', 'a condition must name a field'],
  ] as const) {
    const answer = await alice.call('query', { query: `select id from HelpDesk where ${condition};` })
    t.match(answer, { success: false, code }, condition.slice(0, 100))
    t.match(answer.message, message)
  }
})

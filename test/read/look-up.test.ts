/** Unit tests of look-ups: what is asked first, what of it is remembered, and its bounds. */
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import { resolvedScope } from '../../src/read/look-up.ts'
import { policyWith } from '../support/policy.ts'
import { Reading, tickets, type Parts } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const ties = "in ('12x1','11x1')"
const accounts = "select id from Accounts where id in ('11x1') and accountname='x' limit 20001;"
const projects = `select id,linktoaccountscontacts from Project where linktoaccountscontacts ${ties} limit 20001;`
const ticketsOf = `select id,parent_id from HelpDesk where parent_id ${ties} limit 20001;`
const inAccount = "select ticket_title from HelpDesk where Accounts.accountname='x'"

async function statementOf(reading: Reading, query: string): Promise<string | undefined> {
  return (await reading.plan(query)).statement?.text
}

t.test('the ids that a condition on other records finds stand in the statement', async (t) => {
  const reading = new Reading({ rows: { [accounts]: [{ id: '11x1' }] } })
  const scoped = `select ticket_title,id,parent_id from HelpDesk where parent_id ${ties}`
  t.equal(await statementOf(reading, inAccount), `${scoped} and parent_id in ('11x1') limit 100;`)
  t.strictSame(reading.asked, [`contact: ${accounts}`])
  t.strictSame(reading.remembered, [], 'they are those of one query')

  const none = new Reading({ rows: { [accounts]: [] } })
  t.equal(await statementOf(none, inAccount), undefined, 'no record can match')
  const foreign = new Reading({ rows: { [accounts]: [{ id: '11x9' }] } })
  t.equal(await statementOf(foreign, inAccount), undefined, 'a row of others finds nothing')
  t.equal(foreign.withheld.length, 1)
})

/** The documents of a contact, its account, its tickets and its projects. */
const related: NonNullable<Parts['related']> = {
  '12x1 → Documents': ['15x1', '15x2'],
  '11x1 → Documents': ['15x3', '15x3'],
  '17x1 → Documents': ['15x4', '15x1'],
  '17x2 → Documents': ['15x4'],
  '33x5 → Documents': [],
}
const project = { id: '33x5', linktoaccountscontacts: '12x1' }

t.test('relations are followed from each record, and remembered with what they rest on', async (t) => {
  const reading = new Reading({ rows: { [ticketsOf]: tickets(2), [projects]: [project] }, related })
  t.equal(
    await statementOf(reading, 'select notes_title from Documents'),
    "select notes_title,id from Documents where id in ('15x1','15x2') or id in ('15x3') or id in ('15x4','15x1') limit 100;",
  )
  t.strictSame(reading.asked.sort(), [
    `contact (bypassCache): ${projects}`,
    `contact (bypassCache): ${ticketsOf}`,
    'service-preferred: Accounts 11x1 → Documents',
    'service-preferred: Contacts 12x1 → Documents',
    'service-preferred: HelpDesk 17x1 → Documents',
    'service-preferred: HelpDesk 17x2 → Documents',
    'service-preferred: Project 33x5 → Documents',
  ])
  t.strictSame(reading.remembered, [
    ['["relation","Contacts","Documents",["12x1"]]', 'Contacts', 'Documents'],
    ['["relation","Accounts","Documents",["11x1"]]', 'Accounts', 'Documents'],
    ['["relation","HelpDesk","Documents","*"]', 'HelpDesk', 'Documents'],
    ['["relation","Project","Documents","*"]', 'Project', 'Documents'],
  ])
})

t.test('a look-up of the scope is remembered, and is asked without a cache', async (t) => {
  const reading = new Reading({ rows: { [projects]: [project] } })
  const tasks = 'select projecttaskname,id,projectid from ProjectTask'
  t.equal(
    await statementOf(reading, 'select projecttaskname from ProjectTask'),
    `${tasks} where projectid in ('33x5') limit 100;`,
  )
  t.strictSame(reading.asked, [`contact (bypassCache): ${projects}`])
  t.strictSame(reading.remembered, [['["lookup","Project"]', 'Project']])
  const scope = await resolvedScope(reading.context.visible.require('ProjectTask'), reading.context)
  t.match(JSON.stringify(scope), '33x5', 'the scope alone as well')
})

t.test('more records than a condition may hold are rejected', async (t) => {
  const many = Array.from({ length: limits.ids + 1 }, () => ({ id: '11x1' }))
  const tooMany = `QUERY_TOO_LARGE the condition matches more than ${limits.ids} records of Accounts; narrow it`
  t.equal(await rejectionOf(new Reading({ rows: { [accounts]: many } }).plan(inAccount)), tooMany)
  const most = new Reading({ rows: { [accounts]: many.slice(1) } })
  t.match(await statementOf(most, inAccount), /parent_id in \('11x1'/)
})

t.test('the relations of more records than a bound are not followed', async (t) => {
  const documents = (count: number) => {
    const all = Object.fromEntries(tickets(count).map(({ id }) => [`${id} → Documents`, ['15x4']]))
    const rows = { [ticketsOf]: tickets(count), [projects]: [] }
    return new Reading({ rows, related: { ...related, ...all } }).plan('select notes_title from Documents')
  }
  t.match((await documents(limits.parents)).statement?.text, /or id in \('15x4'\)/)
  t.equal(
    await rejectionOf(documents(limits.parents + 1)),
    `QUERY_TOO_LARGE the relations of more than ${limits.parents} HelpDesk are not followed`,
  )
})

t.test("a limit that the policy's own condition meets is told apart from one of the query", async (t) => {
  const rows = { [accounts]: Array.from({ length: limits.ids + 1 }, () => ({ id: '11x1' })) }
  const policy = policyWith({ HelpDesk: { where: "Accounts.accountname = 'x'" } })
  const ofRule = new Reading({ rows, policy }).plan('select ticket_title from HelpDesk')
  t.match(await rejectionOf(ofRule), /^QUERY_TOO_LARGE the policy's own condition/)
  const failed = new GatewayError('COREBOS_FAILED', 'Accounts cannot be read')
  await t.rejects(new Reading({ rows: { [accounts]: failed } }).plan(inAccount), failed)
})

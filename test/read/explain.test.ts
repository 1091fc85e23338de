/** Unit tests of explained queries: for contacts without a value of their scope, for operators what would be sent. */
import t from 'tap'
import { parseQuery } from '../../src/query/parse.ts'
import { explain, explainInFull } from '../../src/read/explain.ts'
import { ask } from '../../src/read/run.ts'
import { policyWith } from '../support/policy.ts'
import { Reading } from '../support/reading.ts'
import { rejectionOf } from '../support/rejection.ts'

const ties = "in ('12x1','11x1')"
const projects = 'select id,linktoaccountscontacts from Project where linktoaccountscontacts'
const tasks = 'select projecttaskname,id,projectid from ProjectTask where projectid'
const oneProject = { id: '33x5', linktoaccountscontacts: '12x1' }

const accountsAsked = "select id from Accounts where id in ('11x1') and accountname='x' limit 20001;"

/** What coreBOS holds for the queries below. */
const rows = {
  [accountsAsked]: [{ id: '11x1' }],
  [`${projects} ${ties} limit 20001;`]: [oneProject],
  [`${projects} ${ties} and projectname='x' limit 20001;`]: [oneProject],
}

function explained(rule: string, statement: string, ...lookups: readonly object[]) {
  return { rule, level: 'account', dialect: 'basic', statement, lookups }
}

t.test('a contact sees its query with placeholders, and coreBOS is not asked', async (t) => {
  const scoped = 'in ($scope)'
  const tickets = `select ticket_title,id,parent_id from HelpDesk where parent_id ${scoped}`
  const ofProjects = (more: string) => explained('Project', `${projects} ${scoped}${more} limit 20001;`)
  const scope = { label: '$scope', explanation: ofProjects('') }
  const accounts = explained(
    'Accounts',
    `select id from Accounts where id ${scoped} and accountname='x' limit 20001;`,
  )
  for (const [query, expected] of [
    ['select ticket_title from HelpDesk limit 3', explained('HelpDesk', `${tickets} limit 3;`)],
    [
      "select ticket_title from HelpDesk where Accounts.accountname='x'",
      explained('HelpDesk', `${tickets} and parent_id in ($Accounts) limit 100;`, {
        label: '$Accounts',
        explanation: accounts,
      }),
    ],
    [
      'select projecttaskname from ProjectTask',
      explained('ProjectTask', `${tasks} ${scoped} limit 100;`, scope),
    ],
    [
      "select projecttaskname from ProjectTask where Project.projectname='x'",
      explained('ProjectTask', `${tasks} ${scoped} and projectid in ($Project) limit 100;`, scope, {
        label: '$Project',
        explanation: ofProjects(" and projectname='x'"),
      }),
    ],
    [
      'select notes_title from Documents',
      // What is related to the contact and its account is not looked up by a query.
      explained(
        'Documents',
        `select notes_title,id from Documents where ${Array(4).fill(`id ${scoped}`).join(' or ')} limit 100;`,
        {
          label: '$scope',
          explanation: explained(
            'HelpDesk',
            `select id,parent_id from HelpDesk where parent_id ${scoped} limit 20001;`,
          ),
        },
        scope,
      ),
    ],
    ['select question from Faq', explained('Faq', 'select question,id from Faq where $rule limit 100;')],
  ] as const) {
    const reading = new Reading({ rows })
    t.strictSame(await explain(parseQuery(query), reading.context), expected, query)
    t.strictSame(reading.asked, [])
  }
})

t.test('an operator sees each statement that the query sends', async (t) => {
  for (const query of [
    'select ticket_title from HelpDesk limit 3',
    'select distinct ticketstatus from HelpDesk limit 2',
    'select count(*) from HelpDesk',
    'select question from Faq',
    "select ticket_title from HelpDesk where Accounts.accountname='x'",
    "select projecttaskname from ProjectTask where Project.projectname='x'",
  ]) {
    const explaining = new Reading({ rows })
    const { statement, lookups } = await explainInFull(parseQuery(query), explaining.context)
    const shown = [...lookups.map(({ explanation }) => explanation.statement), statement]
    const running = new Reading({
      rows: { ...rows, [statement]: [{ count: '0' }].slice(query.includes('count') ? 0 : 1) },
    })
    await ask(parseQuery(query), running.context)
    t.strictSame(
      running.asked.map((each) => each.replace(/^.*?: /, '')),
      shown,
      query,
    )
  }
})

t.test('a query that no record can meet has no statement', async (t) => {
  const reading = new Reading({ rows: { [accountsAsked]: [] } })
  const query = parseQuery("select ticket_title from HelpDesk where Accounts.accountname='x'")
  t.equal((await explainInFull(query, reading.context)).statement, '')
})

t.test('what is rejected when it runs is rejected here as well', async (t) => {
  for (const [query, rejection] of [
    ['select x from HelpDesk', /^UNKNOWN_FIELD .*HelpDesk has no field 'x'/],
    ['select id from Leads', /^UNKNOWN_MODULE .*unknown module 'Leads'/],
    ["select id from HelpDesk where Accounts.x='1'", /^UNKNOWN_FIELD .*Accounts has no field 'x'/],
  ] as const) {
    const { context } = new Reading({ rows })
    for (const each of [explain, explainInFull, ask])
      t.match(await rejectionOf(each(parseQuery(query), context)), rejection, `${each.name}: ${query}`)
  }
})

t.test('the condition of a rule is shown to operators alone', async (t) => {
  const policy = policyWith({ HelpDesk: { where: "ticketstatus = 'Secret'" } })
  const query = parseQuery('select ticket_title from HelpDesk')
  const { context } = new Reading({ policy })
  t.notMatch(JSON.stringify(await explain(query, context)), /Secret|ticketstatus/)
  t.match((await explainInFull(query, context)).statement, /ticketstatus='Secret'/)

  const hidden = policyWith({ HelpDesk: { where: "Accounts.accountname = 'x'" } })
  const reading = new Reading({ policy: hidden, rows })
  t.strictSame((await explain(query, reading.context)).lookups, [], 'its look-ups as well')
  t.equal((await explainInFull(query, reading.context)).lookups.length, 1)
})

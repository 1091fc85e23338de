/** Unit tests of the plan of a read: what is looked up, which statement is sent, and what explain shows of it. */
import t from 'tap'
import type { Contact } from '../../src/model/contact.ts'
import type { ErrorCode } from '../../src/model/errors.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { Policy } from '../../src/policy/policy.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { outline } from '../../src/scope/outline.ts'
import { draft, ofCaller, ofGateway, plan, withEveryField, type Draft } from '../../src/scope/plan.ts'
import { scopeOf } from '../../src/scope/rule-condition.ts'
import type { OwnerIds } from '../../src/scope/owner-ids.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'
import { policyWith } from '../support/policy.ts'

const shapes = [
  moduleOf('Accounts', '11', 'accountname'),
  moduleOf('Contacts', '12', 'lastname', 'portal', 'account_id:>Accounts'),
  moduleOf('HelpDesk', '17', 'ticket_title', 'ticketstatus', 'parent_id:>Contacts,Accounts'),
  moduleOf('Invoice', '7', 'subject', 'contact_id:>Contacts', 'account_id:>Accounts'),
  moduleOf('Assets', '28', 'assetname', 'account:>Accounts'),
  moduleOf('Project', '33', 'projectname', 'linktoaccountscontacts:>Contacts,Accounts'),
  moduleOf('ProjectTask', '32', 'projecttaskname', 'projectid:>Project'),
  moduleOf('Documents', '15', 'notes_title'),
  moduleOf('Products', '14', 'productname', 'discontinued:boolean'),
  moduleOf('Faq', '3', 'question', 'faqstatus'),
]

const modules = modulesOf(shapes)

const alice = person('account', 'Contacts', '11x1')
const own: OwnerIds = { contacts: ['12x1'], accounts: [] }
const account: OwnerIds = { contacts: ['12x1'], accounts: ['11x1'] }
const company: OwnerIds = { contacts: ['12x1', '12x2'], accounts: ['11x1'] }

function visibleTo(contact: Contact, policy = builtinPolicy, hasServiceUser = true): VisibleModules {
  return new VisibleModules(contact, new Policy(policy), modules, hasServiceUser)
}

/** The statement that is sent once every look-up has found `ids`. */
function sent(draft: Draft, ids: readonly string[] = []): string | undefined {
  return plan(draft, new Map(draft.lookUps.map((node) => [node, ids]))).statement?.text
}

t.test('the scope of a module follows from its ties and the owner ids', (t) => {
  for (const [module, ownerIds, expected] of [
    ['Contacts', own, 'id in ($scope)'],
    ['Contacts', account, 'id in ($scope) or account_id in ($scope)'],
    ['Accounts', own, 'false'],
    ['Accounts', account, 'id in ($scope)'],
    ['HelpDesk', own, 'parent_id in ($scope)'],
    ['Invoice', own, 'contact_id in ($scope)'],
    ['Invoice', company, 'contact_id in ($scope) or account_id in ($scope)'],
    ['Assets', own, 'false'],
    ['ProjectTask', own, 'projectid in ($scope)'],
    ['Documents', own, 'id in ($scope) or id in ($scope) or id in ($scope)'],
    ['Products', own, "discontinued = '1'"],
    ['Faq', own, "faqstatus = 'Published'"],
  ] as const) {
    const visible = visibleTo(alice)
    const scope = scopeOf(visible.require(module), visible, ownerIds)
    t.equal(printCondition(scope), expected, `${module}, ${JSON.stringify(ownerIds)}`)
  }
  t.end()
})

t.test('the statement holds the condition of the rule at each level', (t) => {
  for (const [query, level, ownerIds, expected] of [
    [
      'select ticket_title from HelpDesk',
      'own',
      own,
      "select ticket_title,id,parent_id from HelpDesk where parent_id in ('12x1') limit 100;",
    ],
    [
      'select ticket_title from HelpDesk limit 5',
      'account',
      account,
      "select ticket_title,id,parent_id from HelpDesk where parent_id in ('12x1','11x1') limit 5;",
    ],
    [
      'select id from HelpDesk limit 2,5',
      'company',
      company,
      "select id,parent_id from HelpDesk where parent_id in ('12x1','12x2','11x1') limit 2,5;",
    ],
    [
      'select distinct ticketstatus from HelpDesk limit 2',
      'own',
      own,
      "select ticketstatus,parent_id from HelpDesk where parent_id in ('12x1') limit 10001;",
    ],
    [
      'select productname from Products',
      'own',
      own,
      "select productname,id,discontinued from Products where discontinued='1' limit 100;",
    ],
    ['select id from Assets', 'own', own, undefined],
  ] as const) {
    const visible = visibleTo(person(level, 'Contacts', '11x1'))
    t.equal(sent(draft(parseQuery(query), visible, ownerIds, ofCaller)), expected, `${level}: ${query}`)
  }
  t.end()
})

t.test('a plan says how its rows are verified and paged', (t) => {
  const of = (query: string) => plan(draft(parseQuery(query), visibleTo(alice), account, ofCaller), new Map())
  const distinct = of('select distinct ticketstatus from HelpDesk limit 3,2')
  t.equal(distinct.distinct, true)
  t.strictSame(distinct.limit, { offset: 3, count: 2 }, 'the limit of the caller, not the one that is sent')
  t.equal(printCondition(distinct.scope), 'parent_id in ($scope)')
  t.strictSame(
    distinct.columns?.map(({ key }) => key),
    ['ticketstatus'],
  )
  const count = of("select count(*) from HelpDesk where ticketstatus = 'Open'")
  t.equal(count.columns, undefined)
  t.equal(printCondition(count.scope), 'parent_id in ($scope)', "the caller's condition is not part of it")
  const whole = withEveryField(
    draft(parseQuery('select lastname from Contacts'), visibleTo(alice), own, ofCaller),
  )
  t.match(sent(whole), /^select id,lastname,portal,account_id from Contacts /, 'hidden fields as well')
  t.end()
})

t.test('look-ups come first, and where one finds nothing no statement is sent', (t) => {
  for (const [query, lookUps, found, expected] of [
    [
      'select id from ProjectTask limit 1',
      ['projectid in ($scope)'],
      ['33x7', '33x8'],
      "select id,projectid from ProjectTask where projectid in ('33x7','33x8') limit 1;",
    ],
    ['select id from ProjectTask limit 1', ['projectid in ($scope)'], [], undefined],
    [
      "select id from HelpDesk where Contacts.lastname = 'x' limit 1",
      ['parent_id in ($Contacts)'],
      ['12x9'],
      "select id,parent_id from HelpDesk where parent_id in ('12x1','11x1') and parent_id in ('12x9') limit 1;",
    ],
    [
      "select id from HelpDesk where Contacts.lastname = 'x' limit 1",
      ['parent_id in ($Contacts)'],
      [],
      undefined,
    ],
  ] as const) {
    const drafted = draft(parseQuery(query), visibleTo(alice), account, ofCaller)
    t.strictSame(drafted.lookUps.map(printCondition), lookUps, query)
    t.equal(sent(drafted, found), expected, `${query}, found: ${found.join()}`)
  }
  t.end()
})

t.test('what is closed or beyond a bound is rejected before anything is looked up', (t) => {
  const withoutService = visibleTo(alice, builtinPolicy, false)
  const employee = visibleTo(person('own', 'Employee'))
  const cases: readonly (readonly [string, VisibleModules, ErrorCode])[] = [
    ['select id from HelpDesk limit 10001', visibleTo(alice), 'QUERY_TOO_LARGE'],
    ['select distinct id from HelpDesk limit 10001', visibleTo(alice), 'QUERY_TOO_LARGE'],
    ['select id from Nowhere limit 10001', visibleTo(alice), 'QUERY_TOO_LARGE'],
    ['select id from Nowhere', visibleTo(alice), 'UNKNOWN_MODULE'],
    ['select portal from Contacts', visibleTo(alice), 'UNKNOWN_FIELD'],
    ['select question from Faq', withoutService, 'UNKNOWN_MODULE'],
    ['select id from HelpDesk', employee, 'UNKNOWN_MODULE'],
    ["select id from HelpDesk where id = '11x1'", visibleTo(alice), 'INVALID_VALUE'],
  ]
  for (const [query, visible, code] of cases) {
    t.throws(() => draft(parseQuery(query), visible, account, ofCaller), { code }, query)
    t.throws(() => outline(parseQuery(query), visible, ofCaller), { code }, `explain: ${query}`)
  }
  const ids = parseQuery('select id from HelpDesk limit 20001')
  t.match(sent(draft(ids, visibleTo(alice), account, ofGateway())), /limit 20001;$/, 'ids of a tie')
  t.throws(() => draft(ids, visibleTo(alice), account, ofCaller), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

t.test('employees read under the conditions of their own section', (t) => {
  const employees = { HelpDesk: { where: "ticketstatus = 'Open' and parent_id != '$self'" } }
  const visible = visibleTo(person('own', 'Employee'), { ...builtinPolicy, employees })
  t.equal(
    sent(draft(parseQuery('select ticket_title from HelpDesk'), visible, own, ofCaller)),
    "select ticket_title,id,ticketstatus,parent_id from HelpDesk where ticketstatus='Open' and parent_id!='12x1' limit 100;",
  )
  t.end()
})

t.test('explain shows the statement that is sent, with labels in the place of ids', (t) => {
  const hiding = (change: object) => policyWith({ HelpDesk: change })
  for (const [query, policy, expected] of [
    [
      'select distinct ticketstatus from HelpDesk limit 2',
      builtinPolicy,
      'select ticketstatus,parent_id from HelpDesk where parent_id in ($scope) limit 10001;',
    ],
    [
      'select id from ProjectTask',
      builtinPolicy,
      'select id,projectid from ProjectTask where projectid in ($scope) limit 100;',
    ],
    [
      'select id from HelpDesk',
      hiding({ where: "ticketstatus = 'Open'" }),
      'select id,parent_id from HelpDesk where parent_id in ($scope) and $rule limit 100;',
    ],
    [
      'select id from HelpDesk',
      hiding({ hide: ['parent_id'] }),
      'select id from HelpDesk where $scope limit 100;',
    ],
  ] as const) {
    t.equal(outline(parseQuery(query), visibleTo(alice, policy), ofCaller).statement(), expected, query)
  }
  t.equal(
    outline(parseQuery('select id from Assets'), visibleTo(person('own')), ofCaller).statement(),
    '',
    'no row can match',
  )
  t.end()
})

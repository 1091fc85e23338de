/** Unit tests of the modules and fields that a contact may see. */
import t from 'tap'
import { Policy } from '../../src/policy/policy.ts'
import { parseCondition } from '../../src/query/parse.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { checkCondition } from '../../src/scope/check.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'
import { rejection } from '../support/rejection.ts'

const shapes = [
  moduleOf('HelpDesk', '17', 'title', 'secret', 'parent_id:>Accounts', 'due:date'),
  moduleOf('Accounts', '11', 'accountname'),
  moduleOf('Leads', '10', 'lastname'),
  moduleOf('Assets', '29', 'assetname'),
]
const modules = modulesOf(shapes)
const policy = new Policy({
  level: 'account',
  modules: {
    HelpDesk: { ties: { account: ['parent_id'] }, hide: ['secret'] },
    Accounts: { ties: { account: ['id'] }, only: ['accountname'] },
    Assets: { ties: { account: ['account'] } },
    Missing: { open: true },
  },
})
const visible = new VisibleModules(person('account', 'Contacts', '11x2'), policy, modules, true)

t.test('a module is open if the policy names it and coreBOS shows it with the fields of its ties', (t) => {
  t.same(visible.names, ['HelpDesk', 'Accounts'])
  for (const [name, why] of [
    ['Leads', 'the policy does not name it'],
    ['Missing', 'coreBOS does not show it'],
    ['Assets', 'coreBOS does not show the field of its tie'],
  ] as const)
    t.equal(visible.find(name), undefined, `${name}: ${why}`)
  t.end()
})

t.test('a hidden field does not exist', (t) => {
  t.same([...visible.require('HelpDesk').readable.keys()].toSorted(), ['due', 'id', 'parent_id', 'title'])
  t.same([...visible.require('Accounts').readable.keys()].toSorted(), ['accountname', 'id'])
  t.end()
})

t.test('a module is found in any letter case, and a misspelled one by its nearest open name', (t) => {
  t.equal(visible.require('helpdesk').module.name, 'HelpDesk')
  t.match(
    rejection(() => visible.require('HelpDes')),
    /^UNKNOWN_MODULE .*did you mean 'HelpDesk'\?$/,
  )
  t.match(
    rejection(() => visible.require('Lead')),
    /^UNKNOWN_MODULE unknown module 'Lead'$/,
  )
  t.end()
})

t.test('a condition is checked against the readable fields and their types', (t) => {
  const view = visible.require('HelpDesk')
  const check = (text: string) => checkCondition(parseCondition(text), view, visible)
  for (const [text, expected] of [
    ["title = 'x'", "title = 'x'"],
    ["not title = 'x'", "title != 'x'"],
    ["parent_id = '11x2'", "parent_id = '11x2'"],
    ["due < '2026-01-31'", "due < '2026-01-31'"],
  ] as const)
    t.equal(printCondition(check(text)), expected, text)
  for (const [text, expected] of [
    ["secret = 'x'", /^UNKNOWN_FIELD/],
    ["titel = 'x'", /^UNKNOWN_FIELD .*did you mean 'title'/],
    ["due = 'tomorrow'", /^INVALID_VALUE/],
    ["parent_id = '10x1'", /^INVALID_VALUE/],
    ["Leads.lastname = 'x'", /^UNKNOWN_MODULE/],
  ] as const)
    t.match(
      rejection(() => check(text)),
      expected,
      text,
    )
  t.end()
})

/** Unit tests of the values that a policy names: which picklist lacks them, and which field cannot hold them. */
import t from 'tap'
import { readPolicy } from '../../src/policy/policy.ts'
import { faultsOf, lineOf } from '../../src/scope/faults.ts'
import { policyNotes } from '../../src/scope/policy-values.ts'
import type { ModuleShape } from '../../src/model/module.ts'
import { moduleOf, modulesOf } from '../support/shapes.ts'

/** The module with a picklist: values, each with its label behind `=` if it has another one. */
function withPicklist(module: ModuleShape, name: string, ...values: readonly string[]): ModuleShape {
  const picklist = values.map((each) => {
    const [value = '', label = value] = each.split('=')
    return { value, label }
  })
  const field = module.fields.get(name)
  if (field === undefined) throw new Error(`no field ${name}`)
  return { ...module, fields: new Map([...module.fields, [name, { ...field, picklist }]]) }
}

const plain = [
  'title',
  'hours:double',
  'due:date',
  'billed:boolean',
  'parent_id:>Contacts,Accounts',
  'assigned_user_id:owner',
]
const tickets = moduleOf('HelpDesk', '17', 'status:picklist', 'tags:multipicklist', ...plain)
const modules = modulesOf([
  withPicklist(moduleOf('Accounts', '11', 'industry:picklist'), 'industry', 'Banking', 'Retail'),
  moduleOf('Contacts', '12', 'lastname'),
  withPicklist(
    withPicklist(tickets, 'status', 'Open=Offen', 'Wait For Response', 'Closed'),
    'tags',
    'red',
    'green',
    'blue',
  ),
])

const ties = { contact: ['parent_id'], account: ['parent_id'] }

function notes(rule: object, section: 'modules' | 'employees' = 'modules'): string[] {
  const rules = section === 'modules' ? { HelpDesk: { ties, ...rule } } : {}
  const employees = section === 'employees' ? { HelpDesk: rule } : {}
  return policyNotes(readPolicy({ level: 'account', modules: rules, employees }), modules).map(lineOf)
}

t.test('values that the picklist has, in any letter case, are no warning', (t) => {
  for (const where of [
    "status = 'Open'",
    "status != 'open' and not status in ('CLOSED', 'wait for response')",
    "status = '' or status is null",
    "status like '%response%' or status like 'closed'",
    "status < 'M'",
    "tags = 'red' or tags != 'green |##| blue' or tags like '%re%'",
    "title = 'Opne'",
    "Accounts.industry = 'Retail'",
    "assigned_user_id = '$user'",
  ])
    t.strictSame(notes({ where }), [], where)
  const force = { status: 'Closed', tags: 'red', assigned_user_id: '$user', title: 'Opne' }
  t.strictSame(notes({ create: { fields: [], force } }), [])
  t.end()
})

t.test('each value that its picklist lacks is named at its place, with the nearest one', (t) => {
  const at = '/modules/HelpDesk'
  for (const [rule, ...lines] of [
    [
      { where: "status = 'Opne' or not status in ('Closed', 'Zu')" },
      `${at}/where: 'status' of HelpDesk has no value 'Opne'; did you mean 'Open'?`,
      `${at}/where: 'status' of HelpDesk has no value 'Zu'; it has 'Open', 'Wait For Response', 'Closed'`,
    ],
    [
      { where: "status != 'Offen'" },
      `${at}/where: 'status' of HelpDesk has no value 'Offen'; did you mean 'Open'?`,
    ],
    [
      { where: "tags = 'red |##| gren'" },
      `${at}/where: 'tags' of HelpDesk has no value 'gren'; did you mean 'green'?`,
    ],
    [
      { where: "status like '%pending%'" },
      `${at}/where: 'status' of HelpDesk has no value '%pending%'; it has 'Open', 'Wait For Response', 'Closed'`,
    ],
    [
      { where: "Accounts.industry = 'Retial'" },
      `${at}/where: 'industry' of Accounts has no value 'Retial'; did you mean 'Retail'?`,
    ],
    [
      { update: { fields: ['title'], where: "status != 'Close'" }, delete: { where: "status = 'Opne'" } },
      `${at}/update/where: 'status' of HelpDesk has no value 'Close'; did you mean 'Closed'?`,
      `${at}/delete/where: 'status' of HelpDesk has no value 'Opne'; did you mean 'Open'?`,
    ],
    [
      { create: { fields: [], force: { status: 'open' } } },
      `${at}/create/force/status: 'status' of HelpDesk has no value 'open'; did you mean 'Open'?`,
    ],
  ] as const)
    t.strictSame(notes(rule), lines)
  t.strictSame(notes({ where: "status = 'Opne'" }, 'employees'), [
    "/employees/HelpDesk/where: 'status' of HelpDesk has no value 'Opne'; did you mean 'Open'?",
  ])
  t.end()
})

t.test('a mandatory field that a rule leaves without a value is named', (t) => {
  const [name = '', title] = [...tickets.fields].find(([each]) => each === 'title') ?? []
  if (title === undefined) throw new Error('no title')
  const fields = new Map([...tickets.fields, [name, { ...title, mandatory: true }]])
  const strict = modulesOf([{ ...tickets, fields }])
  const said = (rule: object) =>
    policyNotes(readPolicy({ level: 'account', modules: { HelpDesk: { ties, ...rule } } }), strict).map(
      lineOf,
    )
  t.strictSame(said({ create: { fields: ['due'] }, update: { fields: ['due'] } }), [
    "/modules/HelpDesk/create: 'title' is mandatory in coreBOS, and neither in 'fields' nor in 'force': no record can be created",
  ])
  t.strictSame(said({ create: { fields: ['title'] } }), [])
  t.strictSame(said({ create: { fields: [], force: { title: 'x' } } }), [])
  t.strictSame(said({ update: { fields: ['due'] } }), [])
  t.end()
})

t.test('a forced value that its field cannot hold keeps the gateway from starting', (t) => {
  const at = '/modules/HelpDesk/create/force'
  for (const [name, value, problem] of [
    ['hours', 'many', "'hours' accepts a number"],
    ['due', '2026-02-30', "'due' is not a valid calendar date"],
    ['billed', 'yes', "'billed' accepts '0' or '1'"],
    ['hours', '$contact', "'hours' accepts a number"],
    ['parent_id', 'Acme', "'parent_id' accepts a webservice id ('12x34')"],
    ['parent_id', '$user', "'parent_id' does not hold CRM users"],
    ['assigned_user_id', '$contact', "'assigned_user_id' holds CRM users; '$user' is that of the contact"],
    ['title', '😀', "'title' contains a character that coreBOS cannot store: 😀"],
  ] as const) {
    const rule = { ties, create: { fields: [], force: { [name]: value } } }
    const policy = readPolicy({ level: 'account', modules: { HelpDesk: rule } })
    const faults = faultsOf(policy, { modules, names: modules.names, readsAll: true })
    t.strictSame(faults, [{ path: `${at}/${name}`, message: problem, rule: 'HelpDesk', isFatal: true }])
  }
  t.end()
})

t.test('ids of the caller may be forced into references and texts', (t) => {
  const force = { parent_id: '$account', title: '$contact', assigned_user_id: '$user' }
  const rule = {
    ties,
    create: { fields: [], force },
    update: { fields: [], force: { due: '', hours: '1.5' } },
  }
  const policy = readPolicy({ level: 'account', modules: { HelpDesk: rule } })
  t.strictSame(faultsOf(policy, { modules, names: modules.names, readsAll: true }), [])
  t.end()
})

/** Unit tests of what a policy names that an installation does not have, or that cannot be enforced. */
import t from 'tap'
import { readPolicy } from '../../src/policy/policy.ts'
import { faultsOf, lineOf } from '../../src/scope/faults.ts'
import { moduleOf, modulesOf } from '../support/shapes.ts'

const shapes = [
  moduleOf('Accounts', '11', 'accountname'),
  moduleOf('Contacts', '12', 'lastname', 'account_id:>Accounts'),
  moduleOf('HelpDesk', '17', 'ticket_title', 'category', 'created:datetime', 'parent_id:>Contacts,Accounts'),
  moduleOf('ProjectTask', '32', 'taskname', 'projectid:>Project'),
  moduleOf('Project', '33', 'projectname', 'linked:>Contacts,Accounts'),
]
const modules = modulesOf(shapes)

function faults(rules: object, others: object = {}) {
  const policy = readPolicy({ level: 'account', modules: rules, ...others })
  return faultsOf(policy, { modules, names: modules.names, readsAll: true })
}

const ties = { contact: ['parent_id'], account: ['parent_id'] }

t.test('a policy that fits has no faults', (t) => {
  const Project = { ties: { contact: ['linked'] } }
  const fitting = {
    HelpDesk: { ties, where: "category != 'x' and created > '2026-01-01'", hide: ['category'] },
    ProjectTask: { ties: { through: [{ field: 'projectid', module: 'Project' }] } },
    Project,
    Contacts: { ties: { contact: ['id'], account: ['account_id'] } },
  }
  t.strictSame(
    faults(fitting, { levelField: 'lastname', employees: { HelpDesk: { where: "parent_id = '$self'" } } }),
    [],
  )
  t.end()
})

t.test('each misspelt name is a fault at its place, with the nearest name', (t) => {
  for (const [rules, line] of [
    [
      { Helpdesk: { ties } },
      "/modules/Helpdesk: the installation has no module 'Helpdesk'; did you mean 'HelpDesk'?",
    ],
    [{ Nothing: { open: true } }, "/modules/Nothing: the installation has no module 'Nothing'"],
    [
      { HelpDesk: { ties: { contact: ['parentid'] } } },
      "/modules/HelpDesk/ties/contact/0: HelpDesk has no field 'parentid'; did you mean 'parent_id'?",
    ],
    [
      { HelpDesk: { ties: { contact: ['category'] } } },
      "/modules/HelpDesk/ties/contact/0: 'category' of HelpDesk does not point to Contacts; fields that do: 'parent_id'",
    ],
    [
      { HelpDesk: { ties: { contact: ['id'] } } },
      "/modules/HelpDesk/ties/contact/0: 'id' of HelpDesk does not point to Contacts; fields that do: 'parent_id'",
    ],
    [
      { HelpDesk: { ties, hide: ['ticket_title', 'categry'] } },
      "/modules/HelpDesk/hide/1: HelpDesk has no field 'categry'; did you mean 'category'?",
    ],
    [{ HelpDesk: { ties, only: ['titel'] } }, "/modules/HelpDesk/only/0: HelpDesk has no field 'titel'"],
    [
      { HelpDesk: { ties, create: { fields: ['ticket_titel'] } } },
      "/modules/HelpDesk/create/fields/0: HelpDesk has no field 'ticket_titel'; did you mean 'ticket_title'?",
    ],
    [
      { HelpDesk: { ties, update: { fields: [], force: { categori: 'x' } } } },
      "/modules/HelpDesk/update/force/categori: HelpDesk has no field 'categori'; did you mean 'category'?",
    ],
    [
      { ProjectTask: { ties: { through: [{ field: 'projectid', module: 'Project' }] } } },
      "/modules/ProjectTask/ties/through/0/module: the module 'Project' is closed, because no rule of this policy names it",
    ],
    [
      { HelpDesk: { ties: { relation: ['Projct'] } } },
      "/modules/HelpDesk/ties/relation/0: the installation has no module 'Projct'; did you mean 'Project'?",
    ],
    [
      { HelpDesk: { ties, where: "categorie != 'x'" } },
      "/modules/HelpDesk/where: line 1, column 1: HelpDesk has no field 'categorie'; did you mean 'category'?",
    ],
  ] as const) {
    const found = faults(rules)
    t.strictSame(found.map(lineOf), [line])
    t.strictSame(
      found.map(({ rule, isFatal }) => [rule, isFatal]),
      [[Object.keys(rules)[0], false]],
    )
  }
  t.end()
})

t.test('a condition that cannot be enforced is fatal, with its reason', (t) => {
  for (const [rule, path, reason] of [
    [
      { ties, where: "category not like 'x%'" },
      '/modules/HelpDesk/where',
      /cannot be enforced: .*'not like' with %/,
    ],
    [
      { ties, where: "created > 'yesterday'" },
      '/modules/HelpDesk/where',
      /cannot be enforced: .*'created' is compared with a time/,
    ],
    [{ ties, where: "category = 'a\tb'" }, '/modules/HelpDesk/where', /cannot be enforced: .*tabs/],
    [
      { ties, update: { fields: ['category'], where: "created > 'x'" } },
      '/modules/HelpDesk/update/where',
      /'created' is compared/,
    ],
  ] as const) {
    const found = faults({ HelpDesk: rule })
    t.match(found, [{ path, message: reason, isFatal: true, rule: 'HelpDesk' }])
  }
  const checkedByRow = { ties, update: { fields: ['category'], where: "category not like 'x%'" } }
  t.strictSame(faults({ HelpDesk: checkedByRow }), [], 'what may be written is held against the row alone')
  t.match(faults({}, { employees: { HelpDesk: { where: "created > 'x'" } } }), [
    { path: '/employees/HelpDesk/where', rule: 'employees.HelpDesk', isFatal: true },
  ])
  t.end()
})

t.test('a level field that contacts lack is fatal', (t) => {
  t.strictSame(faults({}, { levelField: 'last_name' }), [
    {
      path: '/levelField',
      message: "Contacts has no field 'last_name'; did you mean 'lastname'?",
      rule: undefined,
      isFatal: true,
    },
  ])
  t.end()
})

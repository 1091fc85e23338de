/** Unit tests of the meaning of empty in the policy's own conditions. */
import t from 'tap'
import { printCondition, printQuery } from '../../src/query/canonical.ts'
import { parseCondition } from '../../src/query/parse.ts'
import type { Condition } from '../../src/query/tree.ts'
import { checkRule } from '../../src/scope/check-rule.ts'
import { meets } from '../../src/scope/verify.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { Policy } from '../../src/policy/policy.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'

const number = { type: 'double', uitype: '7' } as const
const helpDesk = moduleOf(
  'HelpDesk',
  '17',
  'title',
  'category',
  'due:date',
  'flag:boolean',
  'parent_id:>Accounts',
)
const hours = { ...moduleOf('x', '1', 'hours').fields.get('hours'), ...number }
const shapes = [
  { ...helpDesk, fields: new Map([...helpDesk.fields, ['hours', hours as never]]) }, // a copy of a field with another type
  moduleOf('Accounts', '11', 'accountname'),
]
const modules = modulesOf(shapes)
const policy = new Policy({
  level: 'account',
  modules: { HelpDesk: { open: true }, Accounts: { open: true } },
})
const visible = new VisibleModules(person('account'), policy, modules, true)
const view = visible.require('HelpDesk')

const checked = (text: string): Condition => checkRule(parseCondition(text), view, visible)

t.test('an empty field satisfies what is negated, and nothing else', (t) => {
  for (const [text, expected] of [
    ["category != 'x'", "category != 'x' or category is null"],
    ["category not in ('x', 'y')", "category not in ('x', 'y') or category is null"],
    ["category not like '%x%'", "category not like '%x%' or category is null"],
    ["not category = 'x'", "category != 'x' or category is null"],
    ["not category != 'x'", "category = 'x'"],
    ["not category > 'x'", "category <= 'x' or category is null"],
    [
      "not (category = 'x' or title = 'y')",
      "(category != 'x' or category is null) and (title != 'y' or title is null)",
    ],
    ["category > 'x'", "category > 'x'"],
    ["category != '0'", "category != '0' or category is null"],
    ["category != ''", 'category is not null'],
    ["category not in ('x', '')", "category not in ('x') and category is not null"],
    ['category is null', 'category is null'],
    ["due != '2026-01-01'", "due != '2026-01-01' or due is null"],
    ["parent_id != '11x1'", "parent_id != '11x1' or parent_id is null"],
    ["id != '17x1'", "id != '17x1'"],
    ["flag != '1'", "flag != '1'"],
    ['hours != 5', 'hours != 5 or hours is null'],
    ['not hours > 5', 'hours <= 5 or hours is null'],
    ["Accounts.accountname != 'x'", 'parent_id is null or parent_id in ($Accounts)'],
    ["Accounts.accountname = 'x'", 'parent_id in ($Accounts)'],
  ] as const)
    t.equal(printCondition(checked(text)), expected, text)
  t.end()
})

t.test(
  'the records that a reference must point to meet the condition with the same meaning of empty',
  (t) => {
    for (const [text, expected] of [
      [
        "Accounts.accountname != 'x'",
        "select id from Accounts where accountname != 'x' or accountname is null",
      ],
      [
        "not Accounts.accountname > 'x'",
        "select id from Accounts where accountname <= 'x' or accountname is null",
      ],
      ["Accounts.id != '11x1'", "select id from Accounts where id != '11x1'"],
    ] as const) {
      const found = checked(text)
      const lookUps = found.kind === 'or' ? found.terms.filter((term) => term.kind === 'lookup') : []
      t.strictSame(
        lookUps.map(({ query }) => printQuery(query).replace(/ limit .*/, '')),
        [expected],
        text,
      )
    }
    t.end()
  },
)

t.test('a condition for which coreBOS cannot tell empty from zero is rejected', (t) => {
  for (const text of ['hours != 0', 'not hours < 5', 'hours not in (1, 0)', 'hours is null'])
    t.throws(
      () => checked(text),
      { code: 'QUERY_NOT_EXPRESSIBLE', message: /'hours': coreBOS does not distinguish an empty value/ },
      text,
    )
  t.throws(() => checked('flag is null'), { code: 'QUERY_NOT_EXPRESSIBLE' })
  t.end()
})

/** The meaning in JavaScript, for values of two fields. */
const meanings: readonly (readonly [text: string, (category: string, title: string) => boolean])[] = [
  ["category != 'x'", (c) => c !== 'x'],
  ["category = 'x'", (c) => c === 'x'],
  ["not (category = 'x' and title != 'y')", (c, t) => !(c === 'x' && t !== 'y')],
  ["not (category in ('x','z') or title like '%y%')", (c, t) => !(c === 'x' || c === 'z' || t.includes('y'))],
  ["category not in ('x') and title not like '%y%'", (c, t) => c !== 'x' && !t.includes('y')],
  ["category is null or title != ''", (c, t) => c === '' || t !== ''],
  ['not category is null', (c) => c !== ''],
  ["not (category > 'x')", (c) => !(c > 'x')],
]

t.test('rows are verified with the same meaning', (t) => {
  const values = ['', 'x', 'y', 'z', 'xyz']
  for (const [text, meaning] of meanings) {
    const condition = checked(text)
    for (const category of values)
      for (const title of values)
        t.equal(
          meets({ category, title }, condition, view.module),
          meaning(category, title),
          `${text}: category '${category}', title '${title}'`,
        )
  }
  t.end()
})

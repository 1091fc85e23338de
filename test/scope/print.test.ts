/** Unit tests of the statement that is sent: its rows in the place of a count, its columns, and whose fault it is. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { Policy } from '../../src/policy/policy.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { columnsOf } from '../../src/scope/columns.ts'
import { outline } from '../../src/scope/outline.ts'
import {
  draft,
  levelOf,
  ofCaller,
  ofGateway,
  ofLookUp,
  plan,
  requireDistinctBound,
  type Origin,
  type Plan,
} from '../../src/scope/plan.ts'
import { holdsRepeatedBlanks } from '../../src/scope/print.ts'
import { RuleError } from '../../src/scope/rule-error.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'

const shapes = [
  moduleOf(
    'HelpDesk',
    '17',
    'title',
    'hours:double',
    'first:>Contacts',
    'second:>Contacts,Accounts',
    'by:owner',
  ),
  moduleOf('Contacts', '12', 'lastname', 'made:>Users'),
  moduleOf('Accounts', '11', 'accountname'),
]
const modules = modulesOf(shapes)
const ownerIds = { contacts: ['12x1'], accounts: [] }

function visibleBy(rule: object): VisibleModules {
  const HelpDesk = { ties: { contact: ['first'] }, ...rule }
  const policy = new Policy({ level: 'own', modules: { HelpDesk, Contacts: { open: true } } })
  return new VisibleModules(person('own'), policy, modules, true)
}

const visible = visibleBy({})

function planned(query: string, origin: Origin = ofCaller, by = visible): Plan {
  const drafted = draft(parseQuery(query), by, ownerIds, origin)
  return plan(drafted, new Map(drafted.lookUps.map((node) => [node, []])))
}

t.test('coreBOS counts where its count is that of the statement, and else it answers rows', (t) => {
  for (const [where, isCount, statement] of [
    ["title = 'a b'", true, "select count(*) from HelpDesk where first in ('12x1') and title='a b';"],
    [
      "title = 'a  b'",
      false,
      "select id,first from HelpDesk where first in ('12x1') and title='a  b' limit 10001;",
    ],
    [
      "title = 'a limit b'",
      false,
      "select id,first from HelpDesk where first in ('12x1') and title='a limit b' limit 10001;",
    ],
  ] as const) {
    const made = planned(`select count(*) from HelpDesk where ${where}`)
    t.equal(made.isCount, isCount, where)
    t.equal(made.columns, undefined, 'the caller wants their number')
    t.equal(made.statement?.text, statement)
    t.equal(made.statement && holdsRepeatedBlanks(made.statement), where.includes('  '))
    const explained = outline(parseQuery(`select count(*) from HelpDesk where ${where}`), visible, ofCaller)
    t.equal(explained.statement(), statement.replace("('12x1')", '($scope)'), 'explain shows the same')
  }
  const rows = planned("select title from HelpDesk where title = 'a  b'")
  t.equal(rows.isCount, false)
  t.match(rows.statement?.text, /^select title,id,first from HelpDesk .* limit 100;$/)
  t.end()
})

t.test('where no row can match, nothing is sent, and a count is still a count', (t) => {
  for (const [query, isCount] of [
    ['select count(*) from HelpDesk where false', true],
    ['select title from HelpDesk where false', false],
  ] as const) {
    const made = planned(query)
    t.strictSame([made.statement, made.isCount], [undefined, isCount], query)
  }
  t.end()
})

t.test('the bound on rows is one and the same for limits, distinct rows and counts', (t) => {
  t.equal(levelOf(parseQuery(`select id from HelpDesk limit ${limits.rows}`), visible, ofCaller), 'own')
  for (const origin of [ofCaller, ofGateway()])
    t.throws(
      () => levelOf(parseQuery(`select id from HelpDesk limit ${origin.maxRows + 1}`), visible, origin),
      {
        code: 'QUERY_TOO_LARGE',
        message: `an answer may have ${origin.maxRows} rows at most`,
      },
    )
  t.doesNotThrow(() => requireDistinctBound(limits.rows))
  t.throws(() => requireDistinctBound(limits.rows + 1), { code: 'QUERY_TOO_LARGE' })
  t.equal(ofGateway().maxRows, limits.ids + 1, 'one more than is accepted')
  t.end()
})

t.test("the caller's look-ups are counted, those of the policy are not", (t) => {
  const asked = (count: number, by = visible) => {
    const values = Array.from({ length: count }, (_, i) => `'select [${i}]'`).join(',')
    return draft(parseQuery(`select id from HelpDesk where title in (${values})`), by, ownerIds, ofCaller)
  }
  const strict = visibleBy({
    ties: { contact: ['first'], through: [{ field: 'second', module: 'Contacts' }] },
    where: "Contacts.lastname = 'x' and title like '%select [z]%'",
  })
  const ofPolicy = draft(parseQuery('select id from HelpDesk'), strict, ownerIds, ofCaller).lookUps
  t.ok(ofPolicy.length > 0)
  for (const by of [visible, strict]) {
    const few = asked(limits.lookUps, by).lookUps
    t.equal(few.length, limits.lookUps + (by === strict ? ofPolicy.length : 0))
    t.throws(() => asked(limits.lookUps + 1, by), {
      code: 'QUERY_TOO_LARGE',
      message: new RegExp(
        `^a query may need ${limits.lookUps} look-ups at most, ${limits.lookUps + 1} are needed`,
      ),
    })
  }
  t.end()
})

t.test('a look-up is sent in its own dialect, for its own part of the rule', (t) => {
  const drafted = draft(
    parseQuery("select id from HelpDesk where title not like '%y%'"),
    visible,
    ownerIds,
    ofCaller,
  )
  const [node] = drafted.lookUps
  if (node?.kind !== 'lookup') throw new Error("'not like' is looked up")
  const origin = ofLookUp(node)
  t.strictSame(origin, { dialect: node.dialect, maxRows: limits.ids + 1, ofRule: node.ofRule })
  t.end()
})

t.test('a condition that cannot be sent is the fault of whom it comes from', (t) => {
  const decimal = 'hours = 1.5'
  const of = (query: string, by: VisibleModules): unknown => {
    try {
      return planned(query, ofCaller, by)
    } catch (error) {
      return error
    }
  }
  const inPolicy = visibleBy({ where: decimal })
  const byCaller = of(`select id from HelpDesk where ${decimal}`, visible)
  t.match(byCaller, { code: 'QUERY_NOT_EXPRESSIBLE', message: /^'hours' holds text/ })
  t.notOk(byCaller instanceof RuleError)
  for (const query of [
    'select id from HelpDesk',
    `select id from HelpDesk where ${decimal} order by title`,
  ]) {
    const error = of(query, inPolicy)
    t.ok(error instanceof RuleError, query)
    t.match(error, {
      code: 'QUERY_NOT_EXPRESSIBLE',
      message: "the policy's own condition on HelpDesk cannot be expressed in coreBOS",
    })
  }
  const sorted = of('select id from HelpDesk order by title desc, hours', visible)
  t.match(sorted, { message: /^only the last field of 'order by' can be descending/ })
  t.notOk(sorted instanceof RuleError, 'an order is of the caller alone')
  const open = of(`select id from Contacts where lastname = 'a\tb'`, visible)
  t.notOk(open instanceof RuleError, 'a rule without a condition')
  const ofOpen = of('select id from Contacts order by lastname desc, made', visible)
  t.match(ofOpen, { message: /^only the last field of 'order by'/ })
  t.end()
})

t.test('the printers know which columns hold ids, and the first that can point to a module', (t) => {
  const columns = columnsOf({ view: visible.require('HelpDesk') }, modules)
  for (const [name, isReference, refersTo] of [
    ['id', true, 0],
    ['first', true, 1],
    ['second', true, 2],
    ['by', true, 0],
    ['title', false, 0],
    ['nosuch', false, 0],
  ] as const)
    t.strictSame([columns.isReference(name), columns.refersTo(name)], [isReference, refersTo], name)
  for (const [name, id, module] of [
    ['first', '12x1', 'Contacts'],
    ['second', '12x1', undefined],
    ['second', '11x1', 'Accounts'],
    ['first', '11x1', undefined],
    ['first', '99x1', undefined],
    ['first', '17x1', undefined],
    ['title', '17x1', undefined],
    ['nosuch', '12x1', undefined],
  ] as const)
    t.equal(columns.moduleOf(name, id), module, `${name} ${id}`)
  const ofHours = (uitype: string) => {
    const view = visible.require('HelpDesk')
    const hours = view.module.fields.get('hours')
    const fields = new Map(hours === undefined ? [] : [['hours', { ...hours, uitype }]])
    return columnsOf({ view: { ...view, module: { ...view.module, fields } } }, modules).isNumber('hours')
  }
  t.strictSame([ofHours('7'), ofHours('1')], [true, false], 'a number in a column of text')
  t.end()
})

/** Unit tests of the texts that coreBOS would read as a part of a statement, and of what is looked up for them. */
import t from 'tap'
import type { Like, Lookup } from '../../src/query/tree.ts'
import { printCondition, printQuery } from '../../src/query/canonical.ts'
import { parseCondition } from '../../src/query/parse.ts'
import { limits } from '../../src/model/limits.ts'
import { exactly, meetsExactly, tested } from '../../src/scope/exact.ts'
import { Policy } from '../../src/policy/policy.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'
import type { Condition } from '../../src/query/tree.ts'

const shapes = [moduleOf('HelpDesk', '17', 'title', 'hours:double', 'due:date', 'parent_id:>Accounts')]
const policy = new Policy({ level: 'own', modules: { HelpDesk: { open: true } } })
const view = new VisibleModules(person('own'), policy, modulesOf(shapes), true).require('HelpDesk')

const lookUp = (text: string): Condition | undefined => exactly(parseCondition(text), view)

/** The look-ups of a condition, and the condition around them. */
function lookUpsIn(condition: Condition | undefined): Lookup[] {
  if (condition === undefined) return []
  if (condition.kind === 'and' || condition.kind === 'or') return condition.terms.flatMap(lookUpsIn)
  return condition.kind === 'lookup' ? [condition] : []
}

const shown = ({ query, exact, negated, field }: Lookup) => [
  field,
  query.where && printCondition(query.where),
  exact && printCondition(exact),
  negated,
]

t.test('a text that coreBOS reads as it stands is sent unchanged', (t) => {
  for (const text of [
    "title = 'plain'",
    "title != 'it''s'",
    "title > 'x not in (1,2)'",
    "title <= 'a where [b]'",
    "title in ('a', 'b')",
    "title not in ('a)b', 'plain')",
    "title like '%a%'",
    "title not like '%a%'",
    "title not like '%%'",
    'title is null',
    "due = '2026-01-01'",
    "parent_id = '11x1'",
    'hours = 1.5',
    "nosuch = 'x not in (1,2)'",
    'true',
  ])
    t.equal(lookUp(text), undefined, text)
  t.end()
})

t.test('another is looked up by a pattern, and compared by the gateway', (t) => {
  for (const [text, around, lookUps] of [
    [
      "title = 'x not in (1,2)'",
      'id in ($title)',
      [
        [
          'id',
          "title like 'x not in _1,2_' or title like 'x not in _1,2_ %'",
          "title = 'x not in (1,2)'",
          false,
        ],
      ],
    ],
    [
      "title = '100%_ where [b]  '",
      'id in ($title)',
      [
        [
          'id',
          "title like '100\\%\\_ where _b_' or title like '100\\%\\_ where _b_ %'",
          "title = '100%_ where [b]  '",
          false,
        ],
      ],
    ],
    [
      "title != 'x not in (1,2)'",
      "(title != '' or title != 'x') and id in ($title)",
      [
        [
          'id',
          "title like 'x not in _1,2_' or title like 'x not in _1,2_ %'",
          "title = 'x not in (1,2)'",
          true,
        ],
      ],
    ],
    [
      "title in ('plain', 'select [x]')",
      "title = 'plain' or id in ($title)",
      [['id', "title like 'select _x_' or title like 'select _x_ %'", "title = 'select [x]'", false]],
    ],
    [
      "title not in ('plain', 'select [x]')",
      "title != 'plain' and (title != '' or title != 'x') and id in ($title)",
      [['id', "title like 'select _x_' or title like 'select _x_ %'", "title = 'select [x]'", true]],
    ],
    ["title in ('a)b', 'plain')", "title = 'a)b' or title = 'plain'", []],
    [
      "title like '%not in (%'",
      'id in ($title)',
      [['id', "title like '%not in _%'", "title like '%not in (%'", false]],
    ],
    [
      "title not like '%a,b\\_c=d%'",
      "(title != '' or title != 'x') and id in ($title)",
      [['id', "title like '%a,b\\_c=d%'", "title like '%a,b\\_c=d%'", true]],
    ],
  ] as const) {
    const found = lookUp(text)
    t.equal(found && printCondition(found), around, text)
    t.strictSame(lookUpsIn(found).map(shown), lookUps, text)
    for (const { query } of lookUpsIn(found)) {
      t.match(printQuery(query), /^select title from HelpDesk where /)
      t.match(query.limit, { offset: 0, count: limits.ids + 1 }, 'one more than is accepted')
    }
  }
  t.end()
})

t.test('a pattern with a backslash that escapes nothing is not looked up', (t) => {
  t.throws(() => lookUp("title like 'a\\\\x(%'"), { code: 'QUERY_NOT_EXPRESSIBLE' })
  t.equal(lookUp("title not like '%a\\\\x(%'"), undefined, 'the printer rejects it')
  t.end()
})

t.test('the gateway compares only short patterns itself', (t) => {
  for (const operator of ['like', 'not like']) {
    const text = (length: number) =>
      `title ${operator} '%not in (${'x'.repeat(length - '%not in (%'.length)}%'`
    t.equal(lookUpsIn(lookUp(text(limits.term))).length, 1, operator)
    t.throws(() => lookUp(text(limits.term + 1)), {
      code: 'QUERY_TOO_LARGE',
      message: /^line 1, column 1: a pattern of 'like' that the gateway has to compare itself/,
    })
  }
  t.end()
})

t.test('what only the extended dialect has is tested by the gateway where that has no form', (t) => {
  const of = (text: string) => {
    const atom = parseCondition(text)
    if (atom.kind !== 'like' && atom.kind !== 'null') throw new Error(`${text} is another condition`)
    const { field, query, exact } = tested(atom, view)
    t.match(printQuery(query), new RegExp(`^select ${atom.path.field} from HelpDesk `), 'it is compared')
    return [field, query.where && printCondition(query.where), exact && printCondition(exact)]
  }
  for (const [text, where] of [
    ["title not like '%a%'", "title != '' or title != 'x'"],
    ["due like '2026%'", 'due is not null'],
    ['title is null', undefined],
    ['title is not null', undefined],
  ] as const)
    t.strictSame(of(text), ['id', where, text], text)
  t.end()
})

t.test('a row meets a condition by the rules of the database', (t) => {
  for (const [text, value, expected] of [
    ["title = 'É (a)'", 'e (A)  ', true],
    ["title = 'a (b)'", 'a _b_', false],
    ["title like 'a (%'", 'A (b', true],
    ["title like 'a (%'", 'a [b', false],
    ["title not like 'a (%'", 'a [b', true],
    ["title not like 'a (%'", 'a (b', false],
    ['title is null', '', true],
    ['title is null', '0', false],
    ['title is not null', '', false],
    ['title is not null', 'x', true],
  ] as const) {
    const atom = parseCondition(text)
    if (atom.kind !== 'compare' && atom.kind !== 'like' && atom.kind !== 'null') throw new Error(text)
    t.equal(meetsExactly({ title: value }, atom), expected, `${text}: '${value}'`)
  }
  const isNull = parseCondition('title is null')
  if (isNull.kind !== 'null') throw new Error('is null is another condition')
  t.equal(meetsExactly({}, isNull), true)
  for (const [value, expected] of [
    ['', true],
    ['0', true],
    ['0.00', true],
    ['1', false],
  ] as const)
    t.equal(meetsExactly({ title: value }, { ...isNull, orZero: true }), expected, `'${value}' or zero`)
  const like = parseCondition("title like 'a%'")
  if (like.kind !== 'like') throw new Error('like is another condition')
  const long: Like = { ...like, pattern: 'x'.repeat(limits.term + 1) }
  t.throws(() => meetsExactly({ title: 'x' }, long), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

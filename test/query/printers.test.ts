/** Unit tests of both printers: each condition in the one form that coreBOS reads as meant, or a rejection. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { printBasic, type Columns, type Printable } from '../../src/query/basic.ts'
import { isExtendedText, printExtended } from '../../src/query/extended.ts'
import { multiplied, withoutNot } from '../../src/query/normal-form.ts'
import { parseCondition } from '../../src/query/parse.ts'
import { printCondition } from '../../src/query/canonical.ts'
import * as tree from '../../src/query/tree.ts'
import type { Condition } from '../../src/query/tree.ts'

const columns: Columns = {
  isReference: (name) => ['id', 'parent', 'owner', 'several'].includes(name),
  isNumber: (name) => name === 'hours',
  refersTo: (name) => ({ parent: 1, several: 2 })[name] ?? 0,
  moduleOf: (name, id) => (name === 'parent' && id.startsWith('12x') ? 'Contacts' : undefined),
}

type Print = (query: Printable, columns: Columns, showTies?: boolean) => string

function query(where: Condition, change: Partial<Printable> = {}): Printable {
  return { module: 'M', fields: ['id'], where, orderBy: [], limit: { offset: 0, count: 5 }, ...change }
}

function printed(print: Print, where: Condition): string {
  try {
    const text = print(query(where), columns)
    return text.replace(/^select id from M where /, '').replace(/ limit (?:0,)?5;$/, '')
  } catch (error) {
    if (error instanceof Error)
      return error.message.replace('the condition cannot be expressed in coreBOS: ', '')
    throw error
  }
}

t.test('the basic dialect has one form for each condition', (t) => {
  for (const [text, expected] of [
    ["a = 'x'", "a='x'"],
    ["a != ''", "a!=' '"],
    ["a = 'it''s'", "a='it''s'"],
    ["a = 'b\\\\'", "a='b\\\\'"],
    ["a = ''''", "a=''''"],
    ["a = '\\\\'", "a='\\\\'"],
    ["a = '''\\\\'", "a='''\\\\'"],
    ['a <= 15', 'a<=15'],
    ['a > -15', 'a>-15'],
    ['hours = 1.5', "hours='1.5'"],
    ['a = 1.5', "'a' holds text, which cannot be compared with a decimal number"],
    ["a = 'x\ty'", "'a': coreBOS replaces line breaks and tabs in a value by blanks"],
    ["a = 'x\ny'", "'a': coreBOS replaces line breaks and tabs in a value by blanks"],
    ["a like 'x\ry'", "'a': coreBOS replaces line breaks and tabs in a value by blanks"],
    ["a in ('x', '')", "a in ('x',' ')"],
    ['a in (1, 2)', 'a in (1,2)'],
    ['hours in (1, 2.5)', "hours in ('1','2.5')"],
    ["a not in ('x', 'y')", "a!='x' and a!='y'"],
    ["a like 'x%'", "a like 'x%'"],
    ["a like '%\\_\\%it''s%'", "a like '%\\_\\%it''s%'"],
    ["a like 'b\\\\\\\\c'", "a like 'b\\\\\\\\c'"],
    ["a like ''", 'an empty pattern matches nothing'],
    ["a like 'x😀'", 'coreBOS does not store this character'],
    ["a not like 'x%'", "'not like' has no basic form"],
    ['a is null', "'is null' has no basic form"],
    ['parent is null', "'is null' has no basic form"],
    ['owner is null', "owner='12x0'"],
    ['owner is not null', "owner!='12x0'"],
    ['parent is not null', "parent!='12x0'"],
    ['a is not null', "a!=' '"],
    ["a = 'x' and b = 'y' or c = 'z'", "a='x' and b='y' or c='z'"],
    ["a = 'x' and (b = 'y' or c = 'z')", "a='x' and b='y' or a='x' and c='z'"],
    [
      "(a = '1' or b = '2') and (c = '3' or d = '4')",
      "a='1' and c='3' or a='1' and d='4' or b='2' and c='3' or b='2' and d='4'",
    ],
    ["true and a = 'x'", "a='x'"],
    ["a like 'b\\\\x'", /a backslash in a pattern stands before/],
  ] as const) {
    const found = printed(printBasic, parseCondition(text))
    if (typeof expected === 'string') t.equal(found, expected, text)
    else t.match(found, expected, text)
  }
  t.end()
})

t.test('the extended dialect has parentheses, and fewer values that it reads as they stand', (t) => {
  for (const [text, expected] of [
    ["a = 'x'", "(a='x')"],
    ["a = 'it''s'", "(a='it\\'s')"],
    ["a = 'x,y'", "(a='x,y')"],
    ["a != 'x,y'", "coreBOS would read the value of 'a' in another way in this dialect"],
    ["a = ''", "coreBOS would read the value of 'a' in another way in this dialect"],
    ['a >= 1.5', '(a>=1.5)'],
    ["id = '17x1'", "(id='17x1')"],
    ["id != '17x1'", "(id!='17x1')"],
    ["id in ('17x1','17x2')", "(id in ('17x1','17x2'))"],
    ["id not in ('17x1')", "(id not in ('17x1'))"],
    ["parent = '12x1'", "(Contacts.id='12x1')"],
    ["parent = '11x1'", "'parent' is not the first field that points to such a record"],
    ["parent != '12x1'", "'parent' is a reference"],
    ["parent in ('12x1','12x2')", "(Contacts.id='12x1' or Contacts.id='12x2')"],
    ["parent not in ('12x1')", "'parent' is a reference"],
    ["a in ('x', 'y')", "(a in ('x','y'))"],
    ["a not in ('x')", "(a not in ('x'))"],
    ["a in ('x=y')", "coreBOS would read the value of 'a' in another way in this dialect"],
    ["a in ('x<y')", "coreBOS would read the value of 'a' in another way in this dialect"],
    ["a like 'x%'", "(a like 'x%')"],
    ["a like '%x'", "(a like '%x')"],
    ["a not like '%x\\_%'", "(a not like '%x_%')"],
    ["a like 'x'", "the pattern 'x' is read otherwise"],
    ["a like '%x%y%'", "the pattern '%x%y%' is read otherwise"],
    ["a like '%x_%'", "the pattern '%x_%' is read otherwise"],
    ["a like '%%'", "the pattern '%%' is read otherwise"],
    ["a like '%x,y%'", "coreBOS would read the value of 'a' in another way in this dialect"],
    ["a not like 'x%'", "only 'not like' with % at both ends is read as it stands"],
    ["a not like '%x'", "only 'not like' with % at both ends is read as it stands"],
    ['a is null', '(a is null)'],
    ['a is not null', '(a is not null)'],
    ['id is null', "'id' is never null"],
    ['parent is null', '(parent is null)'],
    ['several is null', "(several='')"],
    ['several is not null', '(several is not null)'],
    ["a = 'x' and (b = 'y' or c is null)", "((a='x') and ((b='y') or (c is null)))"],
  ] as const)
    t.equal(printed(printExtended, parseCondition(text)), expected, text)
  t.end()
})

t.test('ties are ids in a statement and labels in explain', (t) => {
  const tie = (field: string, ...ids: readonly string[]) => tree.tie(field, ids, '$scope')
  for (const [print, node, sent, shown] of [
    [printBasic, tie('parent', '12x1', '12x2'), "parent in ('12x1','12x2')", 'parent in ($scope)'],
    [printExtended, tie('id', '12x1', '12x2'), "(id in ('12x1','12x2'))", '(id in ($scope))'],
    [
      printExtended,
      tie('parent', '12x1', '12x2'),
      "(Contacts.id='12x1' or Contacts.id='12x2')",
      '(parent in ($scope))',
    ],
  ] as const) {
    t.equal(print(query(node), columns).includes(` where ${sent} limit `), true, sent)
    t.equal(print(query(node), columns, false).includes(` where ${shown} limit `), true, shown)
  }
  const hidden = tree.hidden('$rule')
  t.throws(() => printBasic(query(hidden), columns), 'a hidden condition is never sent')
  t.throws(() => printExtended(query(hidden), columns), 'a hidden condition is never sent')
  t.match(printBasic(query(hidden), columns, false), ' where $rule limit ')
  t.match(printExtended(query(hidden), columns, false), ' where ($rule) limit ')
  t.end()
})

t.test('the extended dialect is given no more conditions and ids than it can take', (t) => {
  const ids = (count: number) => Array.from({ length: count }, (_, i) => `12x${i + 1}`)
  const atoms = (count: number) =>
    Array.from({ length: count }, (_, i) => tree.compare(tree.field('a'), '=', tree.number(String(i))))
  for (const [most, of, message] of [
    [50, (count: number) => tree.anyOf(atoms(count)), 'more than 50 conditions'],
    [50, (count: number) => tree.tie('parent', ids(count), '$scope'), 'more than 50 conditions'],
    [
      50,
      (count: number) => tree.inList(tree.field('parent'), ids(count).map(tree.text)),
      'more than 50 conditions',
    ],
    [500, (count: number) => tree.tie('id', ids(count), '$scope'), 'more than 500 ids'],
  ] as const) {
    t.match(printed(printExtended, of(most)), /^\(/)
    t.equal(printed(printExtended, of(most + 1)), message)
  }
  t.end()
})

t.test('the parts of a statement follow each other', (t) => {
  const x = parseCondition("a = 'x'")
  const by = (field: string, direction: 'asc' | 'desc') => ({ field, direction })
  for (const [change, expected] of [
    [{ fields: ['a', 'id'] }, "select a,id from M where a='x' limit 5;"],
    [{ limit: { offset: 3, count: 5 } }, "select id from M where a='x' limit 3,5;"],
    [{ orderBy: [by('a', 'asc')] }, "select id from M where a='x' order by a limit 5;"],
    [
      { orderBy: [by('a', 'asc'), by('b', 'desc')] },
      "select id from M where a='x' order by a,b desc limit 5;",
    ],
    [{ fields: undefined, orderBy: [by('a', 'desc')] }, "select count(*) from M where a='x';"],
    [{ where: tree.constant(true) }, 'select id from M limit 5;'],
  ] as const)
    t.equal(printBasic(query(x, change), columns), expected)
  for (const orderBy of [
    [by('a', 'desc'), by('b', 'asc')],
    [by('a', 'desc'), by('b', 'desc')],
  ])
    t.throws(() => printBasic(query(x, { orderBy }), columns), {
      code: 'QUERY_NOT_EXPRESSIBLE',
      message: "only the last field of 'order by' can be descending",
    })
  t.throws(() => printBasic(query(tree.constant(false)), columns), 'nothing is asked that cannot be found')
  t.throws(() => printExtended(query(x, { orderBy: [by('a', 'asc')] }), columns))
  t.throws(() => printExtended(query(x, { fields: undefined }), columns))
  t.equal(
    printExtended(query(x, { fields: ['id', 'a'], limit: { offset: 2, count: 7 } }), columns),
    "select id,a from M where (a='x') limit 2,7;",
  )
  t.end()
})

t.test('a statement is as long as the bound at most', (t) => {
  const of = (length: number) => tree.compare(tree.field('a'), '=', tree.text('x'.repeat(length)))
  const rest = "select id from M where a='' limit 5;".length
  t.equal(printBasic(query(of(limits.statement - rest)), columns).length, limits.statement)
  t.throws(() => printBasic(query(of(limits.statement - rest + 1)), columns), { code: 'QUERY_TOO_LARGE' })
  t.throws(() => printBasic(query(of(limits.statement + 1)), columns), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

t.test('a text is one for the extended dialect only where nothing in it is read otherwise', (t) => {
  for (const text of ['x', 'a b', "it's", 'nullable', 'a.b', 'relatedx', 'ü'])
    t.ok(isExtendedText(text), text)
  for (const text of [
    ...['', ' x', 'x ', 'a  b', 'a\nb', 'a\tb', 'a\rb', 'a\\b', "x'", "'x", 'null', 'NULL'],
    ...['a😀', 'related.x', 'Related.x', 'a&b'],
  ])
    t.notOk(isExtendedText(text), JSON.stringify(text))
  t.end()
})

t.test("'not' is pushed down to each comparison, and never to a relation", (t) => {
  for (const [text, expected] of [
    ["not a = 'x'", "a != 'x'"],
    ["not a != 'x'", "a = 'x'"],
    ['not a < 1', 'a >= 1'],
    ['not a >= 1', 'a < 1'],
    ['not a > 1', 'a <= 1'],
    ['not a <= 1', 'a > 1'],
    ["not a like 'x'", "a not like 'x'"],
    ["not a not like 'x'", "a like 'x'"],
    ["not a in ('x')", "a not in ('x')"],
    ["not a not in ('x')", "a in ('x')"],
    ['not a is null', 'a is not null'],
    ['not true', 'false'],
    ['not not false', 'false'],
    ['not (a = 1 and (b = 2 or not c = 3))', 'a != 1 or (b != 2 and c = 3)'],
    ["not not related.M = '1x1'", "related.M = '1x1'"],
  ] as const)
    t.equal(printCondition(withoutNot(parseCondition(text))), expected, text)
  for (const node of [
    tree.related('M', '1x1', tree.nowhere),
    tree.tie('a', ['1x1'], '$scope'),
    tree.hidden('$rule'),
    tree.lookup({
      field: 'a',
      query: tree.select('M', ['id'], undefined, { limit: undefined }),
      label: '$M',
    }),
  ]) {
    t.equal(withoutNot(node), node, node.kind)
    t.throws(
      () => withoutNot(tree.and(tree.not(node), tree.constant(true))),
      { code: 'QUERY_NOT_EXPRESSIBLE' },
      node.kind,
    )
  }
  t.strictSame(multiplied(tree.constant(true)), [[]])
  t.strictSame(multiplied(tree.constant(false)), [])
  t.end()
})

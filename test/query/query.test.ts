/** The query language: parser, bounds and printers. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { printBasic, type Columns } from '../../src/query/basic.ts'
import { printCondition, printQuery } from '../../src/query/canonical.ts'
import { readingOf } from '../../src/query/dialect.ts'
import { limits } from '../../src/model/limits.ts'
import { distribute, withoutNot } from '../../src/query/normal-form.ts'
import { parseCondition, parseFields, parseOrderBy, parseQuery } from '../../src/query/parse.ts'
import { printedLength, requireSize, sizeOf } from '../../src/query/size.ts'
import * as tree from '../../src/query/tree.ts'
import type { Condition } from '../../src/query/tree.ts'
import { rejection } from '../support/rejection.ts'

/** The tree without the places that its parts stood at. */
function bare(node: unknown): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === 'at' || key === 'moduleAt' ? undefined : value)),
  )
}

const name = fc.constantFrom(
  'ticket_title',
  'ticketstatus',
  'parent_id',
  'hours',
  'isdone',
  'origin',
  'like_it',
)
const path = fc.oneof(
  name.map((each) => tree.field(each)),
  fc
    .tuple(fc.constantFrom('Contacts', 'Accounts'), name)
    .map(([via, each]) => tree.field(each, tree.nowhere, via)),
)
const words = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((each) => !each.includes('\0')),
  fc.constantFrom("it's", 'a\\b', "''", 'x and y', 'select [x]', "\\'", 'null', '%', '100\\%'),
)
const value = fc.oneof(
  words.map(tree.text),
  fc.integer().map((each) => tree.number(String(each))),
)
const atom: fc.Arbitrary<Condition> = fc.oneof(
  fc.tuple(path, fc.constantFrom(...tree.comparisons), value).map((args) => tree.compare(...args)),
  fc.tuple(path, words, fc.boolean()).map((args) => tree.like(...args)),
  fc
    .tuple(path, fc.array(value, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map((args) => tree.inList(...args)),
  fc.tuple(path, fc.boolean()).map((args) => tree.isNull(...args)),
)
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    atom,
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((terms) => tree.and(...terms)),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((terms) => tree.or(...terms)),
    tie('condition').map(tree.not),
  ),
}))

/** Three-valued truth of a condition, its atoms being looked up by their text. */
function truth(node: Condition, of: (atom: string) => boolean | undefined): boolean | undefined {
  switch (node.kind) {
    case 'not': {
      const inner = truth(node.term, of)
      return inner === undefined ? undefined : !inner
    }
    case 'and':
    case 'or': {
      const terms = node.terms.map((term) => truth(term, of))
      const deciding = node.kind === 'or'
      if (terms.includes(deciding)) return deciding
      return terms.includes(undefined) ? undefined : !deciding
    }
    case 'constant':
      return node.holds
    default:
      return of(printCondition(node))
  }
}

t.test('every form of a statement is read into one tree of frozen nodes', async (t) => {
  const query = parseQuery(
    "SELECT ticket_title, ticketstatus FROM HelpDesk WHERE (ticketstatus='Open' OR hours>=1.5) AND not ticket_title like 'a%' ORDER BY ticketstatus, ticket_title DESC LIMIT 20,10;",
  )
  t.equal(
    printQuery(query),
    "select ticket_title, ticketstatus from HelpDesk where (ticketstatus = 'Open' or hours >= 1.5) and not ticket_title like 'a%' order by ticketstatus asc, ticket_title desc limit 20, 10",
  )
  t.ok(Object.isFrozen(query) && Object.isFrozen(query.where) && Object.isFrozen(query.orderBy[0]))
  t.same(parseQuery('select count(*) from HelpDesk').selection, { kind: 'count' })
  t.same(
    bare(parseQuery('select count from Stock').selection),
    bare({ kind: 'fields', paths: [tree.field('count')], distinct: false }),
  )
  t.same(parseQuery('select * from Faq limit 5 offset 10').limit, { offset: 10, count: 5 })
  t.same(bare(parseCondition("related.Contacts='12x8549'")), {
    kind: 'related',
    module: 'Contacts',
    id: '12x8549',
  })
  for (const [written, same] of [
    ['a = 12x8549', "a = '12x8549'"],
    ['a in (17x1,17x2)', "a in ('17x1','17x2')"],
    ['related.Contacts=12x8549', "related.Contacts='12x8549'"],
    ['(true) and (false or (true))', 'true'],
    ['a <> null', 'a = null'],
  ] as const)
    t.same(bare(parseCondition(written)), bare(parseCondition(same)), written)
  t.equal(printCondition(parseCondition('a != null')), 'a = null', 'holds for nothing, as in SQL')
  t.same(bare(parseCondition("a <> 'x'")), bare(tree.compare(tree.field('a'), '!=', tree.text('x'))))
  t.same(
    bare(parseOrderBy('a desc, b')),
    bare([
      { path: tree.field('a'), direction: 'desc' },
      { path: tree.field('b'), direction: 'asc' },
    ]),
  )
  t.same(
    bare(parseFields('a, Contacts.b')),
    bare([tree.field('a'), tree.field('b', tree.nowhere, 'Contacts')]),
  )
  t.equal(printCondition(parseCondition("a='1' or b='2' and c='3'")), "a = '1' or (b = '2' and c = '3')")
})

t.test('conditions in JSON are read into the same tree', async (t) => {
  const list = (...entries: readonly object[]) =>
    printQuery(parseQuery(`select a from M where ${JSON.stringify(entries)} order by a limit 2,3`))
  const entry = (fieldname: string, operation: string, value: string, more: object = {}) => ({
    fieldname,
    operation,
    value,
    valuetype: 'raw',
    joincondition: '',
    groupid: '0',
    ...more,
  })
  const or = { joincondition: 'or' }
  t.equal(
    list(entry('a', 'is', "it's"), entry('b', 'greater than', '1.5', { groupid: '1', groupjoin: 'or' })),
    "select a from M where a = 'it''s' or b > '1.5' order by a asc limit 2, 3",
  )
  t.equal(
    list(
      entry('a', 'is', '1', or),
      entry('b', 'is not', '2'),
      entry('c', 'contains', '50%', { groupid: 1, groupjoin: 'and' }),
    ),
    "select a from M where (a = '1' or b != '2') and c like '%50\\%%' order by a asc limit 2, 3",
  )
  t.equal(
    list(entry('a', 'is empty', '', or), entry('b', 'does not start with', 'x'), entry('c', 'is', '3')),
    "select a from M where a is null or (b not like 'x%' and c = '3') order by a asc limit 2, 3",
  )
  t.equal(
    list(entry('a', 'between', '2026-01-01, 2026-02-01')),
    "select a from M where a >= '2026-01-01' and a <= '2026-02-01' order by a asc limit 2, 3",
  )
  for (const fieldname of ['$(parent_id : (Contacts) id)', 'parent_id : (Contacts) id'])
    for (const operation of ['is', 'contains'])
      t.same(
        bare(
          parseQuery(`select a from M where ${JSON.stringify([entry(fieldname, operation, '8549')])}`).where,
        ),
        bare(tree.compare(tree.field('id', tree.nowhere, 'Contacts', 'parent_id'), '=', tree.number('8549'))),
        `${fieldname} ${operation}`,
      )
})

t.test('what is not of the language is rejected with line, column and what was expected', async (t) => {
  for (const [text, message] of [
    ['', "QUERY_SYNTAX line 1, column 1: expected 'select' but found the end"],
    ['select from HelpDesk', "QUERY_SYNTAX line 1, column 8: expected the name of a field but found 'from'"],
    ['delete from HelpDesk', "QUERY_SYNTAX line 1, column 1: expected 'select' but found 'delete'"],
    [
      'select a from HelpDesk; select * from Users',
      "QUERY_SYNTAX line 1, column 25: expected the end but found 'select'",
    ],
    [
      "select a from M where\n  b = = 'x'",
      "QUERY_SYNTAX line 2, column 7: expected a text ('…') or a number but found '='",
    ],
    [
      "select a from M where b = 'x",
      'QUERY_SYNTAX line 1, column 27: the string that starts here is not closed',
    ],
    [
      'select a from M where b = "x"',
      "QUERY_SYNTAX line 1, column 27: strings are written in single quotes ('…')",
    ],
    [
      "select a from M where b = 'c:\\x'",
      "QUERY_SYNTAX line 1, column 30: a backslash in a text is written '\\\\'",
    ],
    ["select a from M where (b = 'x'", "QUERY_SYNTAX line 1, column 31: expected ')' but found the end"],
    [
      'select a from M where b in ()',
      "QUERY_SYNTAX line 1, column 29: expected a text ('…') or a number but found ')'",
    ],
    [
      "select a from M where b not = 'x'",
      "QUERY_SYNTAX line 1, column 29: expected 'in' or 'like' but found '='",
    ],
    [
      'select a from M where length(a) > 3',
      "QUERY_SYNTAX line 1, column 29: expected a comparison ('=', '!=', '<', '<=', '>', '>=', 'in', 'like', 'is null') but found '('",
    ],
    [
      'select a from M order by (a)',
      "QUERY_SYNTAX line 1, column 26: expected the name of a field but found '('",
    ],
    ['select a from M limit 1.5', "QUERY_SYNTAX line 1, column 23: expected a whole number but found '1.5'"],
    ['select a from M limit -1', "QUERY_SYNTAX line 1, column 23: expected a whole number but found '-1'"],
    ['select a from M where b = 1x', 'QUERY_SYNTAX line 1, column 27: unexpected "1"'],
    ['select a from M -- c', 'QUERY_SYNTAX line 1, column 17: unexpected "-"'],
    ['select a from M\u00a0', 'QUERY_SYNTAX line 1, column 16: unexpected "\\u00a0"'],
    ['select a from M where [{}]', "QUERY_SYNTAX line 1, column 23: a condition's 'fieldname' is a text"],
    ['select a from M where []', 'QUERY_SYNTAX line 1, column 23: a list of conditions is expected'],
    [
      'select a from M where [{"fieldname":1',
      'QUERY_SYNTAX line 1, column 23: the list of conditions that starts here is not closed',
    ],
    [
      "select a from M where [{'fieldname':'a'}]",
      'QUERY_SYNTAX line 1, column 23: the list of conditions is not valid JSON',
    ],
    [
      'select a from M where [{"fieldname":"a","operation":"is","value":"x"}] and b=1',
      "QUERY_SYNTAX line 1, column 72: expected the end but found 'and'",
    ],
    [
      'select a from M where [{"fieldname":"a","operation":"whatever","value":"x"}]',
      "QUERY_NOT_EXPRESSIBLE unknown operation 'whatever'",
    ],
    [
      'select a from M where [{"fieldname":"a","operation":"is","value":"b","valuetype":"fieldname"}]',
      "QUERY_NOT_EXPRESSIBLE a condition must compare with a value ('valuetype': 'raw')",
    ],
    ['select a from M where b = \0', 'QUERY_SYNTAX line 1, column 27: a NUL character is not accepted'],
    ["select a from M where b = '\ud800'", 'QUERY_SYNTAX the text is not well-formed Unicode'],
  ] as const) {
    t.equal(
      rejection(() => parseQuery(text)),
      message,
    )
  }
})

t.test('size, depth, terms and lists are bounded before anything is looked up', async (t) => {
  const or = (count: number) =>
    `select a from M where ${Array.from({ length: count }, (_, i) => `b=${i}`).join(' or ')}`
  t.equal(
    rejection(() => parseQuery(or(limits.conditions))),
    'accepted',
  )
  t.match(
    rejection(() => parseQuery(or(10_000))),
    'QUERY_TOO_LARGE a query may have 500 conditions at most; more were received',
  )
  t.match(
    rejection(() => parseQuery(`select a from M where b='${'x'.repeat(1_000_000)}'`)),
    'QUERY_TOO_LARGE',
  )
  t.match(
    rejection(() => parseCondition(`${'('.repeat(20_000)}a=1`)),
    'QUERY_TOO_LARGE a query may have a depth of 32',
  )
  t.match(
    rejection(() => parseCondition(`${'not '.repeat(20_000)}a=1`)),
    'QUERY_TOO_LARGE a query may have a depth of 32',
  )
  t.match(
    rejection(() => parseCondition(`a in (${'1,'.repeat(3_000)}1)`)),
    'QUERY_TOO_LARGE',
  )
  t.match(
    rejection(() => parseFields('a,'.repeat(1_000) + 'a')),
    'QUERY_TOO_LARGE',
  )
  t.match(
    rejection(() => parseOrderBy('a,'.repeat(limits.orders) + 'a')),
    "QUERY_TOO_LARGE a query may have 50 fields behind 'order by' at most; more were received",
  )
  const pairs = Array.from({ length: 11 }, (_, i) => `(a=${i} or b=${i})`).join(' and ')
  t.match(
    rejection(() => distribute(parseCondition(pairs))),
    'QUERY_TOO_LARGE',
  )
})

/** Of a module whose fields all hold numbers; counts how often it is asked, which is once for each decimal printed. */
class CountingColumns implements Columns {
  asked = 0
  isReference(): boolean {
    return false
  }
  isNumber(): boolean {
    this.asked++
    return true
  }
  refersTo(): number {
    return 0
  }
  moduleOf(): undefined {
    return undefined
  }
}

function basic(where: Condition, columns: Columns = new CountingColumns()): string {
  return printBasic(
    { module: 'M', fields: ['id'], where, orderBy: [], limit: { offset: 0, count: 1 } },
    columns,
  )
}

function leavesOf(node: Condition): Condition[] {
  return node.kind === 'and' || node.kind === 'or' ? node.terms.flatMap(leavesOf) : [node]
}

t.test('the size of a distributed condition is predicted as it comes out', async (t) => {
  const conditionsIn = (leaf: Condition) => (leaf.kind === 'in' && leaf.negated ? leaf.values.length : 1)
  const check = (node: Condition): void => {
    const plain = withoutNot(node)
    const size = sizeOf(plain, (leaf) => printCondition(leaf).length)
    if (size.terms > limits.terms || size.conditions > limits.printed) {
      t.throws(() => distribute(plain), { code: 'QUERY_TOO_LARGE' })
      return
    }
    const terms = distribute(plain)
    t.equal(size.terms, terms.length)
    t.equal(
      size.conditions,
      terms.flat().reduce((sum, leaf) => sum + conditionsIn(leaf), 0),
    )
    const text = terms.map((term) => term.map(printCondition).join(' and ')).join(' or ')
    t.equal(printedLength(size), text.length)
  }
  fc.assert(fc.property(condition, check), { numRuns: 500 })
  // Among its conditions are some beyond the bound, which a random run seldom has.
  fc.assert(fc.property(condition, check), { numRuns: 120, seed: 356488593 })
})

const equal = (i: number) => tree.compare(tree.field('f'), '=', tree.number(`${i}.5`))
const widths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 })

t.test('beyond the bound on conditions nothing is put together, and up to it all of it is', async (t) => {
  const seen = { printed: 0, rejected: 0 }
  fc.assert(
    fc.property(widths, fc.boolean(), (widths, nested) => {
      const ors = widths.map((width) =>
        tree.anyOf(
          Array.from({ length: width }, (_, i) =>
            nested && i > 0 ? tree.and(equal(i), equal(-i)) : equal(i),
          ),
        ),
      )
      const where = tree.allOf(ors)
      // Each alternative of one part stands in a term with each of the others.
      const terms = widths.reduce((product, width) => product * BigInt(width), 1n)
      const conditions = widths.reduce(
        (sum, width) => sum + (terms / BigInt(width)) * BigInt(nested ? 2 * width - 1 : width),
        0n,
      )
      const columns = new CountingColumns()
      const isAccepted = terms <= limits.terms && conditions <= limits.printed
      if (isAccepted) {
        seen.printed++
        t.equal(BigInt(basic(where, columns).split(/ and | or /).length), conditions)
      } else {
        seen.rejected++
        t.match(
          rejection(() => basic(where, columns)),
          /^QUERY_TOO_LARGE .* at most 2,000 conditions in 1,000 terms are accepted/,
        )
      }
      t.equal(
        columns.asked,
        isAccepted ? leavesOf(where).length : 0,
        'each condition was printed once, or none',
      )
    }),
    { numRuns: 300 },
  )
  t.ok(seen.printed > 20 && seen.rejected > 20, JSON.stringify(seen))
})

t.test('beyond the bound on characters nothing is put together, and up to it all of it is', async (t) => {
  const seen = { printed: 0, rejected: 0 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: limits.ids }),
      (alternatives, count) => {
        const ids = Array.from({ length: count }, (_, i) => `12x${10_000 + i}`)
        const where = tree.and(
          tree.tie('parent_id', ids, '$scope'),
          tree.anyOf(Array.from({ length: alternatives }, (_, i) => equal(10 + i))),
        )
        const list = `parent_id in ('${ids.join("','")}')`
        const length =
          'select id from M where  limit 1;'.length + alternatives * `${list} and f='10.5' or `.length - 4
        if (length <= limits.statement) {
          seen.printed++
          t.equal(basic(where).length, length)
        } else {
          seen.rejected++
          t.match(
            rejection(() => basic(where)),
            /^QUERY_TOO_LARGE the statement for coreBOS would have more than 2,000,000 characters/,
          )
        }
      },
    ),
    { numRuns: 60 },
  )
  t.ok(seen.printed > 5 && seen.rejected > 5, JSON.stringify(seen))
})

t.test('no list is too long for the stack', async (t) => {
  const many = Array.from({ length: 200_000 }, (_, i) => equal(i))
  t.equal(sizeOf(tree.anyOf([tree.anyOf(many), equal(0)])).terms, many.length + 1)
  t.match(
    rejection(() => distribute(tree.and(equal(0), tree.anyOf(many)))),
    'QUERY_TOO_LARGE',
  )
})

t.test('printing a tree and reading it again gives the same tree', async (t) => {
  fc.assert(
    fc.property(condition, (node) => {
      t.same(bare(parseCondition(printCondition(node))), bare(node))
    }),
    { numRuns: 500 },
  )
})

t.test('pushing down not and distributing leave the truth of a condition as it is', async (t) => {
  const opposites: Readonly<Record<string, string>> = { '!=': '=', '>=': '<', '<=': '>' }
  fc.assert(
    fc.property(condition, fc.func(fc.constantFrom(true, false, undefined)), (node, of) => {
      // An atom and its opposite are each other's negation, and unknown together.
      const lookUp = (text: string): boolean | undefined => {
        const atom = parseCondition(text)
        const negated =
          atom.kind === 'compare' ? opposites[atom.operator] !== undefined : 'negated' in atom && atom.negated
        const known = of(negated ? printCondition(withoutNot(atom, true)) : text)
        return known === undefined || !negated ? known : !known
      }
      const plain = withoutNot(node)
      // A larger one is rejected before it is distributed.
      fc.pre(rejection(() => requireSize(sizeOf(plain))) === 'accepted')
      const before = truth(node, lookUp)
      t.equal(truth(plain, lookUp), before)
      t.notMatch(printCondition(plain), /not \(/)
      const terms = tree.or(...distribute(plain).map((term) => tree.and(...term)))
      t.equal(truth(terms, lookUp), before)
    }),
    { numRuns: 300 },
  )
})

t.test('the dialect of every recorded statement is told from its text', async (t) => {
  const recordings: unknown = JSON.parse(
    readFileSync(new URL('../fixtures/recordings/dialects.json', import.meta.url), 'utf8'),
  )
  if (!Array.isArray(recordings)) throw new Error('dialects.json holds a list')
  const counts = { basic: 0, extended: 0, workflow: 0, related: 0 }
  const wrong: string[] = []
  for (const entry of recordings as readonly { name: string; request: { params: { query?: string } } }[]) {
    const statement = entry.request.params.query
    const meant = (['basic', 'extended', 'workflow', 'related'] as const).find((each) =>
      entry.name.startsWith(`${each}: `),
    )
    if (statement === undefined || meant === undefined) continue
    counts[meant]++
    if (readingOf(statement) !== meant) wrong.push(`${entry.name}: ${readingOf(statement)}`)
  }
  t.comment(counts)
  // Their names say what they try, not what they are.
  t.same([...new Set(wrong)].sort(), [
    'basic: decimal = 1.5 unquoted (a dot: other dialect): extended',
    'basic: in without blank before the parenthesis: extended',
    'basic: is not null: extended',
    'basic: is null (a word of the other dialect): extended',
    'basic: order by a related path (a dot: other dialect): extended',
    'extended: not like without parenthesis (basic, refused): basic',
    'workflow: text before the JSON: basic',
  ])
})

t.test('a value that flips the dialect is noticed, one that only looks like it is not', async (t) => {
  const basic = (value: string) =>
    readingOf(
      `select ticket_title from HelpDesk where parent_id in ('12x1','11x2') and ticket_title='${value}';`,
    )
  for (const [value, dialect] of [
    ['a where [b]', 'workflow'],
    ['select [x]', 'workflow'],
    ['x not in (y)', 'extended'],
    ["''a.b", 'extended'],
    ["'' related.Contacts=12x8551 ''", 'related'],
    ['say is null', 'basic'],
    ["it''s a.b (c)", 'basic'],
    ["a.b''", 'basic'],
    ["''", 'basic'],
    ['x in (y', 'basic'],
    ['a.b', 'basic'],
    ['a(b)', 'basic'],
  ] as const) {
    t.equal(basic(value), dialect, value)
  }
})

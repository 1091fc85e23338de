/** Unit tests of the language's edges: bounds, blanks, escapes, keywords, and the lists of what is expanded. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { printCondition, printQuery } from '../../src/query/canonical.ts'
import {
  parseCondition,
  parseExpansions,
  parseFields,
  parseOrderBy,
  parseQuery,
  type Expansion,
} from '../../src/query/parse.ts'
import { tokenize } from '../../src/query/tokens.ts'
import { rejection } from '../support/rejection.ts'

const rejected = (text: string) => rejection(() => parseCondition(text))
const repeated = (text: string, count: number) => Array.from({ length: count }, () => text).join()

t.test('each bound of the language is the most that is accepted', (t) => {
  for (const [what, most, work] of [
    ['fields', limits.fields, (count: number) => parseFields(repeated('a', count))],
    ['fields', limits.fields, (count: number) => parseExpansions(repeated('a', count))],
    ['fields', limits.fields, (count: number) => parseExpansions(`a(${repeated('b', count)})`)],
    [
      'hops in a row',
      limits.hops,
      (count: number) => parseExpansions(repeated('a', count).replaceAll(',', '.')),
    ],
    [
      'hops in a row',
      limits.hops,
      (count: number) =>
        parseExpansions(`${'a('.repeat(count - 1)}b.c${')'.repeat(count - 1)}`.replace('b.c', 'b(c)')),
    ],
    ["fields behind 'order by'", limits.orders, (count: number) => parseOrderBy(repeated('a', count))],
    ['values in a list', limits.list, (count: number) => parseCondition(`a in (${repeated('1', count)})`)],
    [
      'conditions',
      limits.conditions,
      (count: number) => parseCondition(repeated('a=1', count).replaceAll(',', ' and ')),
    ],
  ] as const) {
    t.equal(
      rejection(() => work(most)),
      'accepted',
      what,
    )
    t.match(
      rejection(() => work(most + 1)),
      `QUERY_TOO_LARGE a query may have ${most} ${what} at most; more were received`,
    )
  }
  for (const [open, close] of [
    ['(', ')'],
    ['not ', ''],
  ] as const) {
    const nested = (depth: number) => rejected(`${open.repeat(depth)}a=1${close.repeat(depth)}`)
    t.equal(nested(limits.depth), 'accepted')
    t.match(nested(limits.depth + 1), `QUERY_TOO_LARGE a query may have a depth of ${limits.depth} at most`)
  }
  const beside = Array.from({ length: limits.depth + 1 }, () => '(not a=1)').join(' and ')
  t.equal(rejected(beside), 'accepted', 'what is closed is not nested')
  const long = (length: number) => `a='${'x'.repeat(length - "a=''".length)}'`
  t.equal(rejected(long(limits.text)), 'accepted')
  t.match(
    rejected(long(limits.text + 1)),
    `QUERY_TOO_LARGE a query may have ${limits.text} characters at most`,
  )
  t.end()
})

t.test('blanks, tabs and line breaks separate words, and nothing else does', (t) => {
  const query = "\tselect\r\na \t,\nb from\rM where\t( a='x' )\n"
  t.equal(printQuery(parseQuery(query)), "select a, b from M where a = 'x'")
  for (const [blank, code] of [
    ['\v', '000b'],
    ['\f', '000c'],
    ['\u00a0', '00a0'],
    ['\u2028', '2028'],
  ] as const)
    t.equal(rejected(`a${blank}= 1`), `QUERY_SYNTAX line 1, column 2: unexpected "\\u${code}"`)
  t.equal(rejected('a = 1 # b'), 'QUERY_SYNTAX line 1, column 7: unexpected "#"')
  t.end()
})

t.test('a text is what stands between its quotes, its escapes undone', (t) => {
  for (const [written, text] of [
    ["'x'", 'x'],
    ["''", ''],
    ["'it''s'", "it's"],
    ["'it\\'s'", "it's"],
    ["'a\\\\b'", 'a\\b'],
    ["'50\\%\\_'", '50\\%\\_'],
    ["'a\\\\'", 'a\\'],
    ["''''", "'"],
    ["'a\nb'", 'a\nb'],
  ] as const)
    t.strictSame(tokenize(written).slice(0, -1), [{ kind: 'text', text, offset: 0 }], written)
  for (const [written, column] of [
    ["a = 'b\\c'", 7],
    ["a = '\\''\\n'", 9],
    ["a = 'bc\\n'", 8],
    ["a = 'b''\\\nc'", 9],
  ] as const)
    t.match(rejected(written), new RegExp(`^QUERY_SYNTAX line 1, column ${column}: `), written)
  t.end()
})

t.test('numbers and ids are told apart by their letters', (t) => {
  for (const [text, kind] of [
    ['0', 'number'],
    ['9', 'number'],
    ['-1', 'number'],
    ['1.5', 'number'],
    ['12x8549', 'id'],
    ['9x9', 'id'],
    ['_a9', 'word'],
    ['A', 'word'],
    ['z', 'word'],
    ['<>', 'sign'],
    [';', 'sign'],
    ['*', 'sign'],
  ] as const)
    t.strictSame(tokenize(text).slice(0, -1), [{ kind, text, offset: 0 }], text)
  for (const text of ['1.', '1.5.2', '12x', '12x1a', '1e3', '-12x1', '1_000', '--1'])
    t.match(rejected(`a = ${text}`), /^QUERY_SYNTAX/, text)
  t.end()
})

t.test('a list in JSON ends with its own bracket, wherever its texts have others', (t) => {
  const entry = (value: string) => `[{"fieldname":"a","operation":"is","value":${JSON.stringify(value)}}]`
  for (const value of [']', '}]', '"]', '\\', '\\"]', '[{', ''])
    t.equal(
      printQuery(parseQuery(`select b from M where ${entry(value)} limit 1`)),
      `select b from M where a = '${value.replaceAll('\\', '\\\\')}' limit 0, 1`,
      value,
    )
  t.match(
    rejection(() => parseQuery('select b from M where [{"fieldname":"a]}')),
    'QUERY_SYNTAX line 1, column 23: the list of conditions that starts here is not closed',
  )
  t.end()
})

t.test('keywords are read in any letter case, and are never names', (t) => {
  const words =
    'select distinct from where and or not in like is null true false order by asc desc limit offset'
  for (const word of words.split(' '))
    for (const written of [word, word.toUpperCase()])
      t.match(
        rejection(() => parseFields(written)),
        `QUERY_SYNTAX line 1, column 1: expected the name of a field but found '${written}'`,
      )
  t.equal(
    printQuery(
      parseQuery(
        "SELECT DISTINCT a FROM M WHERE NOT a LIKE 'x' AND TRUE OR FALSE ORDER BY a ASC LIMIT 3 OFFSET 2",
      ),
    ),
    "select distinct a from M where (not a like 'x' and true) or false order by a asc limit 2, 3".replace(
      "(not a like 'x' and true) or false",
      printCondition(parseCondition("not a like 'x' and true or false")),
    ),
  )
  for (const [text, expected] of [
    ['a <> 1', 'a != 1'],
    ["a = 'null'", "a = 'null'"],
    ["a = 1 'or' b = 2", 'QUERY_SYNTAX line 1, column 7: expected the end but found a text'],
    ["a in '(' 1 ')'", "QUERY_SYNTAX line 1, column 6: expected '(' but found a text"],
    ['a = 1 and\n= 2', "QUERY_SYNTAX line 2, column 1: expected the name of a field but found '='"],
    ['\na = = 2', "QUERY_SYNTAX line 2, column 5: expected a text ('…') or a number but found '='"],
    ['a = true', "QUERY_SYNTAX line 1, column 5: expected a text ('…') or a number but found 'true'"],
    ["a '=' 1", /^QUERY_SYNTAX line 1, column 3: expected a comparison .* but found a text$/],
    ["a not 'x'", "QUERY_SYNTAX line 1, column 7: expected 'in' or 'like' but found a text"],
    ['a like 1', "QUERY_SYNTAX line 1, column 8: expected a text but found '1'"],
    ['related.M = 1', "QUERY_SYNTAX line 1, column 13: expected a webservice id ('12x34') but found '1'"],
    [
      'not (a = null)',
      "QUERY_SYNTAX line 1, column 10: expected a value; 'is null' finds empty fields but found 'null'",
    ],
    ['not a = 1 and b = null', 'b = null'],
    [
      'a < null',
      "QUERY_SYNTAX line 1, column 5: expected a value; 'is null' finds empty fields but found 'null'",
    ],
    [`a = ${'x'.repeat(41)}`, new RegExp(`but found '${'x'.repeat(40)}…'$`)],
    [`a = ${'x'.repeat(40)}`, new RegExp(`but found '${'x'.repeat(40)}'$`)],
    [
      'a = 1\n and b ==\n 2',
      "QUERY_SYNTAX line 2, column 9: expected a text ('…') or a number but found '='",
    ],
    ['a = 1)', "QUERY_SYNTAX line 1, column 6: expected the end but found ')'"],
    ["a in ('x'", "QUERY_SYNTAX line 1, column 10: expected ')' but found the end"],
    ["a in ('x' 'y')", "QUERY_SYNTAX line 1, column 11: expected ')' but found a text"],
  ] as const) {
    const got = rejected(text)
    const shown = got === 'accepted' ? printCondition(parseCondition(text)) : got
    if (typeof expected === 'string') t.ok(shown.includes(expected), `${text}: ${shown}`)
    else t.match(shown, expected, text)
  }
  t.match(
    rejection(() => parseOrderBy('a desc asc')),
    "QUERY_SYNTAX line 1, column 8: expected the end but found 'asc'",
  )
  for (const limit of ['1.5', "'1'", '1234567890', '-1', '1x1', ''])
    t.match(
      rejection(() => parseQuery(`select a from M limit ${limit}`)),
      /^QUERY_SYNTAX/,
      limit,
    )
  t.strictSame(parseQuery('select a from M limit 123456789').limit, { offset: 0, count: 123456789 })
  t.end()
})

t.test('a condition remembers the line and column of its field', (t) => {
  const query = parseQuery('select a from\n  M where b = 1\n\n and\n   Contacts.c = 2')
  t.match(query.moduleAt, { line: 2, column: 3 })
  t.match(query.where, {
    terms: [
      { path: { field: 'b', at: { line: 2, column: 11 } } },
      { path: { field: 'c', at: { line: 5, column: 4 } } },
    ],
  })
  t.match(parseCondition('a = 1 and\nb = 2'), { terms: [{}, { path: { at: { line: 2, column: 1 } } }] })
  t.end()
})

t.test('expansions name references, their fields, and what is followed from there', (t) => {
  const shown = ({ name, fields, further }: Expansion): unknown => [name, fields ?? 'all', further.map(shown)]
  for (const [text, expected] of [
    ['a', [['a', 'all', []]]],
    [
      'a, b',
      [
        ['a', 'all', []],
        ['b', 'all', []],
      ],
    ],
    ['a.b', [['a', 'all', [['b', 'all', []]]]]],
    ['a(b, c)', [['a', ['b', 'c'], []]]],
    ['a(b(c), d)', [['a', ['b', 'd'], [['b', ['c'], []]]]]],
    ['a(b.c)', [['a', ['b'], [['b', 'all', [['c', 'all', []]]]]]]],
    ['a(b).c', [['a', ['b'], [['c', 'all', []]]]]],
    ['a.b(c).d', [['a', 'all', [['b', ['c'], [['d', 'all', []]]]]]]],
  ] as const)
    t.strictSame(parseExpansions(text).map(shown), expected, text)
  for (const text of ['', 'a,', 'a()', 'a(b', 'a..b', 'a.', 'a b', 'a)', 'select', "'a'"])
    t.match(
      rejection(() => parseExpansions(text)),
      /^QUERY_SYNTAX/,
      text,
    )
  t.end()
})

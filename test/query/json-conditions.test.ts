/** Unit tests of conditions in JSON: each operation, how they are joined, and what is rejected. */
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { jsonOperations, parseJsonConditions } from '../../src/query/json-conditions.ts'

const at = { line: 3, column: 7 }
const read = (...entries: readonly unknown[]) => parseJsonConditions(JSON.stringify(entries), at)

/** The condition in the gateway's own language, or the error. */
function shown(...entries: readonly unknown[]): string {
  try {
    return printCondition(read(...entries))
  } catch (error) {
    if (error instanceof GatewayError)
      return `${error.code} ${error.message.replace('line 3, column 7: ', '')}`
    throw error
  }
}

const entry = (fieldname: unknown, operation: unknown, value: unknown, more: object = {}) => ({
  fieldname,
  operation,
  value,
  ...more,
})

t.test('each operation is a condition of the language', (t) => {
  const conditions: Readonly<Record<string, string>> = {
    is: "f = '5%'",
    'equal to': "f = '5%'",
    'is not': "f != '5%'",
    'does not equal': "f != '5%'",
    'less than': "f < '5%'",
    before: "f < '5%'",
    'less than or equal to': "f <= '5%'",
    'greater than': "f > '5%'",
    after: "f > '5%'",
    'greater than or equal to': "f >= '5%'",
    contains: "f like '%5\\%%'",
    containsnc: "f like '%5\\%%'",
    'starts with': "f like '5\\%%'",
    'ends with': "f like '%5\\%'",
    'does not contain': "f not like '%5\\%%'",
    'does not start with': "f not like '5\\%%'",
    'does not end with': "f not like '%5\\%'",
    'is empty': 'f is null',
    'is not empty': 'f is not null',
  }
  for (const operation of jsonOperations)
    if (operation === 'between') t.equal(shown(entry('f', operation, ' 1 ,2 ')), "f >= '1' and f <= '2'")
    else t.equal(shown(entry('f', operation, '5%')), conditions[operation], operation)
  for (const operation of ['toString', 'constructor', '', 'Is'])
    t.equal(shown(entry('f', operation, '1')), `QUERY_NOT_EXPRESSIBLE unknown operation '${operation}'`)
  t.end()
})

t.test('an id without its prefix is a number, and only as a whole', (t) => {
  for (const [operation, value, expected] of [
    ['is', '8549', 'id = 8549'],
    ['contains', '8549', 'id = 8549'],
    ['is not', '8549', 'id != 8549'],
    ['starts with', '8549', "id like '8549%'"],
    ['is', '08549', "id = '08549'"],
    ['is', '12x8549', "id = '12x8549'"],
    ['is', '8549x', "id = '8549x'"],
    ['is', '12345678901', "id = '12345678901'"],
    ['is', 8549, 'id = 8549'],
  ] as const)
    t.equal(shown(entry('id', operation, value)), expected, `${operation} ${value}`)
  t.equal(shown(entry('f', 'contains', '8549')), "f like '%8549%'")
  t.end()
})

t.test('a field is named alone, or behind a reference and a module', (t) => {
  for (const name of ['r : (M) f', '$(r : (M) f)', 'r:(M)f', '$(  r_1  :  (  M_1  )  f_1  )']) {
    const found = read(entry(name, 'is', 'x'))
    const _1 = name.includes('_1') ? '_1' : ''
    t.match(found, { path: { field: `f${_1}`, via: `M${_1}`, at } }, name)
  }
  for (const name of [
    ...[
      '',
      '1f',
      'f g',
      'f.g',
      'f-',
      ' f',
      'f\n',
      '$(f)',
      'r : (M) f g',
      'x r : (M) f',
      'r : M f',
      '(r : (M) f',
    ],
    ...['$(r : (M) f', '$r : (M) f)', '1r : (M) f', 'r : (1M) f', 'r : (M) 1f', `f${'x'.repeat(200)}`],
  ])
    t.equal(shown(entry(name, 'is', 'x')), 'QUERY_SYNTAX a condition must name a field', name)
  t.equal(shown(entry('f'.repeat(200), 'is', 'x')), `${'f'.repeat(200)} = 'x'`)
  t.end()
})

t.test('conditions are joined within their group, and groups with each other', (t) => {
  const of = (name: string, groupid: string, joincondition = '', groupjoin = '') =>
    entry(name, 'is', '1', { groupid, joincondition, groupjoin })
  for (const [entries, expected] of [
    [[of('a', '0'), of('b', '0')], "a = '1' and b = '1'"],
    [[of('a', '0', 'OR'), of('b', '0', 'or')], "a = '1' or b = '1'"],
    [[of('a', '0', 'and'), of('b', '0', 'or'), of('c', '0')], "(a = '1' and b = '1') or c = '1'"],
    [[of('a', '0', 'or'), of('b', '1', '', 'AND')], "a = '1' and b = '1'"],
    [[of('a', '0'), of('b', '1', '', 'or')], "a = '1' or b = '1'"],
    [[of('a', '0', 'xor')], "QUERY_SYNTAX 'and' or 'or' is accepted between conditions"],
    [[of('a', '0', '', 'not')], "QUERY_SYNTAX 'and' or 'or' is accepted between conditions"],
    [
      [of('a', '0'), of('b', '1'), of('c', '0')],
      'QUERY_SYNTAX the conditions of a group must follow each other',
    ],
  ] as const)
    t.equal(shown(...entries), expected)
  t.end()
})

t.test('what coreBOS would ignore is rejected', (t) => {
  for (const [given, expected] of [
    [null, 'QUERY_SYNTAX a condition must be an object'],
    ['f', 'QUERY_SYNTAX a condition must be an object'],
    [1, 'QUERY_SYNTAX a condition must be an object'],
    [{}, "QUERY_SYNTAX a condition's 'fieldname' is a text"],
    [entry('f', 'is', null), "QUERY_SYNTAX a condition's 'value' is a text"],
    [entry('f', 'is', true), "QUERY_SYNTAX a condition's 'value' is a text"],
    [entry('f', 'is', ['1']), "QUERY_SYNTAX a condition's 'value' is a text"],
    [{ fieldname: 'f', operation: 'is' }, "f = ''"],
    [entry('f', 'is', 5), "f = '5'"],
    [entry('f', 'is', '1', { more: 1 }), "QUERY_SYNTAX a condition has no 'more'"],
    [entry('f', 'is', '1', { ['x'.repeat(50)]: 1 }), `QUERY_SYNTAX a condition has no '${'x'.repeat(40)}'`],
    [entry('f', 'is', '1', { valuetype: 'rawtext' }), "f = '1'"],
    [
      entry('f', 'is', '1', { valuetype: 'expression' }),
      "QUERY_NOT_EXPRESSIBLE a condition must compare with a value ('valuetype': 'raw')",
    ],
    [entry('f', 'contains', ''), "QUERY_NOT_EXPRESSIBLE 'contains' needs a value"],
    [entry('f', 'between', '1'), "QUERY_SYNTAX 'between' accepts 'from,to'"],
    [entry('f', 'between', '1,2,3'), "QUERY_SYNTAX 'between' accepts 'from,to'"],
  ] as const)
    t.equal(shown(given), expected, JSON.stringify(given))
  const many = (count: number) => shown(...Array.from({ length: count }, () => entry('f', 'is', '1')))
  t.match(many(limits.conditions), /^f = '1' and /)
  t.equal(
    many(limits.conditions + 1),
    `QUERY_TOO_LARGE a query may have ${limits.conditions} conditions at most; ${limits.conditions + 1} were received`,
  )
  t.equal(shown(), 'QUERY_SYNTAX a list of conditions is expected')
  t.end()
})

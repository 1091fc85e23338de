/** Unit tests of what a list's parameters become: filters, orders, patterns, and the comparison of texts. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { isEqual, isLike } from '../../src/query/collation.ts'
import { choiceCondition, filterCondition } from '../../src/query/filter-condition.ts'
import { splitValues, withFilters } from '../../src/query/filters.ts'
import { escapedPattern, literally, patternOf, piecesOf } from '../../src/query/pattern.ts'
import { isSortedByCorebos, parseSort } from '../../src/query/sort.ts'
import * as tree from '../../src/query/tree.ts'

t.test('each operator of a filter becomes its condition', (t) => {
  const path = tree.field('f')
  const zero = tree.number('0')
  for (const [operator, values, empty, expected] of [
    ['eq', [tree.text('50%')], 'told', "f = '50%'"],
    ['gt', [zero], 'none', 'f > 0'],
    ['gte', [zero], 'none', 'f >= 0'],
    ['lt', [zero], 'none', 'f < 0'],
    ['lte', [zero], 'none', 'f <= 0'],
    ['in', [zero, tree.number('1')], 'told', 'f in (0, 1)'],
    ['empty', [tree.text('true')], 'told', 'f is null'],
    ['empty', [tree.text('false')], 'told', 'f is not null'],
    ['contains', [tree.text('a%')], 'told', "f like '%a\\%%'"],
    ['startsWith', [tree.text('a_')], 'told', "f like 'a\\_%'"],
    ['ne', [zero], 'none', 'f != 0'],
    ['ne', [zero], 'told', 'f != 0 or f is null'],
    ['nin', [zero], 'none', 'f not in (0)'],
    ['nin', [tree.text('a'), tree.text('b')], 'told', "f not in ('a', 'b') or f is null"],
  ] as const) {
    const condition = filterCondition(path, operator, values, empty)
    t.equal(printCondition(condition), expected, `${operator} ${empty}`)
  }
  t.end()
})

t.test('zeros are found among empty values only where a zero meets the condition', (t) => {
  const path = tree.field('f')
  const orZero = (values: readonly string[], operator: 'ne' | 'nin', empty: 'as zero' | 'told') => {
    const found = filterCondition(path, operator, values.map(tree.number), empty)
    return found.kind === 'or'
      ? found.terms.map((term) => term.kind === 'null' && term.orZero === true)
      : found
  }
  t.strictSame(orZero(['5'], 'ne', 'as zero'), [false, true])
  t.strictSame(orZero(['0'], 'ne', 'as zero'), [false, false])
  t.strictSame(orZero(['5', '0.00'], 'nin', 'as zero'), [false, false])
  t.strictSame(orZero(['5', '6'], 'nin', 'as zero'), [false, true])
  t.strictSame(orZero(['5'], 'ne', 'told'), [false, false])
  t.end()
})

t.test('a choice is one of the values of its field, and not a part of one', (t) => {
  t.equal(
    printCondition(choiceCondition(tree.field('f'), tree.text('a%'))),
    "f = 'a%' or f like 'a\\% |##| %' or f like '% |##| a\\%' or f like '% |##| a\\% |##| %'",
  )
  t.end()
})

t.test('filters are collected from a query string, and a malformed one is rejected by its name', (t) => {
  t.strictSame(withFilters({ limit: '1' }), { limit: '1' })
  t.strictSame(withFilters({ 'filter[a]': 'x', limit: '1', 'filter[b_1][gte]': '' }), {
    limit: '1',
    filter: [
      { parameter: 'filter[a]', field: 'a', operator: 'eq', text: 'x' },
      { parameter: 'filter[b_1][gte]', field: 'b_1', operator: 'gte', text: '' },
    ],
  })
  t.strictSame(withFilters({ filters: 'x' }), { filters: 'x' })
  for (const name of [
    'filter',
    'filter[]',
    'filter[a',
    'filter[1a]',
    'filter[a.b]',
    'filter[a]x',
    'filter[a][]',
    'filter[a][eq]',
    'filter[a][GT]',
    'filter[a][constructor]',
    'filter[a][gt][lt]',
  ])
    t.throws(
      () => withFilters({ [name]: 'x' }),
      { code: 'VALIDATION_FAILED', message: /^the name is not a valid filter/ },
      name,
    )
  t.throws(() => withFilters({ 'filter[a]': ['x', 'y'] }), {
    code: 'VALIDATION_FAILED',
    message: /^the parameter is accepted once/,
  })
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`filter[f${i}]`, 'x']))
  t.match(withFilters(many(limits.conditions)), { filter: { length: limits.conditions } })
  t.throws(() => withFilters(many(limits.conditions + 1)), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

t.test('a list of values may hold commas and quotation marks in quotes', (t) => {
  const split = (text: string) => splitValues({ parameter: 'p', text })
  for (const [text, values] of [
    ['', ['']],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a ,', [' a ', '']],
    ['"a, b",c', ['a, b', 'c']],
    ['"say ""x"""', ['say "x"']],
    ['"",a', ['', 'a']],
  ] as const)
    t.strictSame(split(text), values, text)
  for (const [text, at] of [
    ['"a', 1],
    ['a"b', 1],
    ['a,"b"c', 3],
    ['a,b,"', 5],
  ] as const)
    t.throws(() => split(text), {
      code: 'INVALID_VALUE',
      message: new RegExp(`malformed from character ${at} on`),
    })
  t.equal(split('a,'.repeat(limits.list - 1)).length, limits.list)
  t.throws(() => split('a,'.repeat(limits.list)), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

t.test('an order is read by its fields, and coreBOS sorts only by one direction', (t) => {
  const read = (text: string) => parseSort(text).map(({ path, direction }) => `${path.field} ${direction}`)
  t.strictSame(read('a,-b_1, -c '), ['a asc', 'b_1 desc', 'c desc'])
  for (const text of ['', 'a,', '--a', '+a', 'a b', 'a.b', '1a', 'a-'])
    t.throws(() => parseSort(text), { code: 'QUERY_SYNTAX', message: /is not a field to sort by/ }, text)
  t.equal(parseSort(Array(limits.orders).fill('a').join()).length, limits.orders)
  t.throws(
    () =>
      parseSort(
        Array(limits.orders + 1)
          .fill('a')
          .join(),
      ),
    { code: 'QUERY_TOO_LARGE' },
  )
  for (const [text, expected] of [
    ['a', true],
    ['-a', true],
    ['a,b,-c', true],
    ['-a,b', false],
    ['a,-b,c', false],
    ['-a,-b', false],
  ] as const)
    t.equal(isSortedByCorebos(parseSort(text)), expected, text)
  t.ok(isSortedByCorebos([]))
  t.end()
})

t.test('texts are equal as in the database of coreBOS', (t) => {
  for (const [one, other, expected] of [
    ['a', 'A', true],
    ['é', 'E', true],
    ['a  ', 'a', true],
    [' a', 'a', false],
    ['a', 'ab', false],
    ['ß', 's', true],
    ['ß', 'ss', false],
    ['ı', 'i', true],
    ['й', 'Й', true],
    ['й', 'и', false],
    ['ё', 'е', true],
    ['ŉ', 'n', false],
    ['', '', true],
    ['é\t', 'e', false],
  ] as const)
    t.equal(isEqual(one, other), expected, `'${one}' and '${other}'`)
  t.end()
})

t.test('a text matches a pattern as in the database, whatever the length of both', (t) => {
  const matches = (pattern: string, text: string) => isLike(piecesOf(pattern) ?? [])(text)
  for (const [pattern, text, expected] of [
    ['a', 'A', true],
    ['a', 'a ', false],
    ['a%', 'a', true],
    ['%a', 'ba', true],
    ['%a', 'ab', false],
    ['%a%', 'bÁc', true],
    ['_', '', false],
    ['_', 'x', true],
    ['_', 'xy', false],
    ['a_c', 'abc', true],
    ['a_c', 'ac', false],
    ['_b', 'ab', true],
    ['%ab%ab', 'abab', true],
    ['%ab%ab', 'ab', false],
    ['%a_b', 'aaab', true],
    ['a%b%c', 'axxbyyc', true],
    ['a%b%c', 'axxcyyb', false],
    ['\\%', '%', true],
    ['\\%', 'x', false],
    ['\\_a', 'xa', false],
    ['\\\\', '\\', true],
    ['%', '', true],
    ['', '', true],
    ['', 'a', false],
    ['%%', 'abc', true],
  ] as const)
    t.equal(matches(pattern, text), expected, `'${text}' like '${pattern}'`)
  // The numbers of pieces around the width of a word of bits.
  for (const length of [30, 31, 32, 33, 63, 64, 65, 100]) {
    const text = Array.from({ length }, (_, i) => 'abc'.charAt(i % 3)).join('')
    t.ok(matches(text, text), `${length} letters`)
    t.ok(matches('_'.repeat(length), text), `${length} of any`)
    t.ok(matches(`%${text}%`, `xx${text}xx`), `${length} letters within others`)
    t.ok(matches(`${text.slice(0, -1)}_`, text))
    t.ok(matches(`_${text.slice(1)}`, text))
    t.ok(matches(`${text}%`, `${text}y`))
    t.notOk(matches(text, `${text}a`))
    t.notOk(matches(text, text.slice(0, -1)))
    t.notOk(matches('_'.repeat(length), text.slice(1)))
    t.notOk(matches(`${text.slice(0, -1)}z%`, text))
    t.notOk(matches(text, `z${text.slice(1)}`))
  }
  t.end()
})

t.test('a pattern is read piece by piece, and written in the same way', (t) => {
  for (const pattern of ['a', 'a%', '_\\%\\_\\\\', '%%', '', 'ü😀'])
    t.equal(patternOf(piecesOf(pattern) ?? []), pattern, pattern)
  for (const pattern of ['\\a', 'a\\', '\\\\\\']) t.equal(piecesOf(pattern), undefined, pattern)
  for (const text of ['50%_\\', 'a', '', '%%__\\\\']) {
    t.strictSame(piecesOf(escapedPattern(text)), literally(text), text)
    t.equal(patternOf(literally(text)), escapedPattern(text), text)
  }
  t.end()
})

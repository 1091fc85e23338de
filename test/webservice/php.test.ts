/** Parameters as PHP reads them, from query strings, forms and JSON. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import {
  bounds,
  formParameters,
  jsonParameters,
  multipartPair,
  parseJson,
  urlencodedPairs,
  type Parameter,
} from '../../src/webservice/php.ts'

function decode(query: string, form = ''): Record<string, Parameter> {
  return Object.fromEntries(
    formParameters(urlencodedPairs(Buffer.from(query)), urlencodedPairs(Buffer.from(form))),
  )
}

t.test('a query string says what it says to PHP', async (t) => {
  const cases: readonly (readonly [query: string, parameters: Record<string, Parameter>, why: string])[] = [
    ['', {}, 'nothing'],
    ['a=1&b=2', { a: '1', b: '2' }, 'two'],
    ['&operation=query', { operation: 'query' }, "PHP clients' URLs begin ?&operation="],
    ['a&b=', { a: '', b: '' }, 'no value is an empty one'],
    ['a=1=2', { a: '1=2' }, 'the first = counts'],
    ['=1&a=2', { a: '2' }, 'no name, no parameter'],
    ['a=1&a=2', { a: '2' }, 'the last of two equal names wins'],
    ['A=1&a=2', { A: '1', a: '2' }, 'names are exact in case'],
    ['a=b+c%2Bd', { a: 'b c+d' }, '+ is a blank'],
    ['a+b=1&c.d=2&e%20f=3&g_h=4', { a_b: '1', c_d: '2', e_f: '3', g_h: '4' }, '. and blank become _'],
    ['++a=1', { a: '1' }, 'blanks in front of a name go'],
    ['a.b=1&a_b=2', { a_b: '2' }, 'names that become equal are equal'],
    [
      "q=like+'%xyz%'&p=100%&r=%&s=%4&u=%zz",
      { q: "like '%xyz%'", p: '100%', r: '%', s: '%4', u: '%zz' },
      'lone %',
    ],
    ['q=%25ab%25', { q: '%ab%' }, 'an escaped %'],
    ['a=%c3%BC%E2%9C%93', { a: 'ü✓' }, 'UTF-8 in either case of letters'],
    ['a=ü', { a: 'ü' }, 'UTF-8 as it is'],
    ['a%5Bb%5D=1', { a: { b: '1' } }, 'escaped brackets are brackets'],
    [
      'queryParameters[limit]=5&queryParameters[offset]=0',
      { queryParameters: { limit: '5', offset: '0' } },
      'brackets make arrays',
    ],
    ['a[]=1&a[]=2', { a: ['1', '2'] }, 'a list'],
    ['a[0]=1&a[1]=2', { a: ['1', '2'] }, 'the same by index'],
    ['a[1]=1&a[]=2&a[x]=3', { a: { 1: '1', 2: '2', x: '3' } }, 'the next index is above the highest'],
    ['a[9999999998]=1&a[]=2', { a: { 9999999998: '1', 9999999999: '2' } }, 'an index has up to 63 bits'],
    [
      'a[9223372036854775807]=1&a[]=2&a[][x]=3',
      { a: { '9223372036854775807': '1' } },
      'behind the highest index there is none',
    ],
    ['a[9223372036854775808]=1&a[]=2', { a: { '9223372036854775808': '1', 0: '2' } }, 'a name above it'],
    [
      'a[-5]=1&a[]=2&a[-9]=3&a[]=4',
      { a: { '-5': '1', '-4': '2', '-9': '3', '-3': '4' } },
      'negative indexes count',
    ],
    ['a[b][c][]=1&a[b][c][]=2&a[b][d]=3', { a: { b: { c: ['1', '2'], d: '3' } } }, 'nested'],
    ['a[b]=1&a=2', { a: '2' }, 'a text replaces an array'],
    ['a=1&a[b]=2', { a: { b: '2' } }, 'an array replaces a text'],
    ['a[b.c d]=1', { a: { 'b.c d': '1' } }, 'inside brackets names stay'],
    ['a[b]c=1', { a: { b: '1' } }, 'what follows the brackets is lost'],
    ['a[b=1&c[=2', { a_b: '1', c_: '2' }, 'a bracket that never closes is no bracket'],
    ['a.b[c.d+e[f=1', { a_b_c_d_e_f: '1' }, 'nor are those behind it'],
    ['a[b][c=1', { a: { b: '1' } }, 'nor is a later one'],
    ['[a]=1&b=2', { b: '2' }, 'a name that begins with a bracket is dropped'],
    ['a[ ]=1', { a: ['1'] }, 'a blank in brackets is no name'],
    ['a]=1', { 'a]': '1' }, 'a closing bracket alone is a letter'],
    [
      '__proto__[x]=1',
      Object.fromEntries([['__proto__', { x: '1' }]]),
      'no name means anything to JavaScript',
    ],
  ]
  for (const [query, parameters, why] of cases) t.strictSame(decode(query), parameters, `${why}: ${query}`)
})

t.test('the form counts over the query string', async (t) => {
  t.strictSame(decode('a=1&b=2', 'a=3'), { a: '3', b: '2' })
  t.strictSame(decode('a[x]=1&a[y]=2', 'a[x]=3'), { a: { x: '3', y: '2' } }, 'array by array')
  t.strictSame(decode('a[]=1', 'a[]=2'), { a: ['2'] }, 'the same index is the same place')
  t.strictSame(decode('a=1', 'a[x]=2'), { a: { x: '2' } })
})

t.test('a multipart form is the same pairs', async (t) => {
  const pairs = [multipartPair('a[b]', '1+2%41'), multipartPair('c d', 'ü')]
  t.strictSame(Object.fromEntries(formParameters([], pairs)), { a: { b: '1+2%41' }, c_d: 'ü' })
  t.strictSame(multipartPair('a', 'caf\ufffd'), ['a', 'caf\ufffd'], 'a replacement character that was sent')
})

t.test('a body of JSON is an object, or says nothing', async (t) => {
  const json = (text: string) => Object.fromEntries(jsonParameters(Buffer.from(text)))
  t.strictSame(json('{"operation":"query","n":5,"l":["a",null,true],"o":{"x":"1"}}'), {
    operation: 'query',
    n: 5,
    l: ['a', null, true],
    o: { x: '1' },
  })
  for (const none of ['', '[1]', '"a"', '3', 'null', '{oops', '{"a":1}x']) t.strictSame(json(none), {}, none)
})

t.test('what has no one meaning is rejected', async (t) => {
  const deep = 'a' + '[b]'.repeat(bounds.depth + 1)
  const cases: readonly (readonly [why: string, read: () => unknown])[] = [
    ['bytes that are no UTF-8', () => decode('a=%ff')],
    ['half a character', () => decode('a=%c3')],
    ['an overlong form', () => decode('a=%c0%af')],
    ['a surrogate', () => decode('a=%ed%a0%80')],
    ["like '%abc%' without escapes", () => decode("q=like '%abc%'")],
    ['NUL in a value', () => decode('a=b%00c')],
    ['NUL in a name', () => decode('a%00b=1')],
    ['names too deep', () => decode(`${deep}=1`)],
    ['too many names', () => decode('a=1&'.repeat(bounds.variables + 1))],
    ['too many names in both', () => decode('a=1&'.repeat(bounds.variables), 'b=1')],
    ['JSON that is no UTF-8', () => jsonParameters(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['JSON too deep', () => parseJson('['.repeat(bounds.depth + 2) + ']'.repeat(bounds.depth + 2))],
    ['NUL in JSON', () => parseJson('"a\\u0000"')],
    ['NUL in a name of JSON', () => parseJson('{"a\\u0000":1}')],
    ['a lone surrogate in JSON', () => parseJson('"\\ud800"')],
  ]
  for (const [why, read] of cases) t.throws(read, { code: 'BAD_REQUEST' }, why)
})

t.test('what is encoded comes back, and nothing makes the reader fail otherwise', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => !/[\0[\]. \ufffd]/.test(each))
  const value = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
      const encoded = pairs.map(([key, each]) => `${encodeURIComponent(key)}=${encodeURIComponent(each)}`)
      return isDeepStrictEqual(decode(encoded.join('&')), Object.fromEntries(pairs))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        formParameters(urlencodedPairs(bytes), [])
      } catch (error) {
        return error instanceof GatewayError && error.code === 'BAD_REQUEST'
      }
      return true
    }),
  )
})

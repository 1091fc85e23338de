/** Texts of clients cost no more than their length: the square of the lengths here would not end within a test. */
import t from 'tap'
import { FormText } from '../src/http/form-text.ts'
import { parametersOf, requirePlainUtf8 } from '../src/http/utf8.ts'
import { plainDecimal } from '../src/model/decimal.ts'
import { withoutTrailing } from '../src/model/without-trailing.ts'
import { isEqual, isLike } from '../src/query/collation.ts'
import { readingOf } from '../src/query/dialect.ts'
import { likeTest } from '../src/query/like.ts'
import { piecesOf } from '../src/query/pattern.ts'
import { collated } from '../src/scope/shape.ts'
import { meetsValue } from '../src/scope/verify.ts'
import * as tree from '../src/query/tree.ts'
import { startPortal } from './support/portal.ts'
import { field as fieldNamed } from './support/shapes.ts'

const long = 1_000_000
const blanks = ' '.repeat(long)
const stars = '%a'.repeat(300)

t.test('a parameter that is repeated', async (t) => {
  t.equal(parametersOf('a&'.repeat(long))['a']?.length, long)
  t.strictSame(parametersOf('a=1&b&a=2&a=&%61=3'), { a: ['1', '2', '', '3'], b: '' })
})

t.test('an encoding', async (t) => {
  for (const coding of ['', 'identity', ' Identity ']) requirePlainUtf8({ 'content-encoding': coding })
  for (const coding of ['gzip', 'identity, identity', `${'\u00a0'.repeat(long)}x`])
    t.throws(
      () => requirePlainUtf8({ 'content-encoding': coding }),
      { code: 'UNSUPPORTED_MEDIA_TYPE' },
      coding.slice(0, 30),
    )
})

t.test('the name of a part', async (t) => {
  const push = (name: string) => () => {
    const text = new FormText('multipart/form-data; boundary=x')
    text.push(Buffer.from(`--x\r\ncontent-disposition: form-data; name*=${name}\r\n\r\n`))
    text.require()
  }
  for (const name of [`utf-8''a${blanks}x`, `utf-8''caf%C3%A9`, `"utf-8''caf%C3%A9" `, `UTF-8'en'a`])
    t.doesNotThrow(push(name), name.slice(0, 30))
  t.throws(push(`utf-8''caf%E9" `), { code: 'BAD_REQUEST' })
  t.throws(push(`latin1''caf${blanks}x`), { code: 'UNSUPPORTED_MEDIA_TYPE' })
})

t.test('blanks and zeros before the end', async (t) => {
  t.equal(withoutTrailing('a;b ; ', ' ;'), 'a;b')
  t.equal(withoutTrailing('  ', ' '), '')
  t.notOk(isEqual(`${blanks}x`, 'x'))
  t.equal(collated(`${blanks}x`).length, long + 1)
  t.equal(readingOf(`select a from B where c='${blanks}x`), 'basic')
  t.equal(plainDecimal(`1.${'0'.repeat(long)}1`).length, long + 3)
  t.strictSame(['007', '-0.50', '000', '-0', '.5', '1.'].map(plainDecimal), [
    '7',
    '-0.5',
    '0',
    '0',
    '0.5',
    '1',
  ])
})

t.test('a pattern that can match in many ways', async (t) => {
  const text = 'a'.repeat(20_000)
  t.notOk(isLike(piecesOf(`${stars}(`) ?? [])(text))
  t.ok(isLike(piecesOf(stars) ?? [])(text))
  const like = (pattern: string) => tree.like(tree.field('ticket_title'), pattern)
  const [, field] = fieldNamed('ticket_title')
  t.notOk(meetsValue(text, like(`${stars}b`), field))
  t.ok(meetsValue(text, like(stars), field))
})

t.test('patterns match as a regular expression does', async (t) => {
  const signs = ['a', 'b', '_', '%']
  const every = (length: number): string[] =>
    length === 0 ? [''] : every(length - 1).flatMap((text) => signs.map((sign) => `${text}${sign}`))
  const texts = [...every(0), ...every(1), ...every(2), ...every(3), ...every(4)].filter(
    (text) => !/[%_]/.test(text),
  )
  const patterns = [0, 1, 2, 3, 4].flatMap(every)
  const wrong = patterns.flatMap((pattern) => {
    const test = likeTest(piecesOf(pattern) ?? [])
    const expression = new RegExp(`^${pattern.replaceAll('%', '.*').replaceAll('_', '.')}$`)
    return texts
      .filter((text) => test(text) !== expression.test(text))
      .map((text) => `${text} like ${pattern}`)
  })
  t.strictSame(wrong, [])
  // More pieces than the bits of one number, with every kind of piece at each of its ends.
  for (const piece of ['a', '_', '%'])
    for (let length = 30; length < 70; length++) {
      const pattern = piecesOf(`${'a'.repeat(length)}${piece}b`) ?? []
      t.ok(likeTest(pattern)(`${'a'.repeat(length + 1)}b`))
      t.notOk(likeTest(pattern)(`${'a'.repeat(length - 1)}b`))
      t.equal(likeTest(pattern)(`${'a'.repeat(length + 2)}b`), piece === '%')
    }
})

t.test('a pattern that the gateway compares itself has a bound', async (t) => {
  const portal = await startPortal(t)
  const created = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
    body: { ticket_title: `${'a'.repeat(240)} not in x`, ticketstatus: 'Open' },
  })
  t.equal(created.status, 201)
  const titled = async (pattern: string) =>
    portal.as('alice', 'POST', '/query', {
      body: { query: `select id from HelpDesk where ticket_title like '${pattern}'` },
    })
  const many = await titled(`${'%a'.repeat(20)}% not in (%`)
  t.equal(many.status, 200)
  t.strictSame(many.body['records'], [])
  const [{ status, body }, calls] = [
    await titled(`${'a'.repeat(1_000)} not in (%`),
    portal.relay.calls.length,
  ]
  t.equal(status, 400)
  t.match(body, {
    code: 'QUERY_TOO_LARGE',
    detail: /column \d+: a pattern .* 1000 characters; 1010 were received/,
  })
  await titled(`${'a'.repeat(1_000)} not in (%`)
  t.equal(portal.relay.calls.length, calls, 'coreBOS is not asked')
})

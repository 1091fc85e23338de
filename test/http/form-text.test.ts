/** The text around and in the parts of a multipart form. */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { FormText, whileText } from '../../src/http/form-text.ts'
import { multipartPairs } from '../../src/webservice/multipart.ts'

const type = 'multipart/form-data; boundary=x'
const part = (name: string, value: string): string =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

/** @returns the message of the rejection, '' if there is none */
function problem(contentType: string, body: string, size = body.length): string {
  const text = new FormText(contentType)
  for (let at = 0; at < body.length; at += size) text.push(Buffer.from(body.slice(at, at + size)))
  try {
    text.require()
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return ''
}

t.test(
  'a form that its parser may wait for without end is rejected, however it is cut into pieces',
  async (t) => {
    const header = /it has a part without the end of its header$/
    const tail = /it has a part behind its end$/
    for (const [body, message] of [
      [
        `${part('operation', 'query')}--x\r\nContent-Disposition: form-\r\n--x--\r\n"a"\r\n\r\n1\r\n--x--\r\n`,
        header,
      ],
      ['--x\r\n--x--\r\n', header],
      ['before\r\n--x--\r\nbehind\r\n--x--\r\n', tail],
      [`${part('a', '1')}--x--\r\n${part('b', '2')}--x--\r\n`, tail],
    ] as const) {
      for (const size of [1, 3, 7, body.length]) t.match(problem(type, body, size), message)
      await t.rejects(multipartPairs(type, Buffer.from(body)), { code: 'BAD_REQUEST' })
    }
  },
)

t.test('what stands around the parts of a form is ignored', async (t) => {
  const body = `before\r\n\r\n${part('a', '1')}--x--\r\nbehind\r\n\r\n-- x`
  for (const size of [1, 3, 7, body.length]) t.equal(problem(type, body, size), '')
  t.strictSame(await multipartPairs(type, Buffer.from(body)), [['a', '1']])
})

t.test('a form has one boundary, which all readers find', async (t) => {
  for (const [parameters, body] of [
    ['; boundary=x', part('a', '1')],
    [';boundary=x; charset=utf-8;', part('a', '1')],
    ['; charset="utf-8" ; Boundary="x"', part('a', '1')],
    ['; a="; boundary=y"; boundary=x', part('a', '1')],
    [
      '; boundary=----WebKitFormBoundary7MA4',
      part('a', '1').replaceAll('--x', '------WebKitFormBoundary7MA4'),
    ],
    ['; boundary=----=_Part_1_2.3', part('a', '1').replaceAll('--x', '------=_Part_1_2.3')],
  ] as const) {
    const end = `${body.slice(0, body.indexOf('\r'))}--`
    t.strictSame(await multipartPairs(`multipart/form-data${parameters}`, Buffer.from(body + end)), [
      ['a', '1'],
    ])
  }
  for (const parameters of [
    '',
    '; boundary',
    '; boundary=',
    '; boundary=""',
    '; boundary=x; boundary=y',
    '; boundary=x; BOUNDARY=x',
    "; boundary*=utf-8''x",
    '; boundary="a\\"b"',
    '; boundary="x',
    ' boundary=x',
  ]) {
    const contentType = `multipart/form-data${parameters}`
    t.match(problem(contentType, ''), /it has no boundary, or more than one$/, parameters)
  }
})

t.test('a rejection does not wait for the parser', async (t) => {
  const source = Readable.from([
    Buffer.from('--x\r\nA: b'),
    Buffer.from('\r\n--x--\r\n'),
    Buffer.from('more'),
  ])
  await t.rejects(
    whileText(source, type, async () => new Promise<never>(() => undefined)),
    { code: 'BAD_REQUEST' },
  )
  await setImmediate()
  t.ok(source.readableFlowing, 'the rest is drained')
})

/** Unit tests of values that are written: which fit, which are the same, and what is kept beside them. */
import t from 'tap'
import { mostBytes } from '../../src/model/lengths.ts'
import type { FieldShape } from '../../src/model/module.ts'
import { keptOfDocument, wholeDocument } from '../../src/scope/document.ts'
import { readSignature, signed } from '../../src/scope/signature.ts'
import { fitProblem, isStored, sameValue } from '../../src/scope/value.ts'
import { field, moduleOf, person } from '../support/shapes.ts'

const shapeOf = (type: string, change: Partial<FieldShape> = {}): FieldShape => {
  const [, shape] = field(`f:${type}`)
  return { ...shape, ...change }
}
const picklist = (...values: readonly string[]) => values.map((value) => ({ value, label: `label ${value}` }))

t.test('a value fits its field, or the problem names the field', (t) => {
  const open = shapeOf('string', { picklist: picklist('Open', 'Closed') })
  const several = shapeOf('multipicklist', { picklist: picklist('a', 'b') })
  const fits: readonly (readonly [FieldShape, readonly string[]])[] = [
    [shapeOf('string'), ['', 'x', 'ü€', '2026-02-31']],
    [shapeOf('>Accounts'), ['', '11x1']],
    [shapeOf('boolean'), ['0', '1']],
    [shapeOf('double'), ['', '-1.5', '0']],
    [shapeOf('date'), ['', '2024-02-29', '2000-02-29', '2026-04-30', '2026-12-31', '2026-01-31']],
    [shapeOf('datetime'), ['', '2026-02-28 23:59:59', '2026-07-31']],
    [shapeOf('time'), ['', '23:59']],
    [open, ['', 'Open', 'Closed']],
    [several, ['', 'a', 'a |##| b']],
  ]
  for (const [shape, values] of fits)
    for (const value of values)
      t.equal(fitProblem(value, shape), undefined, `'${value}' in a field of type ${shape.type}`)
  for (const [shape, value, problem] of [
    [shapeOf('string'), 'a\0', "'f' contains a character that cannot be stored"],
    [shapeOf('string'), '\ud800', "'f' contains a character that cannot be stored"],
    [shapeOf('string'), 'a😀', "'f' contains a character that coreBOS cannot store: 😀"],
    [shapeOf('string'), 'x'.repeat(mostBytes + 1), `'f' is longer than ${mostBytes} bytes`],
    [shapeOf('file'), 'x', "'f' is a file, which a text does not change"],
    [shapeOf('file'), '', "'f' is a file, which a text does not change"],
    [shapeOf('>Accounts'), '11x', "'f' accepts a webservice id ('12x34')"],
    [shapeOf('>Accounts'), '11x0', "'f' accepts a webservice id ('12x34')"],
    [shapeOf('boolean'), '', "'f' accepts '0' or '1'"],
    [shapeOf('boolean'), 'yes', "'f' accepts '0' or '1'"],
    [shapeOf('double'), '1e3', "'f' accepts a number"],
    [shapeOf('date'), 'x', "'f' accepts a date (YYYY-MM-DD)"],
    [shapeOf('date'), '2026-02-29', "'f' is not a valid calendar date"],
    [shapeOf('date'), '1900-02-29', "'f' is not a valid calendar date"],
    [shapeOf('date'), '2024-02-30', "'f' is not a valid calendar date"],
    [shapeOf('date'), '2026-06-31', "'f' is not a valid calendar date"],
    [shapeOf('datetime'), '2026-09-31 10:00', "'f' is not a valid calendar date"],
    [open, 'open', "'f' accepts one of the values of its picklist: 'Open', 'Closed'"],
    [open, 'label Open', "'f' accepts one of the values of its picklist: 'Open', 'Closed'"],
    [open, 'Open |##| Closed', "'f' accepts one of the values of its picklist: 'Open', 'Closed'"],
    [several, 'a |##| c', "'f' accepts one of the values of its picklist: 'a', 'b'"],
  ] as const)
    t.equal(
      fitProblem(value, shape),
      problem,
      `${JSON.stringify(value.slice(0, 40))} in a field of type ${shape.type}`,
    )
  t.end()
})

t.test('a text is as long as its column, and a long list of values is cut', (t) => {
  t.equal(fitProblem('xxx', shapeOf('string'), 3), undefined)
  t.equal(fitProblem('xxxx', shapeOf('string'), 3), "'f' has 4 characters; at most 3 are stored")
  t.equal(fitProblem('x'.repeat(mostBytes), shapeOf('string')), undefined)
  const names = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`)
  for (const [count, end] of [
    [20, /, 'v19'$/],
    [23, /, 'v19' and 3 more$/],
  ] as const) {
    const long = shapeOf('string', { picklist: picklist(...names(count)) })
    t.match(fitProblem('x', long), end, `${count} values`)
  }
  t.end()
})

t.test('two values are the same where writing one over the other changes nothing', (t) => {
  for (const [type, one, other, expected] of [
    ['string', 'a', 'a', true],
    ['string', 'a', 'A', false],
    ['string', '1', '1.0', false],
    ['string', '', '0', false],
    ['boolean', '', '0', true],
    ['boolean', '0', '', true],
    ['boolean', '', '1', false],
    ['boolean', '1', '0', false],
    ['double', '1', '1.000', true],
    ['double', '-0.50', '-0.5', true],
    ['double', '1', '1.001', false],
    ['double', '', '0', false],
    ['double', '0', '', false],
    ['double', '1', 'one', false],
  ] as const)
    t.equal(sameValue(one, other, shapeOf(type)), expected, `${type}: '${one}' and '${other}'`)
  t.end()
})

t.test('a field holds what was sent, in the form in which coreBOS stores it', (t) => {
  for (const [type, sent, stored, expected] of [
    ['string', 'a', 'a', true],
    ['string', 'a', 'b', false],
    ['string', '10:00', '10:00:00', false],
    ['double', '1', '1.00', true],
    ['time', '10:00', '10:00:00', true],
    ['time', '10:00', '10:01:00', false],
    ['time', '', ':00', false],
    ['datetime', '2026-01-01 10:00', '2026-01-01 10:00:00', true],
    ['datetime', '2026-01-01 10:00', '2026-01-01 11:00:00', false],
    ['date', '2026-01-01', '2026-01-01:00', false],
    ['multipicklist', 'b |##| a', 'a |##| b', true],
    ['multipicklist', 'a', 'a |##| b', false],
    ['string', 'b |##| a', 'a |##| b', false],
  ] as const)
    t.equal(isStored(sent, stored, shapeOf(type)), expected, `${type}: '${sent}' stored as '${stored}'`)
  t.end()
})

const told = ['notes_title', 'filelocationtype', 'filestatus', 'filename', 'filesize', 'filetype']
const documents = moduleOf('Documents', '15', ...told, 'folderid', 'filedownloadcount', 'custom')
const stored = {
  notes_title: 'offer',
  filelocationtype: 'I',
  filename: 'offer.pdf',
  folderid: '22x1',
  custom: 'c',
}

t.test('a change of a document sends the fields by which coreBOS finds its file', (t) => {
  t.strictSame(keptOfDocument(documents, stored), {
    notes_title: 'offer',
    filelocationtype: 'I',
    filestatus: '',
    filename: 'offer.pdf',
    filesize: '',
    filetype: '',
    folderid: '22x1',
  })
  t.doesNotThrow(() => keptOfDocument(documents, { ...stored, filelocationtype: '' }))
  t.doesNotThrow(() => keptOfDocument(documents, {}))
  for (const missing of told) {
    const fields = new Map([...documents.fields].filter(([name]) => name !== missing))
    t.throws(() => keptOfDocument({ ...documents, fields }, stored), {
      code: 'NOT_WRITABLE',
      message: new RegExp(`coreBOS does not show '${missing}' of Documents`),
    })
  }
  for (const read of [keptOfDocument, wholeDocument])
    t.throws(() => read(documents, { ...stored, filelocationtype: 'E' }), {
      code: 'NOT_WRITABLE',
      message: 'a document that is a link to another server cannot be changed',
    })
  t.end()
})

t.test('an update of a document with a new file sends every value that can be written', (t) => {
  const fields = new Map([...documents.fields].map(([name, each]) => [name, each]))
  const count = fields.get('filedownloadcount')
  if (count !== undefined) fields.set('filedownloadcount', { ...count, editable: false })
  const row = { ...stored, id: '15x1', filedownloadcount: '7' }
  const whole = wholeDocument({ ...documents, fields }, row)
  t.match(whole, { custom: 'c', notes_title: 'offer', folderid: '22x1', filename: 'offer.pdf' })
  t.notOk('filedownloadcount' in whole, 'coreBOS sets it itself')
  t.end()
})

t.test('a signature names its contact, and only under the text that it was written for', (t) => {
  const alice = person('own')
  const bob = { ...alice, id: '12x2' }
  const text = signed('hello', alice)
  t.match(text, /^hello\n\n\(contact 12x1, [0-9a-f]{8}\)$/)
  t.strictSame(readSignature(text), { text: 'hello', contact: '12x1' })
  t.equal(signed(text, alice), text, 'it is signed once')
  const forwarded = signed(text, bob)
  t.strictSame(readSignature(forwarded), { text, contact: '12x2' }, 'another contact signs the whole text')
  const mark = text.slice('hello'.length)
  for (const unsigned of [
    'hello',
    `other${mark}`,
    text.replace('12x1', '12x2'),
    `${text} `,
    `${text}\nmore`,
    text.replace('\n\n', '\n'),
    text.replace(/[0-9a-f]{8}\)/, '00000000)'),
  ])
    t.strictSame(readSignature(unsigned), { text: unsigned, contact: undefined }, JSON.stringify(unsigned))
  t.equal(signed(`other${mark}`, alice).split('(contact').length, 3, 'a mark of another text is a text')
  t.end()
})

t.test('a signature holds where coreBOS changes characters that are neither letters nor digits', (t) => {
  const alice = person('own')
  const written = signed('a <b> & "c" ü 1', alice)
  const mark = written.slice('a <b> & "c" ü 1'.length)
  t.equal(readSignature(`a &lt;b&gt; &amp; &quot;c&quot; ü 1${mark}`).contact, '12x1')
  t.equal(readSignature(`a  &#039;b;  c ü 1${mark}`).contact, '12x1')
  t.equal(readSignature(`a <b> & "c" u 1${mark}`).contact, undefined)
  t.equal(readSignature(`a <b> & "c" ü 2${mark}`).contact, undefined)
  t.end()
})

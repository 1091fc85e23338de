/** Values of records between coreBOS's texts and JSON. */
import fc from 'fast-check'
import t from 'tap'
import type { FieldShape } from '../../src/model/module.ts'
import { decimalText, exactNumber, plainDecimal } from '../../src/model/decimal.ts'
import { givenTexts, givenValue, givenValues, jsonTime, jsonValue } from '../../src/records/values.ts'
import { fitProblem, sameValue, separator } from '../../src/scope/value.ts'
import type { ModuleView } from '../../src/scope/view.ts'

function field(type: string, more: Partial<FieldShape> = {}): FieldShape {
  return {
    name: 'f',
    type,
    uitype: '7',
    label: 'F',
    refersTo: [],
    mandatory: false,
    editable: true,
    picklist: undefined,
    ...more,
  }
}

const choices = field('multipicklist', {
  picklist: ['red', 'light blue'].map((value) => ({ value, label: value })),
})

t.test('a text of coreBOS has the JSON type of its field', async (t) => {
  const cases: [type: string, text: string, json: unknown][] = [
    ['integer', '5', 5],
    ['integer', '-1', -1],
    ['integer', '007', 7],
    ['double', '1.500', 1.5],
    ['currency', '0.000000', 0],
    ['currency', '-0.000000', 0],
    ['currency', '1234567890.123456', 1234567890.123456],
    ['currency', '12345678901234567.123456', '12345678901234567.123456'],
    ['integer', '9007199254740993', '9007199254740993'],
    ['double', 'about 5', 'about 5'],
    ['boolean', '1', true],
    ['boolean', '0', false],
    ['date', '2026-11-24', '2026-11-24'],
    ['datetime', '2026-11-24 07:35:26', '2026-11-24T07:35:26Z'],
    ['datetime', '2026-11-24 07:35', '2026-11-24T07:35:00Z'],
    ['time', '07:35', '07:35'],
    ['reference', '12x8549', '12x8549'],
    ['owner', '19x5', '19x5'],
    ['string', '5', '5'],
    ['picklist', 'Open', 'Open'],
    ['multipicklist', `red${separator}light blue`, ['red', 'light blue']],
    ['multipicklist', 'red', ['red']],
  ]
  for (const [type, text, json] of cases) t.strictSame(jsonValue(text, field(type)), json, `${type} ${text}`)
  for (const [type] of cases)
    t.equal(jsonValue('', field(type)), type === 'boolean' ? false : null, `${type}, empty`)
  t.equal(jsonValue('5', undefined), '5', 'of a field that is not known')
  t.equal(jsonTime(''), null)
})

t.test('a value of a request is a text of coreBOS, or is rejected with what is accepted', async (t) => {
  const cases: [type: string, json: unknown, text: string | RegExp][] = [
    ['integer', 5, '5'],
    ['integer', '5', '5'],
    ['integer', 1.5, /whole number/],
    ['integer', '1.5', /whole number/],
    ['integer', true, /accepts a whole number, not true/],
    ['double', 1e-7, '0.0000001'],
    ['double', 1e21, /as texts/],
    ['double', 2 ** 53, /as texts/],
    ['double', Infinity, /as texts/],
    ['double', ['1'], /accepts a number, not a list/],
    ['double', 'three', /accepts a number/],
    ['boolean', true, '1'],
    ['boolean', false, '0'],
    ['boolean', '1', /true or false, not a text/],
    ['boolean', 1, /true or false, not a number/],
    ['boolean', null, /true or false, not null/],
    ['date', '2026-02-28', '2026-02-28'],
    ['date', '2026-02-30', /calendar date/],
    ['date', '2026-2-3', /YYYY-MM-DD/],
    ['date', 20260203, /YYYY-MM-DD.*not a number/],
    ['datetime', '2026-11-24T07:35:26Z', '2026-11-24 07:35:26'],
    ['datetime', '2026-11-24T07:35:26.000Z', '2026-11-24 07:35:26'],
    ['datetime', '2026-11-24T07:35Z', '2026-11-24 07:35:00'],
    ['datetime', '2026-11-24T01:35:26+02:00', '2026-11-23 23:35:26'],
    ['datetime', '2026-11-24T07:35:26.5Z', /whole seconds/],
    ['datetime', '2026-02-30T07:35:26Z', /calendar date/],
    ['datetime', '2026-13-01T07:35:26+02:00', /accepts a time/],
    ['datetime', '2026-11-24 07:35:26', /ISO 8601 with its zone/],
    ['datetime', 'yesterday', /accepts a time/],
    ['datetime', 1_790_000_000, /ISO 8601/],
    ['reference', 8549, /webservice id.*not a number/],
    ['reference', 'alice', /webservice id/],
    ['string', 5, /accepts a text, not a number/],
    ['string', {}, /accepts a text, not an object/],
    ['string', null, ''],
    ['double', null, ''],
    ['multipicklist', null, ''],
    ['multipicklist', [], ''],
    ['multipicklist', ['red', 'light blue'], `red${separator}light blue`],
    ['multipicklist', ['green'], /'red', 'light blue'/],
    ['multipicklist', 'red', /a list of texts, not a text/],
    ['multipicklist', [1], /a list of texts/],
    ['multipicklist', ['red |##| light blue'], /picklist/],
  ]
  for (const [type, json, expected] of cases) {
    const shape = type === 'multipicklist' ? choices : field(type)
    const given = givenValue(json, shape)
    const problem = typeof given === 'string' ? fitProblem(given, shape) : given.problem
    const message = `${type} ${JSON.stringify(json)}`
    if (typeof expected === 'string') t.strictSame([given, problem], [expected, undefined], message)
    else t.match(problem, expected, message)
  }
})

t.test('a value that was read can be sent back, and changes nothing', async () => {
  const digits = (most: number) =>
    fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), maxLength: most })
  const decimals = fc
    .tuple(fc.constantFrom('', '-'), digits(17), fc.option(digits(11)))
    .map(([sign, whole, places]) => `${sign}0${whole}${places === null ? '' : `.${places}0`}`)
  const times = fc
    .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 19).replace('T', ' '))
  const texts = fc.oneof(fc.string(), decimals, times, fc.constantFrom('', '0', '1', '12x3', '2026-02-28'))
  const types = [
    'integer',
    'double',
    'currency',
    'boolean',
    'date',
    'datetime',
    'time',
    'reference',
    'string',
  ]
  const kinds = fc.constantFrom(...types, 'multipicklist', 'picklist', 'text', 'owner')
  fc.assert(
    fc.property(kinds, texts, (type, text) => {
      const shape = field(type)
      const json: unknown = JSON.parse(JSON.stringify(jsonValue(text, shape)))
      const given = givenValue(json, shape)
      const back = typeof given === 'string' ? given : given.text
      return back !== undefined && sameValue(back, text, shape)
    }),
    { numRuns: 3000 },
  )
  fc.assert(fc.property(decimals, (text) => givenIsExact(text)))
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      return Number(decimalText(number)) === number || number === 0
    }),
  )
})

/** Either a number with the same digits, or the text itself. */
function givenIsExact(text: string): boolean {
  const number = exactNumber(text)
  return number === undefined || plainDecimal(text) === decimalText(number)
}

t.test('two numbers are the same only where all their digits are', async (t) => {
  const amount = field('currency')
  t.ok(sameValue('1.50', '1.5', amount))
  t.ok(sameValue('-0', '0.000', amount))
  t.notOk(sameValue('12345678901234567.1', '12345678901234567.2', amount))
})

t.test('values are given by field; a form gives them as texts', async (t) => {
  const readable = new Map(
    [field('boolean', { name: 'done' }), { ...choices, name: 'colours' }].map((each) => [each.name, each]),
  )
  const view = { readable } as unknown as ModuleView // all that the functions look at
  t.strictSame(givenValues({ done: true, colours: ['red'], other: 5 }, view), {
    done: '1',
    colours: 'red',
    other: '',
  })
  t.strictSame(givenTexts({ done: 'false', colours: '["red","light blue"]' }, view), {
    done: '0',
    colours: `red${separator}light blue`,
  })
  t.strictSame(givenTexts({ colours: 'red' }, view), { colours: 'red' })
  t.match(givenTexts({ done: 'yes' }, view), { done: { problem: /true or false/ } })
})

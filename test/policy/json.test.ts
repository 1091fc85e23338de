/** Unit tests of reading JSON documents, and of places in them. */
import fc from 'fast-check'
import t from 'tap'
import { JsonError, parseJson, positionOf } from '../../src/policy/json.ts'

const characters = Array.from('{}[]",:\\ \n-+.0e1truefalsn\u0001ü')

function rejection(text: string): string {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return `${error.at}: ${error.message}`
    throw error
  }
  return 'accepted'
}

t.test('a text that is not JSON is rejected where it stops to be one', async (t) => {
  for (const [text, reason] of [
    ['', '0: expected a value but found the end'],
    ['{"a":1,}', "7: expected a name in double quotes but found '}'"],
    ["{'a':1}", '1: expected a name in double quotes but found a single quote'],
    ['{"a" 1}', "5: expected ':' but found '1'"],
    ['{"a":1 "b":2}', `7: expected ',' or '}' but found '"'`],
    ['[1 2]', "3: expected ',' or ']' but found '2'"],
    ['{"a":tru}', "5: expected a value but found 't'"],
    ['{"a":"b}', `5: expected a text that ends on its line, with valid escapes but found '"'`],
    ['// a\n{}', "0: expected a value but found '/'"],
    ['{} {}', "3: expected the end but found '{'"],
    ['{"a":[{"b":1}', "13: expected ',' or ']' but found the end"],
  ] as const)
    t.equal(rejection(text), reason, text)
})

t.test('an object that names something twice is rejected, however the name is written', async (t) => {
  t.equal(rejection('{"a":1,"b":{"a":1},"a":2}'), '19: "a" is named twice in one object')
  t.equal(rejection('{"a":1,"\\u0061":2}'), '7: "a" is named twice in one object')
  t.equal(rejection('[{"a":1},{"a":1}]'), 'accepted')
})

t.test('every other document is read as JSON.parse reads it', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      t.strictSame(parseJson(text), JSON.parse(text))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...characters) }), (text) => {
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      t.equal(/^(?:accepted|.* is named twice in one object)$/.test(rejection(text)), isJson, text)
    }),
    { numRuns: 2000 },
  )
})

const text = `{
  "level": "account",
  "modules": {
    "HelpDesk": { "open": true, "where": "a = '}' and b = \\"x\\"",
      "hide": ["one", "two"] },
    "Faq": { "where": "c" }
  }
}`

t.test('a place is the line and column of its value', (t) => {
  for (const [pointer, line, column, what] of [
    ['', 1, 1, '{'],
    ['/level', 2, 12, '"account"'],
    ['/modules/HelpDesk', 4, 17, '{ "open"'],
    ['/modules/HelpDesk/where', 4, 42, '"a = '],
    ['/modules/HelpDesk/hide/1', 5, 23, '"two"'],
    ['/modules/Faq/where', 6, 23, '"c"'],
    ['/modules/Faq/nothing/here', 6, 12, '{ "where": "c"'],
  ] as const) {
    t.strictSame(positionOf(text, pointer), { line, column }, pointer)
    const row = text.split('\n')[line - 1] ?? ''
    t.ok(row.slice(column - 1).startsWith(what), pointer)
  }
  t.end()
})

/** Unit tests of places in JSON documents. */
import t from 'tap'
import { positionOf } from '../../src/policy/json-position.ts'

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

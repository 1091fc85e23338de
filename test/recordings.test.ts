import t from 'tap'
import { replayRecordings } from './replay.ts'
import type { Outcome, ReplayOptions } from './replay.ts'

const FILES: Readonly<Record<string, ReplayOptions>> = {
  auth: { state: 'recorded', challenged: ['alice@example.com'] },
  metadata: { state: 'recorded' },
  query: { state: 'recorded' },
  records: { state: 'recorded' },
  employee: { state: 'recorded-employee' },
  writes: { state: 'recorded-helpdesk' },
  search: { state: 'recorded-helpdesk' },
}

/** What does not agree, and why. An entry that begins to agree fails the test until it is taken off. */
const DISAGREEING: Readonly<Record<string, string>> = {}

const all: Outcome[] = []

for (const [file, options] of Object.entries(FILES)) {
  t.test(`the demo coreBOS answers ${file}.json as the real one did`, async (t) => {
    const outcomes = await replayRecordings(file, options)
    all.push(...outcomes)
    for (const { key, agrees, expected, got } of outcomes) {
      if (agrees && key in DISAGREEING) t.fail(`${key} agrees now: take it off the list`)
      if (!agrees && !(key in DISAGREEING)) t.equal(got.slice(0, 2000), expected.slice(0, 2000), key)
    }
    const agreed = outcomes.filter(({ agrees }) => agrees).length
    t.comment(`recordings agreed ${agreed} of ${outcomes.length} (${file})`)
    t.ok(agreed >= 0.97 * outcomes.length, `${file}: ${agreed} of ${outcomes.length}`)
  })
}

t.test('the list of what does not agree names recorded exchanges only', async (t) => {
  const keys = new Set(all.map(({ key }) => key))
  for (const key of Object.keys(DISAGREEING)) t.ok(keys.has(key), key)
  const agreed = all.filter(({ agrees }) => agrees).length
  t.comment(`recordings agreed ${agreed} of ${all.length}`)
  t.ok(all.length > 0)
})

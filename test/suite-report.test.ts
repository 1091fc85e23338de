/** What `npm test` shows of the TAP of all files, and its last line, which the build machine reads. */
import t from 'tap'
import { Report, type Check } from './support/suite/report.ts'

interface Case {
  readonly what: string
  readonly tap: readonly string[]
  readonly checks?: readonly Check[]
  readonly failures: readonly string[]
  readonly shown: readonly (string | RegExp)[]
  readonly sum: string
}

const cases: readonly Case[] = [
  {
    what: 'a file that passes is silent',
    tap: [
      'ok 1 - dist/test/a.test.js # time=5ms {',
      '    ok 1 - one',
      '    ok 2 - two',
      '    1..2',
      '}',
      '1..1',
    ],
    failures: [],
    shown: [],
    sum: '2 passed, 0 failed',
  },
  {
    what: 'a failure is named once, with its file and the tests around it',
    tap: [
      'not ok 1 - dist/test/a.test.js {',
      '    # Subtest: outer',
      '        not ok 1 - inner',
      '          ---',
      '          found: 1',
      '          diff: |',
      '            -2',
      '            +1',
      '          ...',
      '        ok 2 - other',
      '        1..2',
      '    not ok 1 - outer',
      '    1..1',
      '}',
      '1..1',
    ],
    failures: ['test/a.test.ts > outer > inner'],
    shown: [/^not ok test\/a\.test\.ts > outer > inner\n {2}found: 1\n {2}diff: -2\n {2}\+1$/],
    sum: '1 passed, 1 failed',
  },
  {
    what: 'a file that ends badly though its tests pass has failed',
    tap: ['not ok 1 - dist/test/a.test.js {', '    ok 1 - one', '    1..1', '}', '1..1'],
    failures: ['test/a.test.ts'],
    shown: [/^not ok test\/a\.test\.ts/],
    sum: '1 passed, 1 failed',
  },
  {
    what: 'skipped tests and comments have a line each',
    tap: [
      'ok 1 - dist/test/a.test.js {',
      '    # Subtest: with Redis',
      '        1..0',
      '    ok 1 - with Redis # SKIP no redis-server',
      '    # cases 7',
      '    ok 2 - one',
      '    1..2',
      '}',
      '1..1',
    ],
    failures: [],
    shown: ['skipped test/a.test.ts > with Redis: no redis-server', 'test/a.test.ts: cases 7'],
    sum: '1 passed, 0 failed, 1 skipped',
  },
  {
    what: 'a check that says something has failed',
    tap: ['ok 1 - one', '1..1'],
    checks: [
      { name: 'types', output: '' },
      { name: 'lint', output: 'a.ts: no\n' },
    ],
    failures: ['lint'],
    shown: ['not ok lint\n  a.ts: no'],
    sum: '2 passed, 1 failed',
  },
]

for (const { what, tap, checks = [], failures, shown, sum } of cases) {
  t.test(what, async (t) => {
    const lines: string[] = []
    const report = new Report((line) => lines.push(line))
    for (const check of checks) report.add(check)
    report.stream().end(`TAP version 14\n${tap.join('\n')}\n`)
    t.strictSame(report.failures, failures)
    t.match(lines, shown)
    t.equal(lines.length, shown.length)
    t.equal(report.sum(), sum)
    t.equal(report.isOk, failures.length === 0)
  })
}

t.test('a failure in one process hides none in another', async (t) => {
  const lines: string[] = []
  const report = new Report((line) => lines.push(line))
  const [one, other] = [report.stream('dist/test/a.test.js'), report.stream('dist/test/b.test.js')]
  one.write('TAP version 14\n# Subtest: outer\n    1..1\n    ok 1 - inner\n')
  other.end('TAP version 14\nnot ok 1 - fails\n1..1\n')
  one.end('not ok 1 - outer\n1..1\n')
  t.strictSame(report.failures, ['test/b.test.ts > fails', 'test/a.test.ts > outer'])
})

t.test('a file whose process ends badly is named, unless a test of it is', async (t) => {
  const lines: string[] = []
  const report = new Report((line) => lines.push(line))
  report.fail('test/a.test.ts > one', 'found: 1')
  report.failUnlessNamed('dist/test/a.test.js', 'ended with code 1')
  report.failUnlessNamed('dist/test/b.test.js', 'ended with SIGKILL')
  t.strictSame(report.failures, ['test/a.test.ts > one', 'test/b.test.ts'])
  t.equal(lines.at(-1), 'not ok test/b.test.ts\n  ended with SIGKILL')
})

t.test('a run without one passed test is not ok', async (t) => {
  t.notOk(new Report(() => undefined).isOk)
})

/** Reads the TAP of all test processes and keeps what is worth telling: failures, skipped tests and comments. */
import { Parser, type Result } from 'tap-parser'

/** A check that is not a test; it has failed where it says something. */
export interface Check {
  readonly name: string
  readonly output: string
}

export class Report {
  passed = 0
  skipped = 0
  /** Each with its file and the names of the tests around it. */
  readonly failures: string[] = []
  readonly #show: (line: string) => void

  constructor(show: (line: string) => void) {
    this.#show = show
  }

  get isOk(): boolean {
    return this.failures.length === 0 && this.passed > 0
  }

  /** Takes the TAP of one process: of the file that is named, or of several, which are then its outermost tests. */
  stream(file?: string): Parser {
    const parser = new Parser()
    this.#follow(parser, file === undefined ? [] : [sourceOf(file)], { count: 0 })
    return parser
  }

  add({ name, output }: Check): void {
    if (output === '') this.passed++
    else this.fail(name, output)
  }

  fail(name: string, details: string): void {
    const source = sourceOf(name)
    this.failures.push(source)
    this.#show([`not ok ${source}`, ...details.trimEnd().split('\n')].join('\n  '))
  }

  /** For a file that ended badly: says so where no test of it has been named. */
  failUnlessNamed(file: string, details: string): void {
    const source = sourceOf(file)
    const isNamed = this.failures.some((name) => name === source || name.startsWith(`${source} > `))
    if (!isNamed) this.fail(file, details)
  }

  /** What the caller shows last. */
  sum(): string {
    const skipped = this.skipped === 0 ? '' : `, ${this.skipped} skipped`
    return `${this.passed} passed, ${this.failures.length} failed${skipped}`
  }

  /** @param told failures of this process so far */
  #follow(parser: Parser, path: readonly string[], told: { count: number }): void {
    /** The subtest that has just ended: the next result of this parser is its summary and counts for nothing. */
    let child: { readonly before: number } | undefined
    parser.on('child', (test: Parser) => {
      child = { before: told.count }
      this.#follow(test, [...path, sourceOf(test.name)], told)
    })
    parser.on('assert', (result: Result) => {
      const hasToldWhy = child !== undefined && told.count > child.before
      const isSummary = child !== undefined
      child = undefined
      const name = [...path, sourceOf(result.name)].join(' > ')
      if (result.skip !== false) {
        this.skipped++
        this.#show(`skipped ${name}${typeof result.skip === 'string' ? `: ${result.skip}` : ''}`)
      } else if (!result.ok && !hasToldWhy) {
        told.count++
        this.fail(name, detailsOf(result))
      } else if (result.ok && !isSummary) this.passed++
    })
    parser.on('comment', (comment: string) => {
      const text = comment.replace(/^# /, '').trimEnd()
      if (!/^(Subtest: |time=|No coverage|\{ total|$)/.test(text)) this.#show(`${path.join(' > ')}: ${text}`)
    })
  }
}

/** `dist/test/a.test.js` was compiled from `test/a.test.ts`. */
function sourceOf(name: string): string {
  return name.replace(/^dist\/(.*)\.js$/, '$1.ts')
}

function detailsOf({ diag, tapError }: Result): string {
  // tap-parser gives the diagnostics as they were read from YAML.
  const entries = Object.entries((diag ?? {}) as Readonly<Record<string, unknown>>)
  return [
    ...(tapError === null ? [] : [tapError]),
    ...entries.map(([key, value]) =>
      typeof value === 'string' ? `${key}: ${value.trimEnd()}` : `${key}: ${JSON.stringify(value)}`,
    ),
  ].join('\n')
}

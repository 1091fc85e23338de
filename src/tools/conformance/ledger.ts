/** What was asked, what came back, and whether that is what was measured on the coreBOS that the gateway was built for. */
import { show, type Answer } from './answer.ts'

export type Verdict = 'agrees' | 'differs' | 'skipped'

export interface Entry {
  readonly area: string
  /** In words, or the statement itself. */
  readonly asked: string
  readonly expected: string
  readonly got: string
  readonly verdict: Verdict
}

export class Ledger {
  readonly #entries: Entry[] = []
  #area = ''

  begin(area: string): void {
    this.#area = area
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  note(asked: string, expected: string, got: string, agrees: boolean): void {
    this.#entries.push({ area: this.#area, asked, expected, got, verdict: agrees ? 'agrees' : 'differs' })
  }

  /** Rejected with this code, or failed in these words. */
  rejected(asked: string, expected: string, answer: Answer): void {
    this.note(asked, expected, show(answer), show(answer) === expected)
  }

  /** Carried out, with a result of which this holds. */
  holds(asked: string, expected: string, answer: Answer, test: (result: unknown) => boolean): void {
    const agrees = answer.kind === 'result' && test(answer.result)
    this.note(asked, expected, agrees ? expected : show(answer), agrees)
  }

  /** The same rows in any order. */
  sameRows(asked: string, expected: readonly string[], got: readonly string[], answer: Answer): void {
    const [wanted, found] = [new Set(expected), new Set(got)]
    const missing = [...wanted].filter((id) => !found.has(id)).length
    const extra = [...found].filter((id) => !wanted.has(id)).length
    const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`)
    const agrees = answer.kind === 'result' && missing === 0 && extra === 0
    const difference = answer.kind === 'result' && !agrees ? `, ${missing} missing, ${extra} too many` : ''
    this.note(asked, rows(wanted.size), `${show(answer)}${difference}`, agrees)
  }

  /** There is nothing here to try it on. */
  skip(asked: string, why: string): void {
    this.#entries.push({ area: this.#area, asked, expected: '', got: why, verdict: 'skipped' })
  }
}

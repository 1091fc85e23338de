/** Calls that are put off with `cbwsOptions`: coreBOS takes them in, and a job of its own makes them later. */
import { randomBytes } from 'node:crypto'
import { jsonParameter, isObject, textParameter } from './parameters.ts'

/** What coreBOS comes with; names in small letters. */
const QUEUEABLE: ReadonlySet<string> = new Set([
  'create',
  'update',
  'revise',
  'upsert',
  'masscreate',
  'massupdate',
  'massdelete',
  'describe',
  'convertlead',
  'getrelatedmodulesinfomation',
  'executeworkflow',
  'executeworkflowwithcontext',
  'gendoc_convert',
])

interface Deferrable {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly now: () => number
}

interface Queued<Call> {
  readonly call: Call
  /** Milliseconds since 1970. */
  readonly dueAt: number
}

export class Queue<Call extends Deferrable> {
  readonly #waiting = new Map<string, Queued<Call>>()
  readonly #done = new Map<string, unknown>()

  /** @returns what the result can be asked by; undefined where the call does not want to wait */
  put(call: Call): string | undefined {
    const options = jsonParameter(call, 'cbwsOptions')
    if (!isObject(options) || Number(options['launchfromqueue']) !== 1) return undefined
    if (!QUEUEABLE.has(textParameter(call, 'operation').toLowerCase())) return undefined
    const id = randomBytes(11).toString('hex')
    const seconds = Number(options['queuedelay'] ?? 0)
    this.#waiting.set(id, { call, dueAt: call.now() + (Number.isFinite(seconds) ? seconds * 1000 : 0) })
    return id
  }

  runDue(now: number, run: (call: Call) => unknown): void {
    for (const [id, { call, dueAt }] of this.#waiting) {
      if (dueAt > now) continue
      this.#waiting.delete(id)
      this.#done.set(id, run(call))
    }
  }

  /** Only once: reading removes it. */
  takeResult(id: string): unknown {
    const result = this.#done.get(id)
    this.#done.delete(id)
    return result
  }
}

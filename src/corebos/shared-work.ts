/** Work that several requests wait for together. It ends when it is done or when no request waits any more. */
import { setMaxListeners } from 'node:events'
import { GatewayError, type ErrorCode } from '../model/errors.ts'
import { UnderWay } from '../model/under-way.ts'
import type { CallKind } from './queue-limit.ts'
import { asShared, currentSignal, reasonOf } from './request-calls.ts'

interface Flight<T> {
  readonly result: Promise<T>
  readonly end: AbortController
  waiting: number
  isDone: boolean
}

/** Failures that concern only the request that began the work, its session or its share. */
const ownFailures: ReadonlySet<ErrorCode> = new Set(['COREBOS_BUSY', 'SESSION_ENDED', 'TOO_MANY_CALLS'])

export class SharedWork<T> {
  readonly #underWay = new Map<string, Flight<T>>()
  readonly #kind: CallKind | undefined
  /** Includes work that is not joined any more and has not ended. */
  readonly #works = new UnderWay()

  /** @param kind the account of the work's calls; default: that of the request that begins it */
  constructor(kind?: CallKind) {
    this.#kind = kind
  }

  get count(): number {
    return this.#works.count
  }

  /**
   * The result of the work in progress for a key, which begins if there is none.
   *
   * @param joined called if the work was in progress already
   * @throws what the work throws; the reason why this request ends
   */
  async run(key: string, work: () => Promise<T>, joined: () => void = () => undefined): Promise<T> {
    const signal = currentSignal()
    const flight = this.#underWay.get(key)
    if (flight === undefined) return wait(this.#begin(key, work), signal)
    joined()
    try {
      return await wait(flight, signal)
    } catch (error) {
      if (!(error instanceof GatewayError) || !ownFailures.has(error.code)) throw error
    }
    return wait(this.#underWay.get(key) ?? this.#begin(key, work), signal)
  }

  /** Work in progress is waited for, but not joined any more. */
  clear(): void {
    this.#underWay.clear()
  }

  #begin(key: string, work: () => Promise<T>): Flight<T> {
    const end = new AbortController()
    // One listener for each waiting call.
    setMaxListeners(0, end.signal)
    const leave = () => {
      if (this.#underWay.get(key) === flight) this.#underWay.delete(key)
    }
    end.signal.addEventListener('abort', leave, { once: true })
    const result = asShared(end.signal, this.#kind, () => this.#works.run(work)).finally(() => {
      flight.isDone = true
      leave()
    })
    const flight: Flight<T> = { result, end, waiting: 0, isDone: false }
    this.#underWay.set(key, flight)
    return flight
  }
}

async function wait<T>(flight: Flight<T>, signal: AbortSignal | undefined): Promise<T> {
  flight.waiting += 1
  let leave: (() => void) | undefined
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal === undefined ? new Error('aborted') : reasonOf(signal))
    if (signal?.aborted === true) leave()
    else signal?.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([flight.result, left])
  } finally {
    if (leave !== undefined) signal?.removeEventListener('abort', leave)
    flight.waiting -= 1
    // An abort is expensive, and has no effect on finished work.
    if (flight.waiting === 0 && !flight.isDone)
      flight.end.abort(signal?.aborted === true ? reasonOf(signal) : undefined)
  }
}

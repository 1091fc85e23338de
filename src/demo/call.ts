/** One call of the web service as the operations see it. */
import type { Caller, Database } from './database.ts'
import type { Challenges } from './challenges.ts'
import type { Queue } from './queue.ts'
import type { Session, Sessions } from './sessions.ts'

export interface Demo {
  readonly database: Database
  readonly sessions: Sessions
  readonly challenges: Challenges
  readonly queue: Queue<Call>
  /** Milliseconds. */
  readonly now: () => number
  /** The same for dates that are counted from the day of the call. */
  readonly today: () => number
  /** Without a slash at the end; links to files begin with it. */
  readonly url: () => string
}

export interface Call extends Demo {
  /** What PHP would find in `$_REQUEST`. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly userAgent: string
  readonly session: Session | undefined
}

/** An operation after log-in. */
export interface UserCall extends Call {
  readonly session: Session
  readonly caller: Caller
}

/** What an operation gives; `success` is false where a validation failed, which is no error. */
export class Answer {
  readonly result: unknown
  readonly moreinfo: unknown
  readonly success: boolean

  constructor(result: unknown, moreinfo: unknown = null, success = true) {
    this.result = result
    this.moreinfo = moreinfo
    this.success = success
  }
}

/** Gives the result; an `Answer` where there is more to say. */
export type Handler = (call: UserCall) => unknown
export type EarlyHandler = (call: Call) => unknown

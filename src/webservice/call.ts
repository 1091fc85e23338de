/** One call of an operation: what it was given, and who makes it. */
import type { Caller } from '../corebos/caller.ts'
import { GatewayError } from '../errors.ts'
import type { Asker, ReadBy } from '../pipeline.ts'
import type { PortalSession } from '../session/contract.ts'
import type { Author } from '../writes.ts'
import { parseJson, type Parameter, type Parameters } from './php.ts'

/** The parameters that an operation takes; whatever else was sent does not exist. */
export class Input {
  readonly #parameters: Parameters
  readonly #takes: readonly string[]

  constructor(parameters: Parameters, takes: readonly string[]) {
    this.#parameters = parameters
    this.#takes = takes
  }

  #get(name: string): Parameter | undefined {
    if (!this.#takes.includes(name)) throw new Error(`the operation does not take '${name}'`)
    return this.#parameters.get(name)
  }

  /** Empty where it is missing. @throws GatewayError `BAD_REQUEST` where it is an array */
  text(name: string): string {
    const value = this.#get(name) ?? ''
    if (typeof value === 'object') throw new GatewayError('BAD_REQUEST', `'${name}' is a text`)
    return String(value)
  }

  /** JSON in a text, or what brackets or a body of JSON have made of it; undefined where it is missing or no JSON. */
  json(name: string): Parameter | undefined {
    const value = this.#get(name)
    return typeof value === 'string' ? parseJson(value) : (value ?? undefined)
  }
}

/** Somebody who has logged in. */
export interface Visitor {
  readonly session: PortalSession
  readonly asker: Asker
  /** Whoever reads for this contact: only what coreBOS says of its modules and of its own user is asked of it here. */
  readonly caller: Caller
  /** Whoever reads a record that the contact sees. */
  readonly callerFor: (by: ReadBy) => Caller
  /** The fields whose values make up the name of a module's records. */
  labelFields(module: string): readonly string[]
}

/** Which files are accepted. */
export interface Uploads {
  /** Media types. */
  readonly types: ReadonlySet<string>
  readonly maxBytes: number
}

/** The same, where it may write as well. */
export interface WritingVisitor extends Visitor {
  readonly asker: Author
  readonly uploads: Uploads
  /** With its audit line. @throws GatewayError `WRONG_PASSWORD`, also where the log-in name is not the contact's own */
  changePassword(change: PasswordChange): Promise<void>
}

export interface PasswordChange {
  readonly username: string
  readonly current: string
  readonly next: string
}

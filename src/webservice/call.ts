/** One call of an operation: its parameters and its caller. */
import type { ReadContext, WriteContext, ReadBy } from '../access/context.ts'
import type { Caller } from '../corebos/caller.ts'
import { GatewayError } from '../model/errors.ts'
import type { AcceptedTypes } from '../records/documents/media-type.ts'
import type { PortalSession } from '../session/contract.ts'
import { parseJson, type Parameter, type Parameters } from './php.ts'

/** Parameters that hold JSON; all others are texts. */
const inJson: ReadonlySet<string> = new Set([
  ...['element', 'elements', 'context', 'values', 'with_these_ids'],
  ...['queryParameters', 'fieldTypeList', 'totranslate', 'restrictionids'],
])

/** The parameters that an operation takes; all others are ignored. */
export class Input {
  readonly #parameters: Parameters
  readonly #takes: readonly string[]

  constructor(parameters: Parameters, takes: readonly string[]) {
    this.#parameters = parameters
    this.#takes = takes
  }

  /**
   * Includes parameters that the operation does not read.
   *
   * @throws GatewayError `BAD_REQUEST` for an array in place of a text
   */
  requireTexts(): void {
    for (const name of this.#takes) if (!inJson.has(name)) this.text(name)
  }

  #get(name: string): Parameter | undefined {
    if (!this.#takes.includes(name)) throw new Error(`the operation does not take '${name}'`)
    return this.#parameters.get(name)
  }

  /** Whether it was sent, also empty. */
  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  /** Empty if it is missing. @throws GatewayError `BAD_REQUEST` for an array */
  text(name: string): string {
    const value = this.#get(name) ?? ''
    if (typeof value === 'object') throw new GatewayError('BAD_REQUEST', `'${name}' is a text`)
    return String(value)
  }

  /**
   * JSON in a text, or the value of brackets or of a JSON body; undefined if it is missing or empty.
   *
   * @throws GatewayError `BAD_REQUEST` if it is not JSON: a call that ignored it would do something else
   */
  json(name: string): Parameter | undefined {
    const value = this.#get(name)
    if (typeof value !== 'string') return value ?? undefined
    if (value.trim() === '') return undefined
    const parsed = parseJson(value)
    if (parsed !== undefined) return parsed
    throw unread(name, 'in JSON', value)
  }
}

/** A parameter that is present and cannot be read: a call that ignored it would succeed and do nothing. */
export function unread(name: string, expected: string, received: string): GatewayError {
  const shown = received.length > 60 ? `${received.slice(0, 60)}…` : received
  return new GatewayError('BAD_REQUEST', `'${name}' is expected ${expected}, and '${shown}' was received`)
}

/** The context of a call in a session. */
export interface WebserviceContext {
  readonly session: PortalSession
  readonly context: ReadContext
  /** The caller that reads for this contact; used for module descriptions and the own user only. */
  readonly caller: Caller
  /** The caller that reads a record which the contact sees. */
  readonly callerFor: (by: ReadBy) => Caller
  /** The fields whose values make up the name of a module's records. */
  labelFields(module: string): readonly string[]
}

/** Which files are accepted. */
export interface Uploads {
  readonly types: AcceptedTypes
  readonly maxBytes: number
}

/** The context of a call that may write. */
export interface WebserviceWriteContext extends WebserviceContext {
  readonly context: WriteContext
  readonly uploads: Uploads
  /**
   * Changes the password, with its audit line.
   *
   * @throws GatewayError `WRONG_PASSWORD`, also if the log-in name is not the contact's own
   */
  changePassword(change: PasswordChange): Promise<void>
}

export interface PasswordChange {
  readonly username: string
  readonly current: string
  readonly next: string
}

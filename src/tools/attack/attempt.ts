/** One hostile request, and all that is known of what its answer may be. */

/** What a statement finds among the rows that the contact may see. */
export interface Meaning {
  readonly form: 'rows' | 'count' | 'distinct'
  /** How many rows meet the condition for certain. */
  readonly sure: number
  /** Ids of the rows that may meet it. */
  readonly possible: ReadonlySet<string>
  readonly offset: number
  readonly limit: number
}

export interface Attempt {
  /** What is tried, in a few words. */
  readonly label: string
  /** `rows`: a REST answer of rows; `other`: any other REST answer. */
  readonly answerKind: 'rows' | 'other' | 'webservice'
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** With the query string. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** All that the request says, decoded: an answer may repeat it. */
  readonly text: string
  /** It writes: even rows may repeat what it says. */
  readonly writes: boolean
  /** Modules that a total may be of; no total may exceed what can be seen of the largest. */
  readonly modules: readonly string[]
  /** What the request names that is closed to a contact of the gateway: it must be rejected. */
  readonly closed: string | undefined
  /** What no contact may be told at all, in any words: every answer but a rejection is a leak. */
  readonly secret: string | undefined
  /** Absent where the meaning of the request is undefined. */
  readonly meaning: (() => Meaning) | undefined
}

/** Values, types and comparison as MariaDB has them with the collation utf8mb3_general_ci. */
import { fold, weights } from '../../collation.ts'
import { CorebosError } from '../../errors.ts'
import type { CrmRecord } from '../../database.ts'

export type SqlValue = string | number | null
export type SqlType = 'text' | 'number' | 'date'

/** An expression, ready to be evaluated for a row. */
export interface Node {
  readonly type: SqlType
  readonly constant: boolean
  /** A number for type `number`, else text; a truth value is 1, 0 or null. */
  readonly get: (row: CrmRecord) => SqlValue
  /** As text, with all the decimals of a column. */
  readonly text: (row: CrmRecord) => string | null
}

const SYNTAX =
  'You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use'

/** What MariaDB says about it goes out through `showqueryfromwsdoquery` only. */
export class DatabaseError extends CorebosError {
  readonly reason: string

  constructor(reason: string) {
    super('DATABASE_QUERY_ERROR', 'Database error while performing requested operation')
    this.reason = reason
  }
}

export const databaseError = (reason = SYNTAX): DatabaseError => new DatabaseError(reason)

export const toNumber = (value: SqlValue): number | null => {
  if (value === null || typeof value === 'number') return value
  const found = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(value)
  return found === null ? 0 : Number(found[1])
}

export const toText = (value: SqlValue): string | null =>
  value === null || typeof value === 'string' ? value : String(value)

/** `YYYY-MM-DD hh:mm:ss` of a text that MariaDB reads as a date; null where it does not. */
const toDate = (value: SqlValue): string | null => {
  if (value === null) return null
  const found =
    /^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?\s*$/.exec(
      String(value),
    )
  if (found === null) return null
  const [, year = '', ...rest] = found
  const parts = rest.map((part: string | undefined) => (part ?? '00').padStart(2, '0'))
  const [month = '', day = '', hour = '', minute = '', second = ''] = parts
  if (month > '12' || day > '31' || hour > '23' || minute > '59' || second > '59') return null
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`
}

/** How two values of these types are compared. */
export const commonType = (left: SqlType, right: SqlType): SqlType => {
  if (left === 'number' || right === 'number') return 'number'
  return left === 'date' || right === 'date' ? 'date' : 'text'
}

/** What of a value takes part in a comparison of this type. */
export const comparable = (value: SqlValue, type: SqlType): SqlValue => {
  if (value === null) return null
  if (type === 'number') return toNumber(value)
  return type === 'date' ? toDate(value) : fold(String(value))
}

export const order = (left: SqlValue, right: SqlValue): number => {
  if (left === right) return 0
  if (left === null) return -1
  if (right === null) return 1
  return left < right ? -1 : 1
}

const ONE = Symbol('_')
const MANY = Symbol('%')
/** A `like` pattern: `%`, `_` and the escaping backslash. */
export type LikePattern = readonly (string | typeof ONE | typeof MANY)[]

export const likePattern = (pattern: string): LikePattern => {
  const parts: (string | typeof ONE | typeof MANY)[] = []
  const folded = weights(pattern)
  for (let index = 0; index < folded.length; index += 1) {
    const letter = folded.charAt(index)
    if (letter === '%') parts.push(MANY)
    else if (letter === '_') parts.push(ONE)
    else if (letter === '\\' && index + 1 < folded.length) parts.push(folded.charAt((index += 1)))
    else parts.push(letter)
  }
  return parts
}

/** No regular expression: those of JavaScript have a limit that MariaDB's patterns do not have. */
export const likes = (text: string, pattern: LikePattern): boolean => {
  const letters = weights(text)
  let at = 0
  let next = 0
  /** Behind the last `%`, and the first letter that this one has not taken yet. */
  let retry: { next: number; at: number } | undefined
  while (at < letters.length) {
    const wanted = pattern[next]
    if (wanted === MANY) {
      next += 1
      retry = { next, at }
    } else if (wanted === ONE || wanted === letters.charAt(at)) {
      next += 1
      at += 1
    } else if (retry !== undefined) {
      retry.at += 1
      next = retry.next
      at = retry.at
    } else return false
  }
  return pattern.slice(next).every((part) => part === MANY)
}

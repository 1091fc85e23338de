/** A record that has been saved, as the effects of a save see it. */
import type { CrmRecord, Value } from '../database.ts'
import type { Element } from './checks.ts'

/** Whether a record is new, or how it is changed. */
export type Manner = 'create' | 'update' | 'revise'

export interface Saved {
  readonly manner: Manner
  readonly record: CrmRecord
  readonly element: Element
  /** The values before; undefined where the record is new. */
  readonly before: ReadonlyMap<string, Value> | undefined
}

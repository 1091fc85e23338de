/** What every dialect turns a statement into: columns to show, and SQL text behind the joins. */
import type { CrmRecord } from '../database.ts'
import type { Resolve } from './sql/expression.ts'
import type { Node } from './sql/values.ts'
import type { Schema } from './schema.ts'

export interface ShownColumn {
  /** The key in the answer. */
  readonly key: string
  /** The name in the database's row. */
  readonly column: string
  readonly node: Node
  readonly show: (record: CrmRecord) => string
  /** Of all rows together, how many there are given: where a statement has such a column, it has one row. */
  readonly together?: (matching: number) => string
}

export interface Plan {
  readonly schema: Schema
  readonly columns: readonly ShownColumn[]
  /** The columns of the joined tables. */
  readonly resolve: Resolve
  /** The conditions behind `WHERE`, without those that coreBOS adds itself; empty where there are none. */
  readonly where: string
  /** `GROUP BY …`, `ORDER BY …`, `LIMIT …` as they go into SQL. */
  readonly tail: string
  /**
   * Where coreBOS's condition on deleted records stands: an `or` behind it gets around it, unless it is
   * part of the joins.
   */
  readonly deleted: 'before' | 'behind' | 'joined'
  /** Which records the joins of a related list let through at all. */
  readonly joined: (record: CrmRecord) => boolean
  readonly count: boolean
  /** In place of the number of rows that the SQL finds. */
  readonly total: number | undefined
  readonly distinct: boolean
  /** Of rows that a descending order leaves equal the later ones come first. */
  readonly backwards: boolean
  /** Modules whose fields are selected beside those of the main module. */
  readonly relatedModules: readonly string[]
  /** Rows are checked one by one: only where the id is selected. */
  readonly holdsId: boolean
}

/** What most statements have in common. */
export const PLAIN = {
  deleted: 'behind',
  joined: () => true,
  count: false,
  total: undefined,
  distinct: false,
  backwards: false,
} as const satisfies Partial<Plan>

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
}

export interface Plan {
  readonly schema: Schema
  readonly columns: readonly ShownColumn[]
  /** The columns of the joined tables. */
  readonly resolve: Resolve
  /** `WHERE …` without the conditions that coreBOS adds itself; empty where there is none. */
  readonly where: string
  /** `GROUP BY …`, `ORDER BY …`, `LIMIT …` as they go into SQL. */
  readonly tail: string
  readonly count: boolean
  readonly distinct: boolean
  /** Modules whose fields are selected beside those of the main module. */
  readonly relatedModules: readonly string[]
  /** Rows are checked one by one: only where the id is selected. */
  readonly holdsId: boolean
}

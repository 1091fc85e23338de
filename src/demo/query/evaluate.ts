/** The query operation: any statement in any of coreBOS's dialects, for any caller. */
import type { Caller, Database } from '../database.ts'
import { Crash } from '../errors.ts'
import { findModule, planBasic } from './basic.ts'
import { chooseDialect, normalize } from './choose.ts'
import { planExtended } from './extended.ts'
import type { Plan } from './plan.ts'
import { planRelated } from './related.ts'
import { runPlan } from './run.ts'
import type { QueryResult } from './run.ts'
import { Schemas } from './schema.ts'
import { planWorkflow } from './workflow.ts'

export type { Row } from './row.ts'
export type { QueryResult } from './run.ts'

export interface QueryContext {
  /** Links to files begin with it; without a slash at the end. */
  readonly url: string
  /** Milliseconds; what relative dates are counted from. */
  readonly today: () => number
}

const schemasOf = new WeakMap<Database, Schemas>()

const evaluate = (
  database: Database,
  caller: Caller,
  statement: string,
  context: QueryContext,
): QueryResult => {
  const schemas = schemasOf.get(database) ?? new Schemas(database)
  schemasOf.set(database, schemas)
  const text = normalize(statement)
  const main = findModule(schemas, text)
  const dialect = main.module.isEntity ? chooseDialect(text) : 'basic'
  const run = (plan: Plan): QueryResult => runPlan(database, schemas, caller, context.url, plan)
  switch (dialect) {
    case 'basic':
      return run(planBasic(database, schemas, text))
    case 'extended':
      return run(planExtended(database, schemas, text))
    case 'workflow':
      return run(planWorkflow(database, schemas, text, context.today()))
    case 'related': {
      const plan = planRelated(database, schemas, caller, text)
      return 'rows' in plan ? plan : run(plan)
    }
  }
}

/** Throws `CorebosError` with coreBOS's own code and message, or `Crash`. */
export const evaluateQuery = (
  database: Database,
  caller: Caller,
  statement: string,
  context: QueryContext,
): QueryResult => {
  try {
    return evaluate(database, caller, statement, context)
  } catch (error) {
    // Nested more deeply than the stack holds, which PHP does not survive either.
    throw error instanceof RangeError ? new Crash() : error
  }
}

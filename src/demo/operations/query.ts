/** The query operation; the language itself is in `query/`. */
import { Answer } from '../call.ts'
import { textParameter } from '../parameters.ts'
import type { Handler } from '../call.ts'
import { evaluateQuery } from '../query/evaluate.ts'

export const query: Handler = (call) => {
  const statement = textParameter(call, 'query')
  const context = { url: call.url(), today: call.today }
  const { rows, totalrows } = evaluateQuery(call.database, call.caller, statement, context)
  return new Answer(rows, { totalrows })
}

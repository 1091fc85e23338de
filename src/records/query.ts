/** A statement of the query language, with an answer in JSON types. */
import type { ReadContext } from '../access/context.ts'
import type { Static } from '@sinclair/typebox'
import { parseQuery } from '../query/parse.ts'
import { ask } from '../read/run.ts'
import { prepareDisplay } from './display.ts'
import { presentedRows, type QueryResult } from './presented.ts'

/** @throws GatewayError for which the statement is rejected, or the error of coreBOS */
export async function queryRecords(
  text: string,
  display: boolean,
  context: ReadContext,
): Promise<Static<typeof QueryResult>> {
  const query = parseQuery(text)
  if (display)
    prepareDisplay(context.visible.require(query.module, query.moduleAt).readable.values(), context)
  const { records, columns, total } = await ask(query, context)
  const [presented = []] = await presentedRows([{ records, columns }], display, context)
  return { records: [...presented], ...(total !== undefined && { total }) }
}

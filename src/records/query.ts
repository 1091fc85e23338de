/** A statement of the query language, with an answer in JSON types. */
import type { ReadContext } from '../access/context.ts'
import type { Static } from '@sinclair/typebox'
import { askText } from '../read/run.ts'
import { presentedRows, type QueryResult } from './presented.ts'

/** @throws GatewayError for which the statement is rejected, or the error of coreBOS */
export async function queryRecords(
  text: string,
  display: boolean,
  context: ReadContext,
): Promise<Static<typeof QueryResult>> {
  const { records, columns, total } = await askText(text, context)
  const [presented = []] = await presentedRows([{ records, columns }], display, context)
  return { records: [...presented], ...(total !== undefined && { total }) }
}

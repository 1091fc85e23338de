/** A statement of the query language, answered with JSON types. */
import type { ReadContext } from '../access/context.ts'
import type { Static } from '@sinclair/typebox'
import { askText } from '../read/run.ts'
import { presentedRows, type QueryResult } from './presented.ts'

/** @throws GatewayError what the statement is rejected for, or how coreBOS failed */
export async function queryRecords(
  text: string,
  display: boolean,
  context: ReadContext,
): Promise<Static<typeof QueryResult>> {
  const { records, columns, total } = await askText(text, context)
  const [presented = []] = await presentedRows([{ records, columns }], display, context)
  return { records: [...presented], ...(total !== undefined && { total }) }
}

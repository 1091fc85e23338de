/** A statement of the query language, answered with JSON types. */
import type { ReadContext } from '../access/context.ts'
import type { JsonRow } from '../model/json-value.ts'
import { askText } from '../read/run.ts'
import { jsonRow } from './values.ts'

/** @throws GatewayError what the statement is rejected for, or how coreBOS failed */
export async function queryRecords(
  text: string,
  context: ReadContext,
): Promise<{ records: JsonRow[]; total?: number }> {
  const { records, columns, total } = await askText(text, context)
  return { records: records.map((row) => jsonRow(row, columns)), ...(total !== undefined && { total }) }
}

/** Rows with JSON types as routes return them, with `display` if requested. */
import { Type } from '@sinclair/typebox'
import type { ReadContext } from '../access/context.ts'
import { jsonValueSchema, valueTypes, type JsonValue } from '../model/json-value.ts'
import { displayOf } from './display.ts'
import { Display, type PresentedRow } from './presentation.ts'
import type { Hits } from './search.ts'
import { jsonRow } from './values.ts'

/** A row of a search or of a query. */
export const Row = Type.Unsafe<PresentedRow>(
  Type.Object(
    { display: Type.Optional(Display) },
    {
      title: 'Row',
      additionalProperties: Type.Unsafe<JsonValue>(jsonValueSchema),
      description: `Values by field name. ${valueTypes}`,
      examples: [
        { ticket_title: 'alice ticket 1', ticketstatus: 'Open', hours: 1.5, solution: null, id: '17x8625' },
      ],
    },
  ),
)

export const QueryResult = Type.Object(
  {
    records: Type.Array(Row),
    total: Type.Optional(Type.Integer({ description: 'The number of records without the limit' })),
  },
  { title: 'QueryResult' },
)

type Rows = Pick<Hits, 'records' | 'columns'>

/** Several lists at once, so that a name is looked up once. @throws GatewayError the error of coreBOS */
export async function presentedRows(
  lists: readonly Rows[],
  display: boolean,
  context: ReadContext,
): Promise<readonly PresentedRow[][]> {
  if (!display) return lists.map(({ records, columns }) => records.map((row) => jsonRow(row, columns)))
  const rows = lists.flatMap(({ records, columns }) => records.map((row) => ({ row, fields: columns })))
  const displays = await displayOf(rows, context)
  let next = 0
  return lists.map(({ records, columns }) =>
    records.map((row) => ({ ...jsonRow(row, columns), display: { ...displays[next++] } })),
  )
}

/** The records found in one module. */
interface PresentedHits {
  readonly module: string
  readonly label: string
  readonly total?: number
  readonly records: PresentedRow[]
}

/** @throws GatewayError the error of coreBOS */
export async function presentedHits(
  hits: readonly Hits[],
  display: boolean,
  context: ReadContext,
): Promise<PresentedHits[]> {
  const { language, wording } = context
  const names = hits.map(({ module }) => module)
  const [lists, labels] = await Promise.all([
    presentedRows(hits, display, context),
    display && language !== undefined ? wording.moduleLabels(names, language) : new Map<string, string>(),
  ])
  return hits.map(({ module, label, total }, i) => ({
    module,
    label: labels.get(module) ?? label,
    ...(total !== undefined && { total }),
    records: [...(lists[i] ?? [])],
  }))
}

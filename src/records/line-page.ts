/** A page of the lines of an inventory record: each product or service, read under its own rule, with its line. */
import { Type, type Static } from '@sinclair/typebox'
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { parseFields } from '../query/parse.ts'
import type { Found } from '../read/records-by-id.ts'
import { checkPath } from '../scope/check.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { displayOf, prepareDisplay } from './display.ts'
import { linesOf, type Line } from './lines.ts'
import { readParameter } from './parameter.ts'
import { jsonRow } from './values.ts'

const optionalNumber = Type.Union([Type.Number(), Type.Null()])

export const LineValues = Type.Object(
  {
    sequence_no: Type.Integer({ description: 'The position among the lines of the record, from 1' }),
    quantity: Type.Number(),
    listprice: Type.Number({ description: 'The unit price, before discount and taxes' }),
    discount_percent: optionalNumber,
    discount_amount: optionalNumber,
    comment: Type.String(),
    taxes: Type.Record(Type.String(), Type.Number(), { description: 'Percent, by the names of coreBOS' }),
  },
  {
    description:
      'Of a line of an invoice, a quote or a sales order: the data of the line about the product or service',
  },
)

/** The parameters of a listing that are accepted for lines. */
interface LineListing {
  readonly fields?: string
  readonly limit?: number
  readonly offset?: number
  readonly count?: boolean
  readonly display?: boolean
  readonly lang?: string
}

const accepted = new Set(['fields', 'limit', 'offset', 'count', 'display', 'lang'])

interface LinePage {
  /** With the readable fields of the product or service beside the line. */
  readonly records: readonly { readonly line: Static<typeof LineValues> }[]
  readonly total: number
  readonly hasMore: boolean
}

/**
 * @param view of `Products` or `Services`
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE` for a parameter that lines do not accept, `UNKNOWN_FIELD`
 */
export async function linePage(
  found: Found,
  view: ModuleView,
  listing: LineListing,
  context: ReadContext,
): Promise<LinePage> {
  const rejected = Object.entries(listing).find(([name, value]) => !accepted.has(name) && isGiven(value))?.[0]
  if (rejected !== undefined) {
    const message = `'${rejected}' is not accepted for lines; accepted: ${[...accepted].map((name) => `'${name}'`).join(', ')}`
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', message)
  }
  const { fields, limit = limits.defaultRows, offset = 0, display = false } = listing
  const names =
    fields === undefined
      ? undefined
      : readParameter('fields', () => parseFields(fields)).map((path) => checkPath(path, view).name)
  if (display) prepareDisplay(view.readable.values(), context)
  const lines = (await linesOf(found, context)).filter(({ module }) => module === view.module.name)
  const page = lines.slice(offset, offset + limit)
  const rows = page.map(({ item }) => chosen(item, names))
  const displays = display
    ? await displayOf(
        rows.map((row) => ({ row, fields: view.readable })),
        context,
      )
    : undefined
  return {
    records: page.map(({ values }, i) => ({
      ...jsonRow(rows[i] ?? {}, view.readable),
      ...(displays !== undefined && { display: { ...displays[i] } }),
      line: lineValues(values),
    })),
    total: lines.length,
    hasMore: limit > 0 && offset + limit < lines.length,
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

function chosen(item: Line['item'] = {}, names: readonly string[] | undefined): Row {
  const wanted = names === undefined ? undefined : new Set([...names, 'id'])
  return Object.fromEntries(Object.entries(item).filter(([name]) => wanted?.has(name) !== false))
}

function lineValues(values: Line['values']): Static<typeof LineValues> {
  const number = (name: string): number => Number(values[name] ?? '')
  const optional = (name: string) => ((values[name] ?? '') === '' ? null : number(name))
  const taxes = Object.keys(values).filter((name) => name.startsWith('tax') && values[name] !== '')
  return {
    sequence_no: number('sequence_no'),
    quantity: number('quantity'),
    listprice: number('listprice'),
    discount_percent: optional('discount_percent'),
    discount_amount: optional('discount_amount'),
    comment: values['comment'] ?? '',
    taxes: Object.fromEntries(taxes.map((name) => [name, number(name)])),
  }
}

/** Reads a page of a module's records, or one record, by the parameters of a URL. */
import type { ReadContext } from '../access/context.ts'
import { Type, type Static } from '@sinclair/typebox'
import { displayOf, prepareDisplay } from './display.ts'
import { expanded, fieldsIn, follow, hopsOf, reachedRows, type Hops } from './expand.ts'
import { Display, presentation, type PresentedRow } from './presentation.ts'
import { LineValues } from './line-page.ts'
import { GatewayError } from '../model/errors.ts'
import { conditionOf, FilterParameter } from './filters.ts'
import { readFields, readOrder, readWhere } from './list-parameters.ts'
import { linksOf } from './page-links.ts'
import { readParameter } from './parameter.ts'
import { viewOf } from '../read/records-by-id.ts'
import { askSorted } from '../read/sorted.ts'
import { foundRecords } from '../read/send.ts'
import { toGuide } from '../query/guide.ts'
import { jsonValueSchema, type JsonRow, type JsonValue } from '../model/json-value.ts'
import { limits } from '../model/limits.ts'
import type { FieldShape } from '../model/module.ts'
import { parseExpansions } from '../query/parse.ts'
import * as tree from '../query/tree.ts'
import type { Condition, Limit, Order, Query } from '../query/tree.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { jsonRow } from './values.ts'

const shown = {
  fields: Type.Optional(
    Type.String({
      maxLength: limits.text,
      examples: ['ticket_title,ticketstatus'],
      description: 'Comma-separated field names; default: all readable fields',
    }),
  ),
  expand: Type.Optional(
    Type.String({
      maxLength: limits.text,
      examples: ['parent_id(firstname,lastname),comments'],
      description:
        'Reference fields whose records are included under `expanded`, each visible by its own rule; and `comments`. ' +
        'Parentheses contain the requested fields of these records, and further references: ' +
        '`parent_id(lastname,account_id(accountname))`. A dot is a further reference as well: `parent_id.account_id`. ' +
        `Up to ${limits.hops} in a row. Of owners and authors only the name is available: \`assigned_user_id(name)\``,
    }),
  ),
  ...presentation,
}

export const RecordQuery = Type.Object(shown)
export type Shown = Static<typeof RecordQuery>

export const ListingQuery = Type.Object({
  ...shown,
  where: Type.Optional(
    Type.String({
      maxLength: limits.text,
      examples: ["ticketstatus='Open'"],
      description: `A condition of the ${toGuide}`,
    }),
  ),
  filter: Type.Optional(FilterParameter),
  orderBy: Type.Optional(
    Type.String({
      maxLength: limits.text,
      description: `What stands behind \`order by\` in the ${toGuide}: fields by commas, \`desc\` behind the last one alone`,
    }),
  ),
  sort: Type.Optional(
    Type.String({
      maxLength: limits.text,
      examples: ['-ticketpriorities,createdtime'],
      description:
        'Comma-separated fields, with `-` in front of descending ones. Where coreBOS cannot sort so (a descending field ' +
        `before others), the gateway sorts what it has verified, ${limits.rows.toLocaleString('en')} records at most. Not ` +
        'together with `orderBy`',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.rows, default: limits.defaultRows })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000, default: 0 })),
  count: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Whether to return the number of records without the limit',
    }),
  ),
})
export type Listing = Static<typeof ListingQuery>

export const Listed = Type.Object(
  {
    line: Type.Optional(LineValues),
    display: Type.Optional(Display),
    expanded: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          'The records that `expand` requests, by the names of the fields: a record with its readable fields, or null if the ' +
          'field is empty or points to a record that is not visible; a list for `comments`; `id` and `name` for an owner or ' +
          'author. A record with further references has an `expanded` of its own: `parent_id.account_id` is at ' +
          '`expanded.parent_id.expanded.account_id`',
      }),
    ),
  },
  {
    title: 'Record',
    additionalProperties: Type.Unsafe<JsonValue>(jsonValueSchema),
    description: 'A record with its values by field name, and `null` for empty ones',
    examples: [
      {
        ticket_title: 'alice ticket 1',
        parent_id: '12x8549',
        id: '17x8625',
        expanded: {
          parent_id: {
            lastname: 'Aliceson',
            account_id: '11x8546',
            id: '12x8549',
            expanded: { account_id: { accountname: 'Acme', account_id: null, id: '11x8546' } },
          },
          comments: [],
        },
      },
    ],
  },
)

/** A record as a write returns it. */
export const WrittenRecord = Type.Unsafe<PresentedRow>(Listed)

export const Page = Type.Object(
  {
    records: Type.Array(Listed),
    total: Type.Optional(
      Type.Integer({
        description:
          'With `count=true`: the number of records without the limit. Values with several blanks in a row, `order by` or `limit` are counted up to 10,000 records, and `total` is left out beyond',
      }),
    ),
    next: Type.Optional(
      Type.String({
        description:
          'Where the next records are, as a path from the root of the host with all parameters; absent at the end',
      }),
    ),
    prev: Type.Optional(
      Type.String({ description: 'Where the records before these are; absent at the beginning' }),
    ),
  },
  {
    title: 'RecordPage',
    description: 'The records',
    examples: [
      {
        records: [{ ticket_title: 'alice ticket 1', ticketstatus: 'Open', id: '17x8625' }],
        total: 6,
        next: '/modules/HelpDesk/records?fields=ticket_title%2Cticketstatus&count=true&limit=1&offset=1',
      },
    ],
  },
)

export interface Wanted {
  readonly module: string
  readonly listing: Listing
  /** The condition on the records besides the caller's. */
  readonly within?: Condition
  /** The path of the page itself, as clients use it. */
  readonly path: string
}

/** @throws GatewayError for which a part of the listing is rejected, or the error of coreBOS */
export async function listRecords(
  { module, listing, within, path }: Wanted,
  context: ReadContext,
): Promise<Static<typeof Page>> {
  const { where, filter = [], limit = limits.defaultRows, offset = 0, count = false } = listing
  const view = context.visible.require(module)
  const conditions = [
    within,
    where === undefined ? undefined : readWhere(where, view, context.visible),
    conditionOf(filter, view, context.visible),
  ]
  const { records, total } = await read(
    view,
    listing,
    {
      where: tree.and(...conditions.filter((each) => each !== undefined)),
      orderBy: readOrder(listing, view),
      limit: { offset, count: limit },
    },
    context,
  )
  const hasMore = total === undefined ? records.length === limit : offset + limit < total
  return {
    records,
    ...(count && total !== undefined && { total }),
    ...linksOf({ path, parameters: listing, offset, limit, hasMore }),
  }
}

/** @throws GatewayError `NOT_FOUND`, for which `fields` or `expand` is rejected, or the error of coreBOS */
export async function readRecord(
  id: string,
  shown: Shown,
  context: ReadContext,
): Promise<Static<typeof Listed>> {
  const where = tree.compare(tree.field('id'), '=', tree.text(id))
  const chosen = { where, orderBy: [], limit: { offset: 0, count: 1 } }
  const { records } = await read(viewOf(id, context), shown, chosen, context)
  const found = records.find((each) => 'id' in each && each.id === id)
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

/**
 * A record that was read by its id, as {@link readRecord} returns it.
 *
 * @param record undefined: not visible, so that only its id is returned
 */
export function jsonRecord(
  { id, record }: { readonly id: string; readonly record: Row | undefined },
  context: ReadContext,
): JsonRow {
  return record === undefined ? { id } : jsonRow(record, viewOf(id, context).readable)
}

/** The record with `display`, if requested. @throws GatewayError the error of coreBOS */
export async function presentedRecord(
  { id, record }: { readonly id: string; readonly record: Row | undefined },
  { display = false }: Pick<Shown, 'display'>,
  context: ReadContext,
): Promise<PresentedRow> {
  const json = jsonRecord({ id, record }, context)
  if (record === undefined || !display) return json
  const fields = viewOf(id, context).readable
  const [texts = {}] = await displayOf([{ row: record, fields }], context)
  return { ...json, display: { ...texts } }
}

interface Chosen {
  readonly where: Condition
  readonly orderBy: readonly Order[]
  readonly limit: Limit
}

async function read(
  view: ModuleView,
  { fields, expand: chains, display = false }: Shown,
  chosen: Chosen,
  context: ReadContext,
): Promise<{ records: Static<typeof Listed>[]; total: number | undefined }> {
  const hops =
    chains === undefined
      ? []
      : readParameter('expand', () => hopsOf(parseExpansions(chains), view, context.visible))
  const selection: Query['selection'] =
    fields === undefined ? { kind: 'all' } : selectionOf(fields, hops, view, context)
  const query = tree.query({
    ...chosen,
    selection,
    module: view.module.name,
    moduleAt: tree.nowhere,
  })
  if (display) prepareDisplay(shownFields(selection, view), context)
  const { records: rows, columns, total } = await askSorted(query, context)
  const records = rows.map((row) => jsonRow(row, columns))
  if (hops.length === 0 && !display) return { records, total }
  const found = foundRecords(rows)
  const followed = await follow(hops, found, view, context)
  const reached = display ? [...reachedRows(found, hops, followed, context)] : []
  const displays = display
    ? await displayOf(
        [...rows.map((row) => ({ row, fields: columns })), ...reached.map(([, row]) => row)],
        context,
        followed.found,
      )
    : undefined
  const below = displays && new Map(reached.map(([record], i) => [record, displays[rows.length + i] ?? {}]))
  const under = hops.length === 0 ? undefined : expanded(found, hops, followed, below, context)
  return {
    records: records.map((record, i) => ({
      ...record,
      ...(displays !== undefined && { display: { ...displays[i] } }),
      ...(under !== undefined && { expanded: { ...under[i] } }),
    })),
    total,
  }
}

function shownFields(
  selection: Query['selection'],
  { readable }: ModuleView,
): Iterable<FieldShape | undefined> {
  if (selection.kind !== 'fields') return readable.values()
  return selection.paths.map(({ via, field }) => (via === undefined ? readable.get(field) : undefined))
}

function selectionOf(
  fields: string,
  hops: Hops,
  view: ModuleView,
  { visible }: ReadContext,
): Query['selection'] {
  const paths = [...readFields(fields, view, visible), ...fieldsIn(hops).map((name) => tree.field(name))]
  return { kind: 'fields', paths: Object.freeze(paths), distinct: false }
}

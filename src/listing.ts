/** A page of a module's records, as the parameters of a URL ask for it. */
import { Type, type Static } from '@sinclair/typebox'
import { expand, expandableFields } from './expand.ts'
import { GatewayError } from './errors.ts'
import { ask, type Asker } from './pipeline.ts'
import { limits } from './query/limits.ts'
import { parseCondition, parseFields, parseOrderBy } from './query/parse.ts'
import * as tree from './query/tree.ts'
import type { Condition } from './query/tree.ts'

export const ListingQuery = Type.Object(
  {
    fields: Type.Optional(
      Type.String({
        maxLength: limits.text,
        examples: ['ticket_title,ticketstatus'],
        description: 'Default: all that can be read',
      }),
    ),
    where: Type.Optional(
      Type.String({
        maxLength: limits.text,
        examples: ["ticketstatus='Open'"],
        description: 'A condition of the query language',
      }),
    ),
    orderBy: Type.Optional(
      Type.String({ maxLength: limits.text, examples: ['ticketpriorities,createdtime desc'] }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.rows, default: limits.defaultRows })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000, default: 0 })),
    count: Type.Optional(
      Type.Boolean({ default: false, description: 'Whether to say how many records there are in all' }),
    ),
    expand: Type.Optional(
      Type.String({
        maxLength: limits.text,
        examples: ['parent_id,comments'],
        description:
          'Reference fields whose records come along under `expanded`, null where they are not seen; and `comments`',
      }),
    ),
  },
  { additionalProperties: false },
)
export type Listing = Static<typeof ListingQuery>

const Listed = Type.Object(
  {
    expanded: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'What was asked for by `expand`: a record or null by field, a list for `comments`',
      }),
    ),
  },
  {
    additionalProperties: Type.String(),
    description: 'A record: every value is a text, and nothing is the empty text',
    examples: [{ ticket_title: 'alice ticket 1', ticketstatus: 'Open', id: '17x8625' }],
  },
)

export const Page = Type.Object({
  records: Type.Array(Listed),
  total: Type.Optional(
    Type.Integer({
      description:
        'With `count=true`: the number of records without the limit. Left out where coreBOS counts otherwise than was asked (values with several blanks in a row, `order by` or `limit`)',
    }),
  ),
  next: Type.Optional(Type.String({ description: 'Where the next records are; absent at the end' })),
})

export interface Wanted {
  readonly module: string
  readonly listing: Listing
  /** What the records must meet besides what the caller asks. */
  readonly within?: Condition
  /** The path of the page itself. */
  readonly path: string
}

/** @throws GatewayError what a part of the listing is refused for, or how coreBOS failed */
export async function listRecords(
  { module, listing, within, path }: Wanted,
  asker: Asker,
): Promise<Static<typeof Page>> {
  const { fields, where, orderBy, limit = limits.defaultRows, offset = 0, count = false } = listing
  const view = asker.sight.require(module)
  const wanted = listing.expand === undefined ? [] : namesIn(listing.expand)
  const hops = expandableFields(wanted, view)
  const conditions = [within, where === undefined ? undefined : parseCondition(where)]
  const { records, total } = await ask(
    tree.query({
      selection:
        fields === undefined
          ? { kind: 'all' }
          : {
              kind: 'fields',
              paths: Object.freeze([...parseFields(fields), ...hops.map((name) => tree.field(name))]),
              distinct: false,
            },
      module: view.module.name,
      moduleAt: tree.nowhere,
      where: tree.and(...conditions.filter((each) => each !== undefined)),
      orderBy: orderBy === undefined ? [] : parseOrderBy(orderBy),
      limit: { offset, count: limit },
    }),
    asker,
  )
  const expanded = wanted.length === 0 ? undefined : await expand(wanted, records, view, asker)
  const end = offset + limit
  const hasMore = limit > 0 && (total === undefined ? records.length === limit : end < total)
  return {
    records: records.map((record, i) => ({
      ...record,
      ...(expanded !== undefined && { expanded: { ...expanded[i] } }),
    })),
    ...(count && total !== undefined && { total }),
    ...(hasMore && { next: `${path}?${after(listing, end, limit)}` }),
  }
}

function namesIn(text: string): readonly string[] {
  return parseFields(text).map(({ field, via, reference }) => {
    if (via === undefined && reference === undefined) return field
    throw new GatewayError('INVALID_VALUE', "'expand' takes the names of fields")
  })
}

function after(listing: Listing, offset: number, limit: number): string {
  const { fields, where, orderBy, expand, count = false } = listing
  return new URLSearchParams({
    ...(fields !== undefined && { fields }),
    ...(where !== undefined && { where }),
    ...(orderBy !== undefined && { orderBy }),
    ...(expand !== undefined && { expand }),
    ...(count && { count: 'true' }),
    limit: String(limit),
    offset: String(offset),
  }).toString()
}

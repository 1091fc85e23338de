/** `getRelatedRecords`: records, lines and comments that belong to a record which the contact sees. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { parseOrderBy } from '../query/parse.ts'
import type * as tree from '../query/tree.ts'
import { find, viewOf, type Found } from '../read/records-by-id.ts'
import { ask } from '../read/run.ts'
import { commentsOn, isKeptApart, type Comment } from '../records/comments.ts'
import { areLines, linesOf, type Line } from '../records/lines.ts'
import { relatedTo } from '../records/related.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import type { Input, WebserviceContext } from './call.ts'
import { closedModule, result, type Result } from './envelope.ts'
import { escaped } from './markup.ts'
import { isObject, type Parameter } from './php.ts'
import { recordsOf } from './read.ts'

/**
 * Both ends are under their rules: the record must be the contact's to see, and so must each that is related to it.
 * Rows go by the names of fields; coreBOS's own go by those of columns, which no description ties to a field.
 */
export async function getRelatedRecords(input: Input, client: WebserviceContext): Promise<Result> {
  const { context } = client
  const id = input.text('id')
  const parent = viewOf(id, context)
  const module = input.text('module')
  if (module.toLowerCase() !== parent.module.name.toLowerCase()) throw closedModule(module)
  const related = context.visible.require(input.text('relatedModule'))
  const listing = listingIn(input.json('queryParameters'))
  const found = await find(id, context)
  if (areLines(related, parent)) return result({ records: await lineRows(found, related, listing, client) })
  if (related.module.name === 'ModComments' && isKeptApart(parent.module.name))
    return result({ records: await commentRows(found, listing, client) })
  if (listing.discriminator !== '' && related.module.name === 'Products')
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      `'productDiscriminator' is for lines, which ${parent.module.name} do not have`,
    )
  const where = await relatedTo(found, related, context)
  const { limit, orderBy } = listing
  const { records } = await ask(recordsOf(related, where, { limit, orderBy }), context)
  return result({ records })
}

interface Listing {
  readonly limit: tree.Limit
  readonly orderBy: readonly tree.Order[]
  /** Empty if the caller does not name one. */
  readonly discriminator: string
}

/** `limit`, `offset` and `orderby` of a list; coreBOS takes the last one into its SQL, here it is read. */
function listingIn(parameters: Parameter | undefined): Listing {
  const given = parameters ?? {}
  if (!isObject(given)) throw new GatewayError('BAD_REQUEST', "'queryParameters' is an object")
  const text = (name: string): string => {
    const value = given[name] ?? ''
    if (typeof value === 'object') throw new GatewayError('BAD_REQUEST', `'${name}' is a text`)
    return String(value).trim()
  }
  const number = (name: string, otherwise: number): number => {
    const value = text(name)
    if (value === '') return otherwise
    if (!/^[0-9]{1,9}$/.test(value)) throw new GatewayError('INVALID_VALUE', `'${name}' is a whole number`)
    return Number(value)
  }
  const orderBy = text('orderby')
  return {
    limit: { offset: number('offset', 0), count: number('limit', limits.rows) },
    orderBy: orderBy === '' ? [] : parseOrderBy(orderBy.replace(/^order +by +/i, '')),
    discriminator: text('productDiscriminator'),
  }
}

/** @throws GatewayError if an order is requested: lines and comments have one of their own */
function part<T>(rows: readonly T[], { limit: { offset, count }, orderBy }: Listing): readonly T[] {
  if (orderBy.length > 0)
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      "'orderby' is for records; lines and comments have an order of their own",
    )
  return rows.slice(offset, offset + count)
}

/** As coreBOS, all lines under `Products`; under `Services` those that are services. */
async function lineRows(
  found: Found,
  related: ModuleView,
  listing: Listing,
  { context }: WebserviceContext,
): Promise<Row[]> {
  const lines = await linesOf(found, context)
  const wanted =
    related.module.name === 'Products' ? lines : lines.filter(({ module }) => module === related.module.name)
  return part(wanted, listing).map(lineRow)
}

/** Values of the line take precedence over those of the product. */
function lineRow({ listedAs, values, item }: Line): Row {
  return { ...item, ...values, id: listedAs, productid: listedAs, linetype: 'Products' }
}

async function commentRows(found: Found, listing: Listing, { context }: WebserviceContext): Promise<Row[]> {
  const { id, view } = found
  const comments = (await commentsOn([id], view, context)).get(id.text) ?? []
  return part(comments, listing).map((comment) => commentRow(comment, id.text, view))
}

/** The names that coreBOS gives to comments which it keeps apart from its records. */
function commentRow(
  { id = '0', author, time, text }: Comment,
  recordId: string,
  { module }: ModuleView,
): Row {
  const creator = author.id ?? '0'
  const common = {
    creator,
    assigned_user_id: creator,
    setype: module.name === 'Faq' ? 'FaqComments' : 'TicketComments',
    createdtime: time,
    modifiedtime: time,
    id,
    commentcontent: escaped(text),
    related_to: recordId,
    parent_comments: '',
  }
  if (author.kind === 'unknown') return common
  const { name } = author
  const names = { owner_name: name, owner_firstname: name, owner_lastname: '' }
  const creators = { creator_name: name, creator_firstname: name, creator_lastname: '' }
  return { ...common, ownertype: author.kind === 'contact' ? 'customer' : 'user', ...names, ...creators }
}

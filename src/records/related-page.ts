/** A page of the records that are related to a record, or of the lines of an inventory record. */
import type { Static } from '@sinclair/typebox'
import type { ReadContext } from '../access/context.ts'
import { limits } from '../model/limits.ts'
import { find } from '../read/records-by-id.ts'
import { linePage } from './line-page.ts'
import { areLines } from './lines.ts'
import { listRecords, type Page, type Wanted } from './list.ts'
import { linksOf } from './page-links.ts'
import { relatedTo } from './related.ts'

/** @throws GatewayError `NOT_FOUND`, for which a part of the listing is rejected, or the error of coreBOS */
export async function listRelated(
  id: string,
  { module, listing, path }: Omit<Wanted, 'within'>,
  context: ReadContext,
): Promise<Static<typeof Page>> {
  const found = await find(id, context)
  const view = context.visible.require(module)
  if (!areLines(view, found.view)) {
    const within = await relatedTo(found, view, context)
    return listRecords({ module, listing, within, path }, context)
  }
  const { records, total, hasMore } = await linePage(found, view, listing, context)
  const { limit = limits.defaultRows, offset = 0, count = false } = listing
  return {
    records: [...records],
    ...(count && { total }),
    ...linksOf({ path, parameters: listing, offset, limit, hasMore }),
  }
}

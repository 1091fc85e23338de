/** The condition on records of a module that are related to a record. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import type { ReadContext } from '../access/context.ts'
import { isKeptApart } from './comments.ts'
import { parseId } from '../model/webservice-id.ts'
import { GatewayError } from '../model/errors.ts'
import { relatedIds, type Found } from '../read/records-by-id.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import { referenceTo } from '../scope/check.ts'
import type { ModuleView } from '../scope/view.ts'

/**
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE` if coreBOS knows no relation between the two modules, or the related
 * items are not records
 */
export async function relatedTo(found: Found, view: ModuleView, context: ReadContext): Promise<Condition> {
  const parent = found.view.module.name
  if (view.module.name === 'ModComments' && isKeptApart(parent)) {
    const message = `comments on ${parent} are not records; read them at /records/${found.id.text}/comments`
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', message)
  }
  const isTied = view.decision.rule.ties?.relation.includes(parent) === true
  if (isTied || referenceTo(view, parent) !== undefined)
    return tree.related(parent, found.id.text, tree.nowhere)
  const ids = await relatedIds(found, view, context).catch((error: unknown) => {
    if (!(error instanceof CorebosRejection)) throw error
    const message = `${view.module.name} are not related to ${parent}`
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', message, { cause: error })
  })
  // The lines of an invoice are identified by the invoice's own number.
  if (ids.some((id) => parseId(id)?.number === parseId(found.id.text)?.number)) {
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', `${view.module.name} of ${parent} are lines, not records`)
  }
  return ids.length === 0 ? tree.constant(false) : tree.among('id', ids)
}

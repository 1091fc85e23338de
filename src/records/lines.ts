/**
 * The lines of inventory records: the products and services of an invoice, a quote or a sales order. They are part of a
 * visible record; the fields of a product or service are read under that record's own rule.
 */
import type { PricedLine, ReadContext } from '../access/context.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import type { InventoryLine } from '../model/inventory-line.ts'
import { parseId } from '../model/webservice-id.ts'
import { recordsById, type Found } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'

export interface Line extends Omit<InventoryLine, 'item'> {
  /** `Products` or `Services`; undefined if coreBOS does not name the item. */
  readonly module: string | undefined
  /** The product or service; undefined if the contact does not see it. */
  readonly item: Row | undefined
}

const inventory = new Set(['Invoice', 'Quotes', 'SalesOrder', 'PurchaseOrder'])
const items = new Set(['Products', 'Services'])

/** Whether the records of one module are lines of those of another. */
export function areLines(related: ModuleView, parent: ModuleView): boolean {
  return inventory.has(parent.module.name) && items.has(related.module.name)
}

/** Whether the lines of a module's records are shown: a rule that lists its fields does not include them. */
function hasLines({ module, decision: { rule } }: ModuleView): boolean {
  return inventory.has(module.name) && rule.only === undefined
}

/**
 * @param found a visible record, with the view of its module
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE` if the rule of the record does not show its lines
 */
export async function linesOf(
  { id, view }: Pick<Found, 'id' | 'view'>,
  context: ReadContext,
): Promise<readonly Line[]> {
  const { name } = view.module
  if (!hasLines(view)) {
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', `the lines of ${name} are not shown`)
  }
  const { number } = parseId(id.text) ?? {}
  const lines: InventoryLine[] = []
  for (const line of await context.reader.lines(id, name, readBy(view))) {
    if (parseId(line.listedAs)?.number === number) lines.push(line)
    else context.withheld([{ id: line.listedAs, failed: `a line of '${id.text}'` }], view.decision.rule.name)
  }
  const ids = lines.map(({ item }) => itemId(item, context))
  const seen = await recordsById(
    ids.filter((each) => each !== undefined),
    context,
  )
  return lines.map(({ item, ...line }, i) => ({
    ...line,
    module: item?.module,
    item: seen.get(ids[i] ?? '')?.row,
  }))
}

function itemId(item: InventoryLine['item'], { visible: { modules } }: ReadContext): string | undefined {
  const prefix = item === undefined ? undefined : modules.byName(item.module)?.idPrefix
  return item === undefined || prefix === undefined ? undefined : `${prefix}x${item.recordNumber}`
}

/** The lines of a visible record from `retrieve` of coreBOS; undefined if it has none to show. */
export async function pricedLinesOf(
  id: ClearedId,
  view: ModuleView,
  context: ReadContext,
): Promise<readonly PricedLine[] | undefined> {
  return hasLines(view) ? context.reader.pricedLines(id, readBy(view)) : undefined
}

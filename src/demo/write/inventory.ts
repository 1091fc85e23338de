/** Product lines of invoices, quotes and orders, and the sums over them. */
import { isObject } from '../parameters.ts'
import type { UserCall } from '../call.ts'
import { emptyValue } from '../database.ts'
import type { CrmRecord, ProductLine, Value } from '../database.ts'
import { numberOf } from '../dataset.ts'
import { TAXES } from '../product-rows.ts'
import type { Saved } from './saved.ts'
import { cbuuidOf } from './identity.ts'

interface Line {
  readonly product: number
  readonly quantity: number
  readonly price: number
  readonly discountPercent: number
  readonly discountAmount: number
  readonly comment: string
}

const amount = (value: unknown): number => {
  const parsed = typeof value === 'string' || typeof value === 'number' ? Number(value) : 0
  return Number.isFinite(parsed) ? parsed : 0
}

const readLines = (given: unknown): Line[] => {
  const lines = Array.isArray(given) ? given.filter(isObject) : []
  return lines.map((line) => {
    const isPercent = line['discount_type'] === 'percentage'
    const discounted = amount(line['discount']) !== 0
    const id = line['productid']
    return {
      product:
        typeof id === 'string' || typeof id === 'number'
          ? numberOf(`x${String(id).split('x').pop() ?? ''}`)
          : 0,
      quantity: amount(line['qty']),
      price: amount(line['listprice']),
      discountPercent: discounted && isPercent ? amount(line['discount_percentage']) : 0,
      discountAmount: discounted && !isPercent ? amount(line['discount_amount']) : 0,
      comment: typeof line['comment'] === 'string' ? line['comment'] : '',
    }
  })
}

const gross = ({ quantity, price }: Line): number => quantity * price

const discount = (line: Line): number => (gross(line) * line.discountPercent) / 100 + line.discountAmount

const money = (value: number): string => value.toFixed(6)

const sums = (lines: readonly Line[]): Record<string, string> => {
  const total = (of: (line: Line) => number): number => lines.reduce((sum, line) => sum + of(line), 0)
  const net = total(gross) - total(discount)
  const taxes = Object.values(TAXES).map((rate) => (net * Number(rate)) / 100)
  const tax = taxes.reduce((sum, value) => sum + value, 0)
  return {
    hdnSubTotal: money(net),
    hdnGrandTotal: money(net + tax),
    pl_gross_total: money(total(gross)),
    pl_dto_line: money(total(discount)),
    pl_dto_total: money(total(discount)),
    pl_net_total: money(net),
    sum_nettotal: money(net),
    pl_grand_total: money(net + tax),
    sum_tax1: money(taxes[0] ?? 0),
    sum_tax2: money(taxes[1] ?? 0),
    sum_tax3: money(taxes[2] ?? 0),
    sum_taxtotal: money(tax),
  }
}

const insertDetail = (
  call: UserCall,
  document: CrmRecord,
  line: Line,
  sequence: number,
  item: number,
): void => {
  const { database } = call
  const module = database.module('InventoryDetails')
  if (module === undefined) return
  const stock = database.entity(line.product)?.values.get('qtyinstock') ?? '0'
  const net = gross(line) - discount(line)
  const values: Record<string, Value> = {
    productid: String(line.product),
    related_to: String(document.number),
    account_id: document.values.get('account_id') ?? '0',
    contact_id: document.values.get('contact_id') ?? '0',
    sequence_no: String(sequence),
    lineitem_id: String(item),
    quantity: line.quantity.toFixed(3),
    listprice: money(line.price),
    tax_percent: '0.000',
    extgross: money(gross(line)),
    discount_percent: line.discountPercent.toFixed(3),
    discount_amount: money(line.discountAmount),
    extnet: money(net),
    linetax: money(0),
    linetotal: money(net),
    units_delivered_received: '0.000',
    assigned_user_id: String(call.caller.user.number),
    createdtime: document.values.get('createdtime') ?? null,
    modifiedtime: document.values.get('modifiedtime') ?? null,
    cost_price: money(0),
    cost_gross: money(0),
    total_stock: Number(stock).toFixed(6),
    created_user_id: String(call.caller.user.number),
    remaining_units: line.quantity.toFixed(2),
    description: line.comment,
    id_tax1_perc: TAXES.tax1,
    id_tax2_perc: TAXES.tax2,
    id_tax3_perc: TAXES.tax3,
  }
  const number = database.nextNumber()
  database.insert({
    number,
    module: module.name,
    values: new Map(
      module.fields.map((field) => [field.name, values[field.name] ?? emptyValue(module.name, field)]),
    ),
    cbuuid: cbuuidOf(number, module.name),
    deleted: false,
  })
}

/** An invoice takes its quantities from the stock. */
const takeFromStock = (call: UserCall, document: CrmRecord, line: Line): void => {
  const product = call.database.entity(line.product)
  if (document.module !== 'Invoice' || product?.module !== 'Products') return
  const stock = Number(product.values.get('qtyinstock') ?? '0') - line.quantity
  product.values.set('qtyinstock', stock.toFixed(3))
}

const productLine = (document: number, line: Line, sequence: number): ProductLine => ({
  document,
  product: line.product,
  sequence: String(sequence),
  quantity: line.quantity.toFixed(3),
  listprice: money(line.price),
  discount_percent: line.discountPercent === 0 ? '' : line.discountPercent.toFixed(3),
  discount_amount: line.discountAmount === 0 ? '' : money(line.discountAmount),
  comment: line.comment,
})

/** A save without lines leaves them and the sums alone. */
export const saveLines = (call: UserCall, { record, element, before }: Saved): void => {
  if (before !== undefined && !('pdoInformation' in element)) return
  const { database } = call
  const lines = readLines(element['pdoInformation'])
  for (const name of record.values.keys()) {
    // Without lines nothing is summed, and the columns stay NULL.
    if (lines.length === 0 && /^(pl|sum)_/.test(name)) record.values.set(name, null)
  }
  if (lines.length > 0)
    for (const [name, value] of Object.entries(sums(lines))) record.values.set(name, value)
  if ((record.values.get('hdnTaxType') ?? '') === '') record.values.set('hdnTaxType', 'group')
  const others = database.productLines.filter(({ document }) => document !== record.number)
  database.productLines.splice(0, database.productLines.length, ...others)
  for (const [index, line] of lines.entries()) {
    database.productLines.push(productLine(record.number, line, index + 1))
    takeFromStock(call, record, line)
    insertDetail(call, record, line, index + 1, database.count('lineitems'))
  }
}

/** Rows of the product lines of a sales document, as `getRelatedRecords` shows them. */
import type { CrmRecord, Database, ProductLine, Value } from './database.ts'
import { doubled } from './doubled.ts'

const SERVICE_COLUMNS = [
  'serviceid',
  'service_no',
  'servicename',
  'servicecategory',
  'qty_per_unit',
  'unit_price',
  'sales_start_date',
  'sales_end_date',
  'start_date',
  'expiry_date',
  'discontinued',
  'service_usageunit',
  'website',
  'taxclass',
  'currency_id',
  'commissionrate',
  'cost_price',
  'divisible',
]

const PRODUCT_COLUMNS = [
  'productid',
  'product_no',
  'productname',
  'productcode',
  'productcategory',
  'manufacturer',
  'qty_per_unit',
  'unit_price',
  'weight',
  'pack_size',
  'sales_start_date',
  'sales_end_date',
  'start_date',
  'expiry_date',
  'cost_factor',
  'commissionrate',
  'commissionmethod',
  'discontinued',
  'usageunit',
  'reorderlevel',
  'website',
  'taxclass',
  'mfr_part_no',
  'vendor_part_no',
  'serialno',
  'qtyinstock',
  'productsheet',
  'qtyindemand',
  'glacct',
  'vendor_id',
  'imagename',
  'currency_id',
  'cost_price',
  'divisible',
]

/** The taxes of every product: VAT, sales and service tax. */
export const TAXES = { tax1: '4.500', tax2: '10.000', tax3: '12.500' } as const

const columnsOf = (
  record: CrmRecord | undefined,
  names: readonly string[],
  key: string,
): { name: string; raw: Value }[] =>
  names.map((name) => {
    if (record === undefined) return { name, raw: '' }
    if (name === key) return { name, raw: String(record.number) }
    if (name === 'currency_id') return { name, raw: '1' }
    return { name, raw: record.values.get(name === 'serialno' ? 'serial_no' : name) ?? '' }
  })

const lineItem = (database: Database, line: ProductLine): string => {
  const detail = database
    .records('InventoryDetails')
    .find(
      ({ values }) =>
        values.get('related_to') === String(line.document) &&
        values.get('productid') === String(line.product) &&
        values.get('sequence_no') === line.sequence,
    )
  return detail?.values.get('lineitem_id') ?? '0'
}

export const productLineRow = (database: Database, line: ProductLine): Map<string, unknown> => {
  const item = database.entity(line.product)
  const service = item?.module === 'Services' ? item : undefined
  const product = item?.module === 'Products' ? item : undefined
  const row = doubled([
    { name: 'id', raw: String(line.document) },
    { name: 'productid', raw: String(line.product) },
    { name: 'sequence_no', raw: line.sequence },
    { name: 'quantity', raw: line.quantity },
    { name: 'listprice', raw: line.listprice },
    { name: 'discount_percent', raw: line.discount_percent },
    { name: 'discount_amount', raw: line.discount_amount },
    { name: 'comment', raw: line.comment },
    { name: 'description', raw: '' },
    { name: 'incrementondel', raw: database.entity(line.document)?.module === 'Invoice' ? '1' : '0' },
    { name: 'lineitem_id', raw: lineItem(database, line) },
    ...Object.entries(TAXES).map(([name, raw]) => ({ name, raw })),
    ...columnsOf(service, SERVICE_COLUMNS, 'serviceid'),
    ...columnsOf(product, PRODUCT_COLUMNS, 'productid'),
    { name: 'sequence_no', raw: line.sequence },
  ])
  // The number of the document is taken for that of a product, and its record for the row's.
  const id = `${database.module('Products')?.prefix ?? ''}x${line.document}`
  row.set('id', id)
  row.set('vendor_id', '')
  row.set('cbuuid', database.entity(line.document)?.cbuuid ?? '')
  row.delete('productid')
  row.set('productid', id)
  row.set('linetype', 'Products')
  return row
}

/** A line of an inventory record (invoice, quote, sales order): the sale of one product or service. */
export interface InventoryLine {
  /** What is sold; undefined where coreBOS does not name it. The record number is the part behind the `x` of its id. */
  readonly item: { readonly module: 'Products' | 'Services'; readonly recordNumber: string } | undefined
  /** Webservice id under which coreBOS lists the line: the prefix of products with the number of the document. */
  readonly listedAs: string
  /** Quantity, price, discounts, taxes and comment by the names of coreBOS's columns, as texts; empty where not set. */
  readonly values: Readonly<Record<string, string>>
}

/** A line of an inventory record (invoice, quote, sales order): the sale of one product or service. */
export interface InventoryLine {
  /**
   * The product or service; undefined if coreBOS does not name it. The record number is the part of its id after the
   * `x`.
   */
  readonly item: { readonly module: 'Products' | 'Services'; readonly recordNumber: string } | undefined
  /** The webservice id of the line in coreBOS: the prefix of products with the number of the document. */
  readonly listedAs: string
  /** Quantity, price, discounts, taxes and comment by the names of coreBOS's columns, as texts; empty where not set. */
  readonly values: Readonly<Record<string, string>>
}

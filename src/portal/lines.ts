/** Lines of invoices, quotes and orders, from the products and services that the gateway gives with them. Pure. */
import type { Item } from './types.ts'

export interface Line {
  readonly sequence: number
  readonly name: string
  readonly comment: string
  readonly quantity: number
  readonly price: number
  readonly discountPercent: number
  readonly discountAmount: number
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const numberIn = (value: unknown): number => (typeof value === 'number' ? value : 0)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export function linesFrom(items: readonly Item[]): readonly Line[] {
  return items
    .flatMap((item): Line[] => {
      const { line } = item
      if (!isObject(line)) return []
      return [
        {
          sequence: numberIn(line['sequence_no']),
          name: textOf(item['productname']) || textOf(item['servicename']) || item.id,
          comment: textOf(line['comment']),
          quantity: numberIn(line['quantity']),
          price: numberIn(line['listprice']),
          discountPercent: numberIn(line['discount_percent']),
          discountAmount: numberIn(line['discount_amount']),
        },
      ]
    })
    .toSorted((one, other) => one.sequence - other.sequence)
}

/** Before tax. */
export function amountOf(line: Line): number {
  return line.quantity * line.price - discountOf(line)
}

export function discountOf({ quantity, price, discountPercent, discountAmount }: Line): number {
  return discountAmount + (quantity * price * discountPercent) / 100
}

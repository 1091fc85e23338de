/** Parses `sort` of a list: comma-separated fields, each with a minus sign before it for descending order. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import * as tree from './tree.ts'
import type { Order } from './tree.ts'

const item = /^(-?)([A-Za-z_][A-Za-z0-9_]*)$/

/** @throws GatewayError `QUERY_SYNTAX`, `QUERY_TOO_LARGE` */
export function parseSort(text: string): Order[] {
  const items = text.split(',')
  if (items.length > limits.orders) {
    const bound = `'sort' takes ${limits.orders} fields at most; ${items.length} were received`
    throw new GatewayError('QUERY_TOO_LARGE', bound)
  }
  return items.map((each) => {
    const [, minus, name] = item.exec(each.trim()) ?? []
    if (name === undefined) {
      const accepted = "comma-separated field names are accepted, with '-' in front of a descending one"
      throw new GatewayError('QUERY_SYNTAX', `'${each}' is not a field to sort by; ${accepted}`)
    }
    return Object.freeze({ path: tree.field(name), direction: minus === '-' ? 'desc' : 'asc' })
  })
}

/** Whether coreBOS can sort in this order: it accepts one direction, which it applies to the last field alone. */
export function isSortedByCorebos(orders: readonly Order[]): boolean {
  return orders.slice(0, -1).every(({ direction }) => direction === 'asc')
}

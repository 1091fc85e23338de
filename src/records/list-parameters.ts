/** Checks the parameters of a list against the view of the contact. Each error names its parameter. */
import { GatewayError } from '../model/errors.ts'
import { parseCondition, parseFields, parseOrderBy } from '../query/parse.ts'
import { isSortedByCorebos, parseSort } from '../query/sort.ts'
import type { Condition, FieldPath, Order } from '../query/tree.ts'
import { checkCondition, checkPath, referenceOf } from '../scope/check.ts'
import { requireField, type ModuleView, type VisibleModules } from '../scope/view.ts'
import { readParameter } from './parameter.ts'

/** @throws GatewayError */
export function readWhere(text: string, view: ModuleView, visible: VisibleModules): Condition {
  return readParameter('where', () => {
    const condition = parseCondition(text)
    // Checked here for the name of the parameter; the whole query is checked again.
    checkCondition(condition, view, visible)
    return condition
  })
}

/** @throws GatewayError */
export function readFields(text: string, view: ModuleView, visible: VisibleModules): FieldPath[] {
  return readParameter('fields', () => {
    const paths = parseFields(text)
    for (const path of paths) requirePath(path, view, visible)
    return paths
  })
}

function requirePath(path: FieldPath, view: ModuleView, visible: VisibleModules): void {
  const other = path.via === undefined ? view : visible.require(path.via, path.at)
  if (other !== view) referenceOf(path, view, other)
  requireField(other, path.field, path.at)
}

/** @throws GatewayError `VALIDATION_FAILED` for both, and for which one of them is rejected */
export function readOrder(
  { orderBy, sort }: { readonly orderBy?: string | undefined; readonly sort?: string | undefined },
  view: ModuleView,
): readonly Order[] {
  if (sort !== undefined) {
    if (orderBy !== undefined) {
      const message = "'sort' and 'orderBy' were received; one of them is accepted"
      throw new GatewayError('VALIDATION_FAILED', message, { errors: [{ parameter: 'sort', message }] })
    }
    return readParameter('sort', () => checked(parseSort(sort), view))
  }
  if (orderBy === undefined) return []
  return readParameter('orderBy', () => {
    const orders = checked(parseOrderBy(orderBy), view)
    if (isSortedByCorebos(orders)) return orders
    const message =
      "only the last field of 'order by' can be descending; 'sort' takes any mixture of directions"
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', message)
  })
}

function checked(orders: readonly Order[], view: ModuleView): readonly Order[] {
  for (const { path } of orders) checkPath(path, view)
  return orders
}

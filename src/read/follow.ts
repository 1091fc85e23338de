/** Reads the records that reference columns point to, with one query for each module. */
import type { ReadContext } from '../access/context.ts'
import { mapLimited } from '../model/map-limited.ts'
import * as tree from '../query/tree.ts'
import { allIds } from '../scope/check.ts'
import { ofGateway } from '../scope/plan.ts'
import type { Column } from '../scope/selection.ts'
import type { Referenced } from '../scope/shape.ts'
import type { Row } from '../scope/verify.ts'
import { planOf } from './look-up.ts'
import { sendPlan } from './send.ts'

/** @throws GatewayError the error of coreBOS */
export async function follow(
  columns: readonly Column[],
  rows: readonly Row[],
  context: ReadContext,
): Promise<Referenced> {
  const fields = new Map<string, Set<string>>()
  const wanted = new Map<string, Set<string>>()
  for (const { field, hop } of columns) {
    if (hop === undefined) continue
    const ids = wanted.get(hop.module) ?? new Set<string>()
    const prefix = context.visible.require(hop.module).module.idPrefix
    for (const row of rows) {
      const id = row[field] ?? ''
      if (id.startsWith(`${prefix}x`)) ids.add(id)
    }
    wanted.set(hop.module, ids)
    fields.set(hop.module, (fields.get(hop.module) ?? new Set<string>()).add(hop.field))
  }
  const referenced = await mapLimited(wanted, async ([module, ids]) => {
    if (ids.size === 0) return [module, new Map<string, Row>()] as const
    const query = tree.select(module, [...(fields.get(module) ?? [])], tree.among('id', [...ids]), allIds)
    const { rows } = await sendPlan(await planOf(query, context, ofGateway()), context)
    return [module, new Map(rows.map((row) => [row['id'] ?? '', row]))] as const
  })
  return new Map(referenced)
}

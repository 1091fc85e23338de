/** The names of records, for answers that show what a reference points to: each under its own rule. */
import { fewAtOnce } from '../few-at-once.ts'
import { ask, byModule } from '../pipeline.ts'
import { limits } from '../query/limits.ts'
import * as tree from '../query/tree.ts'
import type { Row } from '../scope/verify.ts'
import type { View } from '../scope/view.ts'
import type { Visitor } from './call.ts'
import type { Parameter } from './php.ts'

export interface Labelled {
  readonly module: string
  readonly label: string
}

/** The fields that name a module's records, as far as the contact may read them. */
export function readableLabelFields({ module, readable }: View, visitor: Visitor): string[] {
  return visitor.labelFields(module.name).filter((name) => readable.has(name))
}

export function labelOf(row: Row, fields: readonly string[]): string {
  return fields
    .map((name) => row[name] ?? '')
    .join(' ')
    .trim()
}

/** By webservice id; what the contact may not see is not among them. */
export async function labelsOf(
  ids: Iterable<string>,
  visitor: Visitor,
): Promise<ReadonlyMap<string, Labelled>> {
  const { asker } = visitor
  const found = await fewAtOnce(byModule(ids, asker), async ([view, wanted]) => {
    const fields = readableLabelFields(view, visitor)
    const { records } = await ask(
      tree.select(view.module.name, [...fields, 'id'], tree.among('id', wanted), {
        limit: { offset: 0, count: Math.min(wanted.length, limits.rows) },
      }),
      asker,
    )
    return records.map(
      (row) => [row['id'] ?? '', { module: view.module.name, label: labelOf(row, fields) }] as const,
    )
  })
  return new Map(found.flat())
}

/** Rows with what their references point to under `…ename`, as `retrieve` gives them. */
export async function withReferences(
  rows: readonly Row[],
  view: View,
  visitor: Visitor,
): Promise<{ readonly [name: string]: Parameter }[]> {
  const references = [...view.readable.values()].filter(({ type }) => type === 'reference')
  const ids = rows.flatMap((row) => references.map(({ name }) => row[name] ?? ''))
  const labels = await labelsOf(ids, visitor)
  return rows.map((row) => ({
    ...row,
    ...Object.fromEntries(
      references.flatMap(({ name }) => {
        const labelled = labels.get(row[name] ?? '')
        if (labelled === undefined) return []
        return [[`${name}ename`, { module: labelled.module, reference: labelled.label, cbuuid: '' }]]
      }),
    ),
  }))
}

/** The names of referenced records in answers: each under its own rule. */
import { mapLimited } from '../model/map-limited.ts'
import { byModule } from '../read/records-by-id.ts'
import { ask } from '../read/run.ts'
import { limits } from '../model/limits.ts'
import * as tree from '../query/tree.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import type { WebserviceContext } from './call.ts'
import type { Parameter } from './php.ts'

export interface Labelled {
  readonly module: string
  readonly label: string
}

/** The fields that name a module's records, as far as the contact may read them. */
export function readableLabelFields({ module, readable }: ModuleView, client: WebserviceContext): string[] {
  return client.labelFields(module.name).filter((name) => readable.has(name))
}

export function labelOf(row: Row, fields: readonly string[]): string {
  return fields
    .map((name) => row[name] ?? '')
    .join(' ')
    .trim()
}

/** By webservice id; without records that the contact may not see. */
export async function labelsOf(
  ids: Iterable<string>,
  client: WebserviceContext,
): Promise<ReadonlyMap<string, Labelled>> {
  const { context } = client
  const found = await mapLimited(byModule(ids, context), async ([view, wanted]) => {
    const fields = readableLabelFields(view, client)
    const { records } = await ask(
      tree.select(view.module.name, [...fields, 'id'], tree.among('id', wanted), {
        limit: { offset: 0, count: Math.min(wanted.length, limits.rows) },
      }),
      context,
    )
    return records.map(
      (row) => [row['id'] ?? '', { module: view.module.name, label: labelOf(row, fields) }] as const,
    )
  })
  return new Map(found.flat())
}

/** Rows with the names of their references under `…ename`, as in `retrieve`. */
export async function withReferences(
  rows: readonly Row[],
  view: ModuleView,
  client: WebserviceContext,
): Promise<{ readonly [name: string]: Parameter }[]> {
  const references = [...view.readable.values()].filter(({ type }) => type === 'reference')
  const ids = rows.flatMap((row) => references.map(({ name }) => row[name] ?? ''))
  const labels = await labelsOf(ids, client)
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

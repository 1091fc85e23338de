/** `Products where related.Invoice='…'`: the product lines of a sales document in place of products. */
import { trim } from '../php-text.ts'
import type { CrmRecord, Database } from '../database.ts'
import { productLineRow } from '../product-rows.ts'
import type { QueryResult } from './run.ts'
import type { Row } from './row.ts'
import type { Schemas } from './schema.ts'
import { node } from './sql/operators.ts'
import { runSelect } from './sql/select.ts'
import { databaseError } from './sql/values.ts'

/** A line as the database's row, with the columns of its product and its service. */
const lineRecord = (database: Database, document: CrmRecord, index: number): CrmRecord | undefined => {
  const line = database.productLines.filter((held) => held.document === document.number)[index]
  if (line === undefined) return undefined
  const values = new Map<string, string>([
    ['id', String(document.number)],
    ['productid', String(line.product)],
  ])
  for (const [key, value] of productLineRow(database, line)) {
    if (/^\d+$/.test(key) || ['cbuuid', 'linetype', 'id', 'productid'].includes(key)) continue
    values.set(key, typeof value === 'string' ? value : '')
  }
  if (database.entity(line.product)?.module === 'Products') values.set('vendor_id', '0')
  return { number: index + 1, module: '', values, cbuuid: '', deleted: false }
}

const shownRow = (database: Database, line: CrmRecord, names: readonly string[]): Row => {
  const row: Row = new Map(names.map((name) => [name, line.values.get(name) ?? '']))
  let type = ''
  for (const key of ['id', 'productid', 'serviceid']) {
    const value = row.get(key) ?? ''
    const target = database.entity(Number(value))
    if (value === '' || target === undefined) continue
    row.set(key, database.webserviceId(target))
    if (key !== 'id') type = target.module
  }
  return row.set('linetype', type)
}

export const productLines = (
  database: Database,
  schemas: Schemas,
  document: CrmRecord,
  selected: string,
  rest: { readonly glue: string; readonly text: string; readonly isTail: boolean },
): QueryResult => {
  const lines: CrmRecord[] = []
  for (let line = lineRecord(database, document, 0); line !== undefined;) {
    lines.push(line)
    line = lineRecord(database, document, lines.length)
  }
  const known = [...(lines[0]?.values.keys() ?? [])]
  const names = trim(selected) === '*' ? known : selected.split(',').map((name) => trim(name))
  if (lines.length > 0 && names.some((name) => !known.includes(name))) throw databaseError()
  const glue = rest.text === '' || rest.isTail ? '' : rest.glue
  const { rows, total } = runSelect(
    {
      rows: lines,
      resolve: (column) =>
        known.includes(column) ? node('text', ({ values }) => values.get(column) ?? null) : undefined,
    },
    schemas.tables,
    [],
    `WHERE 1 ${glue} ${rest.text}`,
  )
  const keys = names.includes('sequence_no') ? names : [...names, 'sequence_no']
  return {
    rows: rows.map((line) => shownRow(database, line, keys)),
    totalrows: total === undefined ? 0 : String(total),
  }
}

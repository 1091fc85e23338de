/** The columns of an answer, and the fields that the gateway requests for them. */
import type { FieldPath, Query } from '../query/tree.ts'
import { referenceOf } from './check.ts'
import { type ModuleView, type VisibleModules, requireField } from './view.ts'
import { remembered } from '../model/remembered.ts'

/** A column of the answer, under `key`. */
export interface Column {
  readonly key: string
  /** The field of the row itself; for a hop, the reference that it follows. */
  readonly field: string
  /** A field of the referenced record, read under that record's own rule. */
  readonly hop: { readonly module: string; readonly field: string } | undefined
}

/** All readable fields, shared by all views with the same list. */
interface Whole {
  readonly fields: readonly string[]
  readonly columns: readonly Column[]
}

const wholeBy = remembered((readable: ModuleView['readable']): Whole => {
  const fields = [...readable.keys()]
  return { fields, columns: fields.map(ownColumn) }
})

export function wholeOf({ readable }: ModuleView): Whole {
  return wholeBy(readable)
}

export function uniqueFields(columns: readonly Column[]): string[] {
  const fields: string[] = []
  for (const { field } of columns) if (!fields.includes(field)) fields.push(field)
  return fields
}

export function selectedColumns(
  { selection }: Query,
  view: ModuleView,
  visible: VisibleModules,
): readonly Column[] | undefined {
  switch (selection.kind) {
    case 'count':
      return undefined
    case 'all':
      return wholeOf(view).columns
    case 'fields': {
      const columns = new Map<string, Column>()
      for (const path of selection.paths) {
        const each = column(path, view, visible)
        columns.set(each.key, each)
      }
      if (selection.distinct) return [...columns.values()]
      // Every row ends with its id.
      columns.delete('id')
      return [...columns.values(), idColumn]
    }
  }
}

export const idColumn: Column = ownColumn('id')

function ownColumn(name: string): Column {
  return { key: name, field: name, hop: undefined }
}

/** A hop's key is the names of the module and the field, as coreBOS writes it. */
function column(path: FieldPath, view: ModuleView, visible: VisibleModules): Column {
  if (path.via === undefined) return ownColumn(requireField(view, path.field, path.at).name)
  const other = visible.require(path.via, path.at)
  if (other === view) return ownColumn(requireField(view, path.field, path.at).name)
  const reference = referenceOf(path, view, other)
  const { name } = requireField(other, path.field, path.at)
  const module = other.module.name
  return { key: `${module.toLowerCase()}${name}`, field: reference.name, hop: { module, field: name } }
}

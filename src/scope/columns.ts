/** Describes the columns of a module to the printers: which hold ids or numbers, and which module an id belongs to. */
import { isNumberColumn, valueKind, type FieldShape, type Modules } from '../model/module.ts'
import type { Columns } from '../query/basic.ts'
import type { ModuleView } from './view.ts'

/** What the printers need to know of the columns of a view. */
export function columnsOf({ view }: { readonly view: ModuleView }, modules: Modules): Columns {
  const { fields } = view.module
  const some = (name: string, test: (field: FieldShape) => boolean): boolean => {
    const field = fields.get(name)
    return field !== undefined && test(field)
  }
  return {
    isReference: (name) => some(name, (field) => valueKind(field) === 'id'),
    isNumber: (name) => some(name, isNumberColumn),
    refersTo: (name) => fields.get(name)?.refersTo.length ?? 0,
    moduleOf: (name, id) => {
      const module = modules.byIdPrefix(id.slice(0, id.indexOf('x')))
      if (module === undefined) return undefined
      const first = [...fields.values()].find(
        ({ type, refersTo }) => type === 'reference' && refersTo.includes(module.name),
      )
      return first?.name === name ? module.name : undefined
    },
  }
}

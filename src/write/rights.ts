/** The operations on the records of a module that the policy allows to a contact. */
import { Type, type Static } from '@sinclair/typebox'
import type { ModuleView, VisibleModules } from '../scope/view.ts'
import { isOpen } from '../scope/write.ts'
import { isCommentable } from './comments.ts'
import { relating } from './relations.ts'

export const Rights = Type.Object(
  {
    create: Type.Boolean(),
    update: Type.Boolean(),
    delete: Type.Boolean(),
    comment: Type.Boolean({ description: 'Whether comments can be written on its records' }),
    relate: Type.Array(Type.String(), {
      description: 'Modules whose records can be related to, or unrelated from, its records',
    }),
    actions: Type.Array(Type.String(), {
      description: 'Names of the actions that can be run on its records if coreBOS offers them',
    }),
  },
  { title: 'Rights', description: 'Operations on its records that the policy allows' },
)

export function rightsOf(view: ModuleView, visible: VisibleModules): Static<typeof Rights> {
  const { module, decision } = view
  return {
    create: isOpen(view, 'create'),
    update: isOpen(view, 'update'),
    delete: isOpen(view, 'delete'),
    comment: isCommentable(module.name, visible),
    relate: visible.names.filter((name) => relating(view, visible.require(name)) !== undefined),
    actions: [...decision.rule.actions],
  }
}

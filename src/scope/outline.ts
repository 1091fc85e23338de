/** Outlines a plan as a contact may see it: with labels in the place of ids, and without anything that can be sent. */
import type { Contact } from '../model/contact.ts'
import type { Lookup, Query, Relation } from '../query/tree.ts'
import { draft, levelOf, sentQuery, type Draft, type Origin } from './plan.ts'
import { printLabelled } from './print.ts'
import { ownerIdsWithoutLookup, type OwnerIds } from './owner-ids.ts'
import { rewriteShown, type ScopedQuery } from './rewrite.ts'
import { unresolvedIn } from './resolve.ts'
import type { VisibleModules } from './view.ts'

export interface Outline {
  readonly draft: Draft
  /** The statement with labels such as `$scope`; empty where no row can match. @throws GatewayError as the plan */
  readonly statement: () => string
}

/**
 * Stand-ins take the place of the ids that only look-ups can find.
 *
 * @throws GatewayError what the query is rejected for when it is run
 */
export function outline(query: Query, visible: VisibleModules, origin: Origin): Outline {
  const { contact } = visible
  const level = levelOf(query, visible, origin)
  const ownerIds = ownerIdsWithoutLookup(contact, level) ?? placeholderOwnerIds(contact)
  const drafted = draft(query, visible, ownerIds, origin)
  return { draft: drafted, statement: () => labelledStatement(drafted, query, ownerIds, visible, origin) }
}

function labelledStatement(
  { scoped, dialect, modules }: Draft,
  query: Query,
  ownerIds: OwnerIds,
  visible: VisibleModules,
  origin: Origin,
): string {
  const stoodIn = (scoped: ScopedQuery) =>
    sentQuery(scoped, new Map(unresolvedIn(scoped.where).map((node) => [node, [standInFor(node, visible)]])))
  const sent = stoodIn(scoped)
  if (sent === undefined) return ''
  const shown = stoodIn(rewriteShown(query, visible, ownerIds, origin))
  return shown === undefined ? '' : printLabelled(sent, shown, modules, dialect)
}

/** Stand for a level's owner ids. */
function placeholderOwnerIds({ id, accountId }: Contact): OwnerIds {
  return { contacts: [id], accounts: accountId === undefined ? [] : [accountId] }
}

/** Stands for the ids that a look-up finds; of the same module, since the accepted shapes depend on it. */
function standInFor(node: Lookup | Relation, visible: VisibleModules): string {
  const { module } = visible.require(node.kind === 'lookup' ? node.query.module : node.module)
  return `${module.idPrefix}x1`
}

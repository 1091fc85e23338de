/** Outlines a plan as a contact may see it: with labels in place of ids, and nothing that can be sent. */
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
  /** The statement with labels such as `$scope`; empty if no row can match. @throws GatewayError as the plan */
  readonly statement: () => string
}

/**
 * Placeholders stand for the ids that only look-ups can find.
 *
 * @throws GatewayError for which the query is rejected when it runs
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

/** Placeholders for a level's owner ids. */
function placeholderOwnerIds({ id, accountId }: Contact): OwnerIds {
  return { contacts: [id], accounts: accountId === undefined ? [] : [accountId] }
}

/** A placeholder for the ids that a look-up finds, of the same module, because the accepted shapes depend on it. */
function standInFor(node: Lookup | Relation, visible: VisibleModules): string {
  const { module } = visible.require(node.kind === 'lookup' ? node.query.module : node.module)
  return `${module.idPrefix}x1`
}

/** Relates records with each other, and decides which records a new one may be related to. */
import type { WriteContext } from '../access/context.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { resolvedScope } from '../read/look-up.ts'
import { find, ownId, type Found } from '../read/records-by-id.ts'
import { meets } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { isShared, ownView } from '../scope/write.ts'
import { audited } from './audited.ts'
import { outdate, perform, writtenBy } from './send.ts'

/** The name of the rule that lets records of the two modules be related; undefined if there is none. */
export function relating(one: ModuleView, other: ModuleView): string | undefined {
  const opens = ({ decision: { rule } }: ModuleView, { module }: ModuleView) =>
    rule.relate.has(module.name) ? rule.name : undefined
  return opens(one, other) ?? opens(other, one)
}

/**
 * Relates two visible records, of which one is the contact's own, or ends their relation.
 *
 * @throws GatewayError `NOT_FOUND` for either end, `NOT_WRITABLE`, `OUTCOME_UNKNOWN`, or the error of coreBOS
 */
export async function setRelation(
  operation: 'relate' | 'unrelate',
  id: string,
  otherId: string,
  author: WriteContext,
): Promise<void> {
  return audited(operation, author, async (note) => {
    note({ ids: [id, otherId] })
    // One after the other: if the first is not visible, the second is not looked up.
    const one = await find(id, author)
    const other = await find(otherId, author)
    const rule = relating(one.view, other.view)
    note({ module: one.view.module.name, rule })
    if (rule === undefined)
      throw new GatewayError('NOT_WRITABLE', 'the policy does not let records of these modules be related')
    const own = await Promise.all(
      [one, other].map(async ({ row, view }) =>
        meets(row, await resolvedScope(ownView(view, author.visible), author), view.module),
      ),
    )
    if (!own.includes(true)) throw new GatewayError('NOT_WRITABLE', "neither record is this contact's own")
    // coreBOS checks its rights to the first record alone, and finds few documents to be a contact's.
    const [main, related] = one.view.module.name === 'Documents' ? [other, one] : [one, other]
    const by = writtenBy(main.view)
    await perform(main.view, author, () => author.writer[operation](main.id, related.id, by))
    await outdate(author, [main.view.module.name, related.view.module.name])
  })
}

/**
 * The records that a new record is related to: those that the caller names, and the contact, because coreBOS hides
 * other documents from it.
 */
export async function relationsOf(
  relatedTo: readonly string[],
  writing: ModuleView,
  author: WriteContext,
): Promise<readonly ClearedId[]> {
  const { module, decision } = writing
  // coreBOS accepts relations at creation only for documents, and ignores them for other records.
  if (module.name !== 'Documents') {
    if (relatedTo.length === 0) return []
    throw new GatewayError('NOT_WRITABLE', `${module.name} cannot be related to records at creation`)
  }
  const targets = await mapLimited(new Set(relatedTo), async (id) => relationTarget(id, writing, author))
  const own = decision.rule.ties?.relation.includes('Contacts') === true ? [ownId(author)] : []
  return [...new Map([...own, ...targets].map((id) => [id.text, id])).values()]
}

/**
 * @throws GatewayError `REFERENCE_OUT_OF_SCOPE` if the record is not visible, is another contact or account, or is
 * shared with unrelated contacts and the policy does not relate its module to this one
 */
async function relationTarget(id: string, writing: ModuleView, author: WriteContext): Promise<ClearedId> {
  const found = await find(id, author).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'NOT_FOUND') return undefined
    throw error
  })
  const isOpened =
    found !== undefined &&
    (!isShared(found.view, author.visible) || relating(writing, found.view) !== undefined)
  if (isOpened && (await isOfNoOtherContact(found, writing, author))) return found.id
  const message =
    found === undefined || isOpened
      ? `'${id}' is not a record that this one may be related to`
      : `'${id}' is shared with other contacts, and the policy does not let ${writing.module.name} be related to ${found.view.module.name}`
  throw new GatewayError('REFERENCE_OUT_OF_SCOPE', message, { errors: [{ field: 'relatedTo', message }] })
}

/** A record that is related to another contact or account would become visible to them. */
async function isOfNoOtherContact(
  { id, view }: Found,
  { decision }: ModuleView,
  author: WriteContext,
): Promise<boolean> {
  const { name } = view.module
  if (name !== 'Contacts' && name !== 'Accounts') return true
  const { contacts, accounts } = await author.ownerIds(decision.level)
  return (name === 'Contacts' ? contacts : accounts).includes(id.text)
}

/** Business actions: those that coreBOS offers for a record and the policy lists, and running one. */
import type { ReadContext, WriteContext } from '../access/context.ts'
import type { BusinessAction } from '../model/business-action.ts'
import { GatewayError } from '../model/errors.ts'
import { find, type Found } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import { audited } from './audited.ts'
import { outdate, perform, writtenBy } from './send.ts'

/** The business actions that the policy lists and coreBOS offers for a visible record. @throws GatewayError `NOT_FOUND` */
export async function actionsOn(id: string, context: ReadContext): Promise<readonly BusinessAction[]> {
  return listed(await find(id, context), context)
}

async function listed({ id, view }: Found, context: ReadContext): Promise<readonly BusinessAction[]> {
  const { actions } = view.decision.rule
  if (actions.size === 0) return []
  const offered = await context.reader.actions(id, view.module.name, readBy(view))
  return offered.filter(({ name }) => actions.has(name))
}

/** @returns the record number by which coreBOS runs an action; undefined if only its own user interface runs it */
export function runnable({ properties: { linkid, linkurl } }: BusinessAction): string | undefined {
  // Without its user interface, coreBOS runs only blocks.
  const isBlock = typeof linkurl === 'string' && linkurl.startsWith('block://')
  return isBlock && typeof linkid === 'string' ? linkid : undefined
}

/**
 * @returns the text that the action returns
 * @throws GatewayError `NOT_FOUND` for the record or the action, `ACTION_NOT_RUNNABLE`, `OUTCOME_UNKNOWN`, or the
 *   error of coreBOS
 */
export async function runAction(id: string, name: string, author: WriteContext): Promise<string> {
  return audited('action', author, async (note) => {
    note({ ids: [id], action: name })
    const found = await find(id, author)
    const { view } = found
    note({ module: view.module.name, rule: view.decision.rule.name })
    const action = (await listed(found, author)).find((each) => each.name === name)
    if (action === undefined) throw new GatewayError('NOT_FOUND')
    const number = runnable(action)
    if (number === undefined) throw new GatewayError('ACTION_NOT_RUNNABLE')
    const said = await perform(view, author, () => author.writer.act(number, found.id, writtenBy(view)))
    await outdate(author)
    return said
  })
}

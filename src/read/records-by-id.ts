/** Reads records by their webservice ids. An id that does not exist and one that is not visible give the same answer. */
import type { ReadContext } from '../access/context.ts'
import { clearId, type ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { parseId } from '../model/webservice-id.ts'
import * as tree from '../query/tree.ts'
import type { Query } from '../query/tree.ts'
import { allIds, idsOf } from '../scope/check.ts'
import { ofGateway, withEveryField } from '../scope/plan.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { bounded, completed, draftOf } from './look-up.ts'
import { run } from './run.ts'
import { foundRecords, readBy, sendPlan, type FoundRecord } from './send.ts'

/** @throws GatewayError `NOT_FOUND` */
export async function record(id: string, context: ReadContext): Promise<FoundRecord> {
  const { records } = await run(wholeRecord(id, viewOf(id, context)), context, ofGateway())
  return only(id, records)
}

/** A visible record with the facts that a write needs. */
export interface Found extends FoundRecord {
  readonly view: ModuleView
}

/** A record with every field of its module, hidden ones included. @throws GatewayError `NOT_FOUND` */
export async function find(id: string, context: ReadContext): Promise<Found> {
  const view = viewOf(id, context)
  const draft = withEveryField(await draftOf(wholeRecord(id, view), context, ofGateway()))
  const { rows } = await sendPlan(await completed(draft, context), context)
  return { ...only(id, rows), view }
}

function wholeRecord(id: string, { module }: ModuleView): Query {
  return tree.select(module.name, undefined, tree.compare(tree.field('id'), '=', tree.text(id)), allIds)
}

function only(id: string, rows: readonly Row[]): FoundRecord {
  const [found] = foundRecords(rows.filter((row) => row['id'] === id))
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

/** Those of the ids that the contact sees, with one query for each module. */
export async function visible(ids: Iterable<string>, context: ReadContext): Promise<ReadonlySet<string>> {
  const found = await mapLimited(byModule(ids, context), async ([{ module }, some]) => {
    const { records } = await run(idsOf(module.name, tree.among('id', some)), context, ofGateway())
    return records.map(({ id = '' }) => id)
  })
  return new Set(found.flat())
}

/** The visible records of these ids, by id, with one query for each module. */
export async function recordsById(
  ids: Iterable<string>,
  context: ReadContext,
): Promise<ReadonlyMap<string, FoundRecord>> {
  const found = await mapLimited(byModule(ids, context), async ([{ module }, some]) => {
    const wanted = new Set(bounded(some, module.name))
    const where = tree.among('id', some)
    const { records } = await run(tree.select(module.name, undefined, where, allIds), context, ofGateway())
    return foundRecords(records.filter(({ id = '' }) => wanted.has(id)))
  })
  return new Map(found.flat().map((each) => [each.id.text, each]))
}

/** Each id once, under the view of its module; ids of closed modules are left out. */
export function byModule(ids: Iterable<string>, context: ReadContext): Map<ModuleView, string[]> {
  const open = new Map<ModuleView, string[]>()
  for (const id of new Set(ids)) {
    const view = openViewOf(id, context)
    if (view !== undefined) open.set(view, [...(open.get(view) ?? []), id])
  }
  return open
}

/** The view of the module of an id. @throws GatewayError `NOT_FOUND` if it is closed */
export function viewOf(id: string, context: ReadContext): ModuleView {
  const view = openViewOf(id, context)
  if (view === undefined) throw new GatewayError('NOT_FOUND')
  return view
}

/** @returns undefined if the module of the id is closed */
export function openViewOf(id: string, { visible }: Pick<ReadContext, 'visible'>): ModuleView | undefined {
  const prefix = parseId(id)?.prefix
  const module = prefix === undefined ? undefined : visible.modules.byIdPrefix(prefix)
  return module && visible.find(module.name)
}

/** The contact's own id: the log-in has proven it. */
export function ownId({ visible: { contact } }: ReadContext): ClearedId {
  const id = parseId(contact.id)
  if (id === undefined) throw new Error('the contact has no valid webservice id')
  return clearId(id)
}

/** The ids that coreBOS relates to a visible record; each must still be read under its own rule. */
export async function relatedIds(
  found: Found,
  view: ModuleView,
  context: ReadContext,
): Promise<readonly string[]> {
  const { name } = view.module
  const ids = await context.reader.relatedIds(found.id, found.view.module.name, name, readBy(view))
  return bounded([...new Set(ids)], name)
}

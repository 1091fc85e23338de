/** Operations that read records. All of them are queries that `src/read/` runs. */
import { corebosTime } from '../model/corebos-time.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { parseUuid } from '../model/record-uuid.ts'
import { byModule, record, viewOf } from '../read/records-by-id.ts'
import { ask, type Answer } from '../read/run.ts'
import { limits } from '../model/limits.ts'
import { parseQuery } from '../query/parse.ts'
import * as tree from '../query/tree.ts'
import { pricedLinesOf } from '../records/lines.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { unread, type Input, type WebserviceContext } from './call.ts'
import { result, type Result } from './envelope.ts'
import { labelsOf, withReferences } from './labels.ts'
import { mostListed, partsOf, requireIds, requireLength } from './lists.ts'
import { isOfUsers, isOwnUser, ownUser, queryOwnUser } from './own-user.ts'
import type { Parameter } from './php.ts'
import { serialize, unserializeTexts } from './serialize.ts'

/** Ids in one `MassRetrieve` or `getReferenceValue`. */
const mostIds = 500

/** A text, as in coreBOS; empty if the number could reveal a withheld row. */
function total(answer: Answer): Parameter {
  return answer.total === undefined ? {} : { totalrows: String(answer.total) }
}

export async function query(input: Input, client: WebserviceContext): Promise<Result> {
  const asked = parseQuery(input.text('query'))
  if (isOfUsers(asked)) {
    const rows = await queryOwnUser(asked, client)
    return result(rows, { totalrows: String(rows.length) })
  }
  const answer = await ask(asked, client.context)
  return result(answer.records, total(answer))
}

/** The id that a request names: a uuid stands for the id of its record. @throws GatewayError `NOT_FOUND` */
async function namedId(input: Input, { context }: WebserviceContext): Promise<string> {
  const id = input.text('id')
  const uuid = parseUuid(id)
  if (uuid === undefined) return id
  const found = await context.reader.idOfUuid(uuid, 'service-preferred')
  if (found === undefined) throw new GatewayError('NOT_FOUND')
  return found
}

export async function retrieve(input: Input, client: WebserviceContext): Promise<Result> {
  const id = await namedId(input, client)
  if (isOwnUser(id, client)) return result(await ownUser(client))
  const view = viewOf(id, client.context)
  const found = await record(id, client.context)
  const [[row], lines] = await Promise.all([
    withReferences([found.row], view, client),
    pricedLinesOf(found.id, view, client.context),
  ])
  return result({ ...row, ...(lines !== undefined && { pdoInformation: lines }) })
}

export async function massRetrieve(input: Input, client: WebserviceContext): Promise<Result> {
  const { context } = client
  const ids = different('ids', partsOf(input, 'ids', mostListed)).filter((id) => id !== '')
  requireIds('ids', ids)
  const found = await mapLimited(byModule(ids, context), async ([view, wanted]) => {
    const where = tree.among('id', wanted)
    const { records } = await ask(recordsOf(view, where), context)
    return withReferences(records, view, client)
  })
  const own = ids.some((id) => isOwnUser(id, client)) ? [await ownUser(client)] : []
  const byId = new Map([...found.flat(), ...own].map((row) => [row['id'], row]))
  const shown = ids.flatMap((id) => {
    const row = byId.get(id)
    return row === undefined ? [] : [[id, row] as const]
  })
  // PHP writes an empty object as a list.
  return result(shown.length === 0 ? [] : Object.fromEntries(shown))
}

function different(name: string, ids: readonly string[]): string[] {
  const each = [...new Set(ids)]
  requireLength(name, each.length, mostIds, 'different ids')
  return each
}

/** Ids of the records that meet a condition, the first one alone. */
export function firstId(view: ModuleView, where: tree.Condition): tree.Query {
  return tree.select(view.module.name, ['id'], where, { limit: { offset: 0, count: 1 } })
}

/** Whole records of a module. */
export function recordsOf(
  view: ModuleView,
  where: tree.Condition,
  more: Partial<Pick<tree.Query, 'orderBy' | 'limit'>> = {},
): tree.Query {
  return tree.select(view.module.name, undefined, where, {
    limit: { offset: 0, count: limits.rows },
    ...more,
  })
}

/** The names of records; takes and gives PHP's own notation. */
export async function getReferenceValue(input: Input, client: WebserviceContext): Promise<Result> {
  const listed = (count: number) => requireLength('id', count, mostListed, 'ids')
  const given = input.text('id')
  const texts = given.trim() === '' ? [] : unserializeTexts(given, listed)
  if (texts === undefined) throw unread('id', 'to be a list as PHP serializes it', given)
  const ids = different('id', texts)
  requireIds('id', ids)
  const labels = await labelsOf(ids, client)
  const named = ids.flatMap((id) => {
    const labelled = labels.get(id)
    if (labelled === undefined) return []
    return [[id, { module: labelled.module, reference: labelled.label, cbuuid: '' }] as const]
  })
  return result(serialize(Object.fromEntries(named)))
}

/** Rows of one answer of `sync`; rows that changed in the same second stay together. */
const syncRows = 100

/**
 * Records that have changed, the longest ago first. Deleted ones are not listed: it is unknown whose
 * they were.
 */
export async function sync(input: Input, { context }: WebserviceContext): Promise<Result> {
  const since = input.text('modifiedTime')
  if (!/^[1-9][0-9]{0,9}$/.test(since)) {
    throw new GatewayError('INVALID_VALUE', "'modifiedTime' is in seconds since 1970")
  }
  const module = input.text('elementType')
  const views = (module === '' ? context.visible.names : [module])
    .map((name) => context.visible.require(name))
    .filter(({ readable }) => readable.get('modifiedtime')?.type === 'datetime')
  const changed = tree.compare(tree.field('modifiedtime'), '>', tree.text(timeText(Number(since))))
  const orderBy = [{ path: tree.field('modifiedtime'), direction: 'asc' }] as const
  const first = await mapLimited(views, async (view) =>
    ask(recordsOf(view, changed, { orderBy, limit: { offset: 0, count: syncRows } }), context),
  )
  let rows = first.flatMap(({ records }) => records).sort(byTime)
  const more =
    rows.length > syncRows || first.some(({ records, total }) => (total ?? records.length) > records.length)
  const last = rows[Math.min(rows.length, syncRows) - 1]?.['modifiedtime'] ?? ''
  if (more) {
    const upTo = tree.and(changed, tree.compare(tree.field('modifiedtime'), '<=', tree.text(last)))
    const whole = await mapLimited(views, async (view) => ask(recordsOf(view, upTo, { orderBy }), context))
    rows = whole.flatMap(({ records }) => records).sort(byTime)
  }
  const time = Date.parse(`${last.replace(' ', 'T')}Z`) / 1000
  return result({
    updated: rows.map((row) => ({ ...row, deleted: '0' })),
    deleted: [],
    more,
    lastModifiedTime: Number.isNaN(time) ? Number(since) : time,
  })
}

function byTime(left: Row, right: Row): number {
  const [a = '', b = ''] = [left['modifiedtime'], right['modifiedtime']]
  return a < b ? -1 : a > b ? 1 : 0
}

/** As coreBOS writes times, in UTC. */
function timeText(seconds: number): string {
  return corebosTime(seconds * 1000)
}

/** Records that were saved or deleted in coreBOS, as far as the service user can see. */
import { readingOf } from '../query/dialect.ts'
import { sealQuery } from '../model/sendable-query.ts'
import { ask, type Caller } from './caller.ts'
import { query } from './read.ts'
import { array, flag, object, text } from './shape.ts'

export interface Changes {
  /** Record and time of each save, `17x12 2026-01-01 00:00:00`. */
  readonly saved: readonly string[]
  /** Ids of deleted records. */
  readonly deleted: readonly string[]
  /** The time of the last change, in seconds since 1970 by the clock of coreBOS. */
  readonly last: number
}

/** Answers hold about 100 records each; after this number of answers, the rest is found at the next poll. */
const mostAnswers = 50

/**
 * One call for all modules: records that are assigned to the service user, and were saved or deleted after a time.
 *
 * @param since seconds since 1970, more than 0
 * @throws GatewayError the error of coreBOS
 */
export async function changesSince(caller: Caller, since: number): Promise<Changes> {
  const saved: string[] = []
  const deleted: string[] = []
  let last = since
  for (let answers = 0; answers < mostAnswers; answers++) {
    const params = { modifiedTime: String(last), elementType: '' }
    const { result } = await ask(caller, { operation: 'sync', params })
    const what = 'list of changes'
    const { updated, deleted: gone, more, lastModifiedTime } = object(result, what)
    for (const row of array(updated, what)) {
      const { id, modifiedtime } = object(row, what)
      saved.push(`${text(id, what)} ${text(modifiedtime ?? '', what)}`)
    }
    deleted.push(...array(gone, what).map((id) => text(id, what)))
    const next = Number(lastModifiedTime)
    if (!flag(more, what) || !(next > last)) return { saved, deleted, last: Math.max(last, next || 0) }
    last = next
  }
  return { saved, deleted, last }
}

/** A mark of a module, which differs after records were saved or deleted, regardless of their owner. */
export async function markOf(caller: Caller, module: string): Promise<string> {
  const statement = `select id,modifiedtime from ${module} order by modifiedtime desc limit 1;`
  if (readingOf(statement) !== 'basic') throw new Error('the newest record is read in the basic dialect')
  const { rows, totalRows } = await query(caller, sealQuery(statement, 'basic'))
  return JSON.stringify([totalRows, rows[0]?.['id'], rows[0]?.['modifiedtime']])
}

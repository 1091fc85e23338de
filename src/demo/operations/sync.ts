/** Changes since a moment. */
import { textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import type { CrmRecord, Database } from '../database.ts'
import { Crash } from '../errors.ts'
import { inSqlRestriction, isRestricted, mayAccess } from '../restriction.ts'
import { fieldValues } from '../rows.ts'
import { dateTime } from '../times.ts'
import { moduleNamed } from './describe.ts'

/** As many changes as one answer holds; those of the same second as the last come with it. */
const WINDOW = 100

const savedTime =
  ({ savedTimes }: Database) =>
  ({ number, values }: CrmRecord): string =>
    savedTimes.get(number) ?? values.get('modifiedtime') ?? ''

/** Records of the session's user, deleted ones too. */
const owned = (call: UserCall, since: string): CrmRecord[] => {
  const modified = savedTime(call.database)
  const elementType = textParameter(call, 'elementType')
  const modules =
    elementType === '' ? [...call.database.modules.keys()] : [moduleNamed(call, elementType).name]
  const owner = String(call.caller.user.number)
  return modules
    .filter((name) => call.database.module(name)?.isEntity === true && name !== 'Users')
    .flatMap((name) => call.database.allRecords(name))
    .filter((record) => record.values.get('assigned_user_id') === owner && modified(record) > since)
}

const projectOf = (database: Database, record: CrmRecord): CrmRecord | undefined =>
  database.entity(Number(record.values.get('projectid') ?? '0'))

const isVisible = (call: UserCall, record: CrmRecord): boolean => {
  if (record.module === 'ProjectMilestone' && isRestricted(call.caller)) {
    const project = projectOf(call.database, record)
    return project !== undefined && mayAccess(call.database, call.caller, project)
  }
  return inSqlRestriction(call.database, call.caller, record)
}

const prefixOf = (database: Database, { module }: CrmRecord): number =>
  Number(database.module(module)?.prefix ?? '0')

const row = (call: UserCall, record: CrmRecord): Record<string, unknown> => ({
  ...Object.fromEntries(
    Object.entries(fieldValues(call.database, record)).filter(([name]) => name !== 'cbuuid'),
  ),
  deleted: '0',
})

/** Deleted ids are those of the user, independent of the contact that they belonged to. */
export const sync: Handler = (call) => {
  const modified = savedTime(call.database)
  const given = textParameter(call, 'modifiedTime')
  if (!/^\d+$/.test(given) || Number(given) === 0) throw new Crash()
  const { database } = call
  const changed = owned(call, dateTime(Number(given) * 1000)).sort((left, right) =>
    modified(left) < modified(right) ? -1 : 1,
  )
  const last = changed[WINDOW - 1] ?? changed.at(-1)
  const more = changed.length > WINDOW
  const inWindow = changed
    .filter((record) => last !== undefined && modified(record) <= modified(last))
    .sort((left, right) => prefixOf(database, left) - prefixOf(database, right) || left.number - right.number)
  const updated = inWindow.filter((record) => !record.deleted && isVisible(call, record))
  const deleted = inWindow.filter((record) => record.deleted).map((record) => database.webserviceId(record))
  return {
    updated: updated.map((record) => row(call, record)),
    deleted,
    more,
    lastModifiedTime:
      last === undefined
        ? Number(given)
        : Math.floor(Date.parse(`${modified(last).replace(' ', 'T')}Z`) / 1000),
  }
}

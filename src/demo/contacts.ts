/** Contacts and employees as people who log in. */
import { sameText } from './collation.ts'
import type { CrmRecord, Database, PortalAccess } from './database.ts'
import { day } from './times.ts'

const supportCovers = (record: CrmRecord, today: string): boolean => {
  const start = record.values.get('support_start_date') ?? ''
  const end = record.values.get('support_end_date') ?? ''
  return start !== '' && end !== '' && start <= today && today <= end
}

/** Every access of the name, by the database's collation. */
export const accessesOf = (database: Database, name: string): PortalAccess[] =>
  database.portalAccess.filter(({ userName }) => sameText(userName, name))

/** The accesses of a name whose portal flag is on and whose record is there. */
export const flaggedAccesses = (database: Database, name: string): PortalAccess[] =>
  accessesOf(database, name).filter((access) => {
    const record = database.entity(access.owner)
    return access.active && record?.deleted === false && record.values.get('portal') === '1'
  })

/** Those of them that may log in today, within their support dates. */
export const openAccesses = (database: Database, name: string, now: number): PortalAccess[] =>
  flaggedAccesses(database, name).filter((access) => {
    const record = database.entity(access.owner)
    return record !== undefined && supportCovers(record, day(now))
  })

export const userByName = (database: Database, name: string): CrmRecord | undefined =>
  database.records('Users').find(({ values }) => sameText(values.get('user_name') ?? '', name))

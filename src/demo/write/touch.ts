/** Modified times. */
import type { UserCall } from '../call.ts'
import type { CrmRecord } from '../database.ts'
import { dateTime } from '../times.ts'

/** Who changed a record last, and when; as a save does it. */
export const touch = (call: UserCall, record: CrmRecord): void => {
  const { values } = record
  if (values.has('modifiedtime')) values.set('modifiedtime', dateTime(call.now()))
  if (values.has('modifiedby')) values.set('modifiedby', String(call.caller.user.number))
}

/** The same where a relation or a comment does it, which is no save of the record. */
export const touchBeside = (call: UserCall, record: CrmRecord): void => {
  const { savedTimes } = call.database
  if (!savedTimes.has(record.number)) savedTimes.set(record.number, record.values.get('modifiedtime') ?? '')
  touch(call, record)
}

/** The log-in that goes with the portal flag of a contact or employee. */
import type { UserCall } from '../call.ts'
import type { CrmRecord } from '../database.ts'

/**
 * Opens, renames or closes the access as the record says now. coreBOS makes up a password and mails it; here,
 * where no mail goes out, a new one is the part of the name before the `@`, then `-pw`.
 */
export const syncPortalAccess = ({ database }: UserCall, record: CrmRecord): void => {
  const isContact = record.module === 'Contacts'
  const name = record.values.get(isContact ? 'email' : 'work_email') ?? ''
  const isOpen = record.values.get('portal') === '1'
  const held = database.portalAccess.find(({ owner }) => owner === record.number)
  if (held !== undefined) {
    held.active = isOpen
    held.userName = name
    return
  }
  if (!isOpen || name === '') return
  database.portalAccess.push({
    owner: record.number,
    entity: isContact ? 'Contacts' : 'Employee',
    userName: name,
    password: `${name.split('@')[0] ?? ''}-pw`,
    active: true,
    failures: 0,
  })
}

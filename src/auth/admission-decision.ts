/** The one decision whether a contact has access: at every log-in, and again while a session runs. */
import type { Identity } from '../corebos/trusted.ts'
import { reject, type Rejected } from './rejection.ts'

/** The facts of coreBOS about a contact whose password was right, or whose session runs. */
export interface AdmissionFacts {
  /** The contact's own record; `unmapped` if no contact, or several, belong to a CRM user. */
  readonly record: Identity | 'unmapped' | undefined
  /** Webservice id of the contact that coreBOS has logged in; absent if it names none. */
  readonly namedId?: string | undefined
  /** Whether the contact's coreBOS session has the rights of an administrator. */
  readonly administrator?: boolean | undefined
  /** Whether the CRM user of the session still belongs to the contact (default true). */
  readonly mapped?: boolean | undefined
}

/**
 * A contact has access if its record can be read, its portal access is on, its support dates include the day, and its
 * coreBOS session is its own and not an administrator's. The reason is that of the first rule that fails: the rules
 * about the contact itself come before those about one session, because they end all of its sessions.
 *
 * @param today `YYYY-MM-DD` in UTC
 */
export function decideAdmission(
  { record, namedId, administrator = false, mapped = true }: AdmissionFacts,
  today: string,
): { readonly identity: Identity } | Rejected {
  if (record === undefined) return reject('unreadable')
  if (record === 'unmapped') return reject('unmapped')
  if (namedId !== undefined && namedId !== record.id) return reject('mismatch')
  if (!record.portal) return reject('portal-off')
  if (!isCovered(record, today)) return reject('support')
  if (administrator) return reject('administrator')
  return mapped ? { identity: record } : reject('unmapped')
}

/** coreBOS compares both dates, and rejects a contact that lacks one. */
function isCovered({ supportStart, supportEnd }: Identity, today: string): boolean {
  return supportStart !== '' && supportEnd !== '' && supportStart <= today && today <= supportEnd
}

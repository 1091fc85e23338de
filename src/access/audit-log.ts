/** The audit log: one line for each write, including rejected ones, and for each row of coreBOS outside the scope. */
import type { WithheldRow } from '../scope/verify.ts'
import { parseId } from '../model/webservice-id.ts'
import { markOf, type PortalSession } from '../session/contract.ts'
import type { AuditLine } from './context.ts'

/** The most withheld rows that one log line names; it counts all of them. */
const mostWithheldLogged = 20

/** The logged facts of a write. */
export function auditEntry({ id, contact }: Pick<PortalSession, 'id' | 'contact'>, line: AuditLine): object {
  // The caller may have sent any text in place of an id.
  const ids = line.ids.filter((each) => parseId(each) !== undefined)
  return { contact: contact.id, entity: contact.entity, by: markOf(id), ...line, ids }
}

/** The logged facts of rows of coreBOS that the rule does not let through. */
export function withheldEntry(contactId: string, rows: readonly WithheldRow[], rule: string): object {
  return { rule, contact: contactId, rows: rows.length, withheld: rows.slice(0, mostWithheldLogged) }
}

/** The audit log: one line for each write, rejected ones too, and for each row that coreBOS answered outside the scope. */
import type { WithheldRow } from '../scope/verify.ts'
import { parseId } from '../model/webservice-id.ts'
import { markOf, type PortalSession } from '../session/contract.ts'
import type { AuditLine } from './context.ts'

/** Withheld rows that one log line names; the line counts all of them. */
const mostWithheldLogged = 20

/** What the log keeps of a write. */
export function auditEntry({ id, contact }: Pick<PortalSession, 'id' | 'contact'>, line: AuditLine): object {
  // The caller may have sent any text in the place of an id.
  const ids = line.ids.filter((each) => parseId(each) !== undefined)
  return { contact: contact.id, entity: contact.entity, by: markOf(id), ...line, ids }
}

/** What the log keeps of rows that coreBOS answered and the rule does not let through. */
export function withheldEntry(contactId: string, rows: readonly WithheldRow[], rule: string): object {
  return { rule, contact: contactId, rows: rows.length, withheld: rows.slice(0, mostWithheldLogged) }
}

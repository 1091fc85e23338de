/** Does the work of a write and writes its one audit line, whether it succeeds or fails. */
import type { AuditLine, Auditor, WriteOperation } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'

export type Note = (facts: Partial<AuditLine>) => void

export async function audited<T>(
  operation: WriteOperation,
  auditor: Auditor,
  work: (note: Note) => Promise<T>,
): Promise<T> {
  let line: AuditLine = { operation, module: undefined, ids: [], rule: undefined, outcome: 'ok' }
  try {
    return await work((facts) => {
      line = { ...line, ...facts }
    })
  } catch (error) {
    line = { ...line, outcome: error instanceof GatewayError ? error.code : 'INTERNAL' }
    throw error
  } finally {
    auditor.audit(line)
  }
}

/** Changes the password of a contact with the given function. @throws what `change` throws */
export async function changePassword(
  contactId: string,
  auditor: Auditor,
  change: () => Promise<void>,
): Promise<void> {
  return audited('password', auditor, async (note) => {
    note({ module: 'Contacts', ids: [contactId] })
    await change()
  })
}

/** The contact behind a request and its account, by the names that the contact may read. */
import type { ReadContext } from '../access/context.ts'
import type { Contact } from '../model/contact.ts'
import { openViewOf, recordsById } from '../read/records-by-id.ts'

export interface Me {
  readonly contact: {
    readonly id: string
    readonly entity: Contact['entity']
    readonly name: string | null
    readonly firstName: string | null
    readonly lastName: string | null
    readonly email: string | null
  }
  readonly account: { readonly id: string; readonly name: string | null } | null
}

/** A name is null if it is empty, or if the policy hides the field or the record. */
export async function me({ id, entity, accountId }: Contact, context: ReadContext): Promise<Me> {
  const found = await recordsById(accountId === undefined ? [id] : [id, accountId], context)
  const textOf = (record: string, field: string) => found.get(record)?.row[field] || null
  const firstName = textOf(id, 'firstname')
  const lastName = textOf(id, 'lastname')
  const names =
    entity === 'Contacts' ? ['firstname', 'lastname'] : (openViewOf(id, context)?.module.labelFields ?? [])
  return {
    contact: {
      id,
      entity,
      name: names.flatMap((field) => textOf(id, field) ?? []).join(' ') || null,
      firstName,
      lastName,
      email: textOf(id, entity === 'Contacts' ? 'email' : 'work_email'),
    },
    account: accountId === undefined ? null : { id: accountId, name: textOf(accountId, 'accountname') },
  }
}

/** The ids that ties are compared with. */
import type { Contact, Level } from '../model/contact.ts'

/** The ids that ties are compared with: whose records these are, as wide as the contact's level reaches. */
export interface OwnerIds {
  readonly contacts: readonly string[]
  readonly accounts: readonly string[]
}

/** @returns undefined where the level reaches further than to what is known of the contact */
export function ownerIdsWithoutLookup(contact: Contact, level: Level): OwnerIds | undefined {
  if (level === 'own') return { contacts: [contact.id], accounts: [] }
  if (level !== 'account') return undefined
  return { contacts: [contact.id], accounts: contact.accountId === undefined ? [] : [contact.accountId] }
}

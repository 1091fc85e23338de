/** The ids that ties are compared with. */
import type { Contact, Level } from '../model/contact.ts'

/** The ids that ties are compared with: the owners whose records the contact's level includes. */
export interface OwnerIds {
  readonly contacts: readonly string[]
  readonly accounts: readonly string[]
}

/** @returns undefined if the level needs more than the facts of the contact */
export function ownerIdsWithoutLookup(contact: Contact, level: Level): OwnerIds | undefined {
  if (level === 'own') return { contacts: [contact.id], accounts: [] }
  if (level !== 'account') return undefined
  return { contacts: [contact.id], accounts: contact.accountId === undefined ? [] : [contact.accountId] }
}

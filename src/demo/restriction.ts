/**
 * What coreBOS itself restricts for a contact's session ("What coreBOS restricts for a contact's session"
 * in its README): a condition that goes into the SQL of queries, related records and searches, and a check
 * of every single record. Neither applies to users, nor where the contact is mapped to an administrator.
 */
import type { Caller, CrmRecord, Database } from './database.ts'

const EXEMPT = new Set(['Products', 'Services', 'Faq', 'cbQuestion', 'cbMap'])

interface Tie {
  /** The field that holds the contact; `id` for the record itself. */
  readonly contact?: string
  /** The field that holds the account; `id` for the record itself. */
  readonly account?: string
}

const ONE_PARENT = (field: string): Tie => ({ contact: field, account: field })

const TIES: Readonly<Record<string, Tie>> = {
  Contacts: { contact: 'id', account: 'account_id' },
  Accounts: { account: 'id' },
  HelpDesk: ONE_PARENT('parent_id'),
  Potentials: ONE_PARENT('related_to'),
  Project: ONE_PARENT('linktoaccountscontacts'),
  ServiceContracts: ONE_PARENT('sc_related_to'),
  Invoice: { contact: 'contact_id', account: 'account_id' },
  Quotes: { contact: 'contact_id', account: 'account_id' },
  SalesOrder: { contact: 'contact_id', account: 'account_id' },
  InventoryDetails: { contact: 'contact_id', account: 'account_id' },
  Assets: { account: 'account' },
}

/** Whether the native restriction concerns this caller at all. */
export const isRestricted = (caller: Caller): boolean => caller.contact !== undefined && !caller.isAdmin

const holds = (record: CrmRecord, field: string | undefined, number: number): boolean => {
  if (field === undefined || number === 0) return false
  return field === 'id' ? record.number === number : record.values.get(field) === String(number)
}

const isTied = (database: Database, record: CrmRecord, contact: number, account: number): boolean => {
  if (record.module === 'Documents') {
    return database.documentRelations.some(
      ({ record: related, document }) =>
        document === record.number && (related === contact || (account !== 0 && related === account)),
    )
  }
  if (record.module === 'ProjectTask') {
    const project = database.entity(Number(record.values.get('projectid') ?? '0'))
    return project !== undefined && isTied(database, project, contact, account)
  }
  const tie = TIES[record.module]
  return tie !== undefined && (holds(record, tie.contact, contact) || holds(record, tie.account, account))
}

/**
 * The condition in SQL. Modules that it does not know are not restricted by it: their rows are counted
 * (`count(*)`, `totalrows`) and withheld only afterwards by `mayAccess`.
 */
export const inSqlRestriction = (database: Database, caller: Caller, record: CrmRecord): boolean => {
  const contact = caller.contact
  if (contact === undefined || caller.isAdmin) return true
  const known = record.module in TIES || record.module === 'Documents' || record.module === 'ProjectTask'
  if (!known) return true
  return isTied(database, record, contact.number, contact.account)
}

/** The check of one record: retrieve, writes, attachments, each row of an answer. */
export const mayAccess = (database: Database, caller: Caller, record: CrmRecord): boolean => {
  const contact = caller.contact
  if (contact === undefined || caller.isAdmin || EXEMPT.has(record.module)) return true
  return isTied(database, record, contact.number, contact.account)
}

/**
 * What coreBOS itself restricts for a contact's session ("What coreBOS restricts for a contact's session"
 * in its README): a condition that goes into the SQL of queries, related records and searches, and a check
 * of every single record. Neither applies to users, nor where the contact is mapped to an administrator.
 */
import type { Caller, CrmRecord, Database } from './database.ts'
import type { Module } from './metadata.ts'

const EXEMPT = new Set(['Products', 'Services', 'Faq', 'cbQuestion', 'cbMap'])

interface Tie {
  /** The field that holds the contact; `id` for the record itself. */
  readonly contact?: string
  /** The field that holds the account; `id` for the record itself. */
  readonly account?: string
}

const OWN_TIES: Readonly<Record<string, Tie>> = {
  Contacts: { contact: 'id', account: 'account_id' },
  Accounts: { account: 'id' },
  // Undescribed here, and restricted by coreBOS all the same.
  PurchaseOrder: { contact: 'contact_id' },
}

/** The first reference field that may hold a contact, and the first that may hold an account. */
const tieOf = (module: Module): Tie => {
  const own = OWN_TIES[module.name]
  if (own !== undefined) return own
  const first = (target: string): string | undefined =>
    module.fields.find(({ uitype, type }) => uitype === '10' && type.refersTo?.includes(target) === true)
      ?.name
  const contact = first('Contacts')
  const account = first('Accounts')
  return { ...(contact === undefined ? {} : { contact }), ...(account === undefined ? {} : { account }) }
}

/** Whether the native restriction concerns this caller at all. */
export const isRestricted = (caller: Caller): boolean => caller.contact !== undefined && !caller.isAdmin

const holds = (record: CrmRecord, field: string | undefined, number: number): boolean => {
  if (field === undefined || number === 0) return false
  return field === 'id' ? record.number === number : record.values.get(field) === String(number)
}

const linked = (
  links: readonly { record: number; document: number }[],
  number: number,
  contact: number,
  account: number,
): boolean =>
  links.some(
    ({ record, document }) =>
      document === number && (record === contact || (account !== 0 && record === account)),
  )

const isTied = (database: Database, record: CrmRecord, contact: number, account: number): boolean => {
  if (record.module === 'Documents')
    return linked(database.documentRelations, record.number, contact, account)
  if (record.module === 'Emails') return linked(database.emailRelations, record.number, contact, account)
  if (record.module === 'ProjectTask') {
    const project = database.entity(Number(record.values.get('projectid') ?? '0'))
    return project !== undefined && isTied(database, project, contact, account)
  }
  const module = database.module(record.module)
  const tie = module === undefined ? {} : tieOf(module)
  return holds(record, tie.contact, contact) || holds(record, tie.account, account)
}

/** Whether the SQL condition knows a module; Products, Services and milestones for example it does not. */
const isKnownInSql = (module: Module): boolean => {
  if (['Documents', 'Emails', 'ProjectTask'].includes(module.name)) return true
  if (!module.isEntity || EXEMPT.has(module.name)) return false
  const { contact, account } = tieOf(module)
  return contact !== undefined || account !== undefined
}

/** Whether coreBOS adds its condition to the SQL of this caller and module. */
export const isRestrictedInSql = (caller: Caller, module: Module): boolean =>
  isRestricted(caller) && isKnownInSql(module)

/**
 * The condition in SQL. Modules that it does not know are not restricted by it: their rows are counted
 * (`count(*)`, `totalrows`) and withheld only afterwards by `mayAccess`.
 */
export const inSqlRestriction = (database: Database, caller: Caller, record: CrmRecord): boolean => {
  const contact = caller.contact
  const module = database.module(record.module)
  if (contact === undefined || module === undefined || !isRestrictedInSql(caller, module)) return true
  return isTied(database, record, contact.number, contact.account)
}

/**
 * The check of one record: retrieve, writes, attachments, each row of an answer. Not for rows of modules
 * that are no entities (Users, Groups, LoginHistory …), which nothing withholds.
 */
export const mayAccess = (database: Database, caller: Caller, record: CrmRecord): boolean => {
  const contact = caller.contact
  if (contact === undefined || caller.isAdmin || EXEMPT.has(record.module)) return true
  return isTied(database, record, contact.number, contact.account)
}

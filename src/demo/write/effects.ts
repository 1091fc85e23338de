/** What saving a record does beyond its own columns. */
import type { UserCall } from '../call.ts'
import type { CrmRecord, Database } from '../database.ts'
import type { Module } from '../metadata.ts'
import { longTime } from '../times.ts'
import type { Element } from './checks.ts'
import { saveFile, takesFile } from './documents.ts'
import { saveLines } from './inventory.ts'
import { syncPortalAccess } from './portal-access.ts'
import type { Saved } from './saved.ts'
import { touchBeside } from './touch.ts'

/** An uploaded file takes its number before its document does. */
export const numbersBefore = (call: UserCall, module: Module, element: Element): void => {
  if (module.name === 'Documents' && takesFile(element)) call.database.nextNumber()
}

const emailOf = (record: CrmRecord | undefined): string => {
  if (record === undefined) return ''
  return record.values.get(record.module === 'Accounts' ? 'email1' : 'email') ?? ''
}

/** The field whose record lends its e-mail address. */
const EMAIL_FROM: Readonly<Record<string, string>> = {
  HelpDesk: 'parent_id',
  Potentials: 'related_to',
  Project: 'linktoaccountscontacts',
  ProjectTask: 'projectid',
}

const copyEmail = (database: Database, record: CrmRecord): void => {
  const field = EMAIL_FROM[record.module]
  if (field === undefined) return
  const target = database.entity(Number(record.values.get(field) ?? '0'))
  record.values.set('email', emailOf(target?.deleted === true ? undefined : target))
}

export const logTicket = (call: UserCall, record: CrmRecord, what = ''): void => {
  const user = call.caller.user.values.get('user_name') ?? ''
  const log = record.values.get('update_log') ?? ''
  record.values.set('update_log', `${log}${what} -- ${longTime(call.now())} by ${user}--//--`)
}

const ownerName = (database: Database, record: CrmRecord): string => {
  const user = database.row('Users', Number(record.values.get('assigned_user_id') ?? '0'))
  return user === undefined ? '' : database.displayName(user)
}

const CHANGES: readonly (readonly [string, string])[] = [
  ['ticketpriorities', 'Priority'],
  ['ticketstatus', 'Status'],
  ['ticketseverities', 'Severity'],
  ['ticketcategories', 'Category'],
]

const saveTicket = (call: UserCall, { record, before }: Saved): void => {
  if (before === undefined) {
    record.values.set('update_log', `Ticket created. Assigned to user ${ownerName(call.database, record)}`)
    logTicket(call, record)
    return
  }
  const changed = CHANGES.filter(([name]) => record.values.get(name) !== before.get(name)).map(
    ([name, label]) => ` ${label} Changed to ${record.values.get(name) ?? ''}\\.`,
  )
  if (record.values.get('assigned_user_id') !== before.get('assigned_user_id')) {
    changed.unshift(` Transferred to user ${ownerName(call.database, record)}\\.`)
  }
  logTicket(call, record, changed.join(''))
}

/** A comment changes who wrote last on what it is about. */
const saveComment = (call: UserCall, { record, before }: Saved): void => {
  const target = call.database.entity(Number(record.values.get('related_to') ?? '0'))
  const owner = call.database.row('Users', Number(target?.values.get('assigned_user_id') ?? '0'))
  record.values.set('relatedassignedemail', owner?.values.get('email1') ?? '')
  if (target === undefined || before !== undefined) return
  touchBeside(call, target)
}

export const afterSave = (call: UserCall, saved: Saved): void => {
  const { record } = saved
  copyEmail(call.database, record)
  switch (record.module) {
    case 'HelpDesk':
      saveTicket(call, saved)
      break
    case 'ModComments':
      saveComment(call, saved)
      break
    case 'Documents':
      saveFile(call, saved)
      break
    case 'Contacts':
    case 'cbEmployee':
      syncPortalAccess(call, record)
      break
    case 'Invoice':
    case 'Quotes':
    case 'SalesOrder':
      saveLines(call, saved)
      break
  }
}

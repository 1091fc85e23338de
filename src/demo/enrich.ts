/** What the state `demo` has beyond the recorded data set: rows to show and rows to hide for every level and tie. */
import { emptyValue } from './database.ts'
import type { CrmRecord, Database } from './database.ts'
import { insertUser } from './dataset.ts'
import { dateTime, longTime } from './times.ts'
import { cbuuidOf } from './write/identity.ts'

const AT = Date.UTC(2026, 10, 24, 6, 45, 0)

const insert = (database: Database, moduleName: string, values: Record<string, string>): CrmRecord => {
  const module = database.module(moduleName)
  if (module === undefined) throw new Error(`the module ${moduleName} is missing`)
  const number = database.nextNumber()
  const all: Record<string, string> = {
    assigned_user_id: '5',
    createdtime: dateTime(AT),
    modifiedtime: dateTime(AT),
    modifiedby: '1',
    created_user_id: '1',
    ...values,
  }
  return database.insert({
    number,
    module: moduleName,
    values: new Map(
      module.fields.map((field) => [field.name, all[field.name] ?? emptyValue(moduleName, field)]),
    ),
    cbuuid: cbuuidOf(number, moduleName),
    deleted: false,
  })
}

const ticket = (database: Database, title: string, parent: CrmRecord, email: string): CrmRecord =>
  insert(database, 'HelpDesk', {
    ticket_title: title,
    parent_id: String(parent.number),
    ticketpriorities: 'Normal',
    ticketstatus: 'Open',
    hours: '0.000000',
    description: `secret of ${title}`,
    email,
    update_log: `Ticket created. Assigned to user portal portal -- ${longTime(AT)} by admin--//--`,
  })

const existing = (database: Database, number: number): CrmRecord => {
  const record = database.entity(number)
  if (record === undefined) throw new Error(`the data set lacks record ${number}`)
  return record
}

/** Acme and Globex belong to one parent account, which has a contact and tickets of its own. */
const parentAccount = (database: Database): void => {
  const parent = insert(database, 'Accounts', {
    accountname: 'Holding',
    email1: 'holding@example.com',
    employees: '0',
    annual_revenue: '0.000000',
  })
  for (const number of [8546, 8547])
    existing(database, number).values.set('account_id', String(parent.number))
  const contact = insert(database, 'Contacts', {
    firstname: 'helen',
    lastname: 'Helenson',
    email: 'helen@example.com',
    account_id: String(parent.number),
    portal: '0',
    birthday: '2026-11-24',
    support_start_date: '2020-01-01',
    support_end_date: '2035-12-31',
    template_language: 'en',
    portalpasswordtype: 'md5',
    portalloginuser: '5',
  })
  ticket(database, 'Holding ticket', parent, 'holding@example.com')
  ticket(database, 'helen ticket', contact, 'helen@example.com')
}

const conversations = (database: Database): void => {
  const comment = (text: string, parent: number): CrmRecord =>
    insert(database, 'ModComments', {
      commentcontent: text,
      related_to: String(parent),
      creator: '5',
      relatedassignedemail: 'portal@example.com',
    })
  comment('alice project comment', 8636)
  comment('carol project comment', 8676)
  const onTicket = (parent: number, text: string, owner: number, ownertype: string): void => {
    database.comments.push({
      number: database.count('comments'),
      parent,
      text,
      owner,
      ownertype,
      createdtime: dateTime(AT),
    })
    existing(database, parent).values.set('commentadded', '1')
  }
  onTicket(8625, 'When will this be done?', 8549, 'customer')
  onTicket(8625, 'Tomorrow.', 5, 'user')
  onTicket(8665, 'secret comment of carol', 8551, 'customer')
}

const email = (database: Database, name: string, contact: number): void => {
  const sent = insert(database, 'Emails', {
    subject: `${name} e-mail`,
    description: `secret of ${name}`,
    from_email: 'portal@example.com',
    saved_toid: `${name}@example.com`,
    parent_type: 'Contacts',
    activitytype: 'Emails',
    parent_id: `${contact}@-1|`,
    email_flag: 'SENT',
    date_start: '2026-11-24',
    time_start: '06:45:00',
  })
  database.emailRelations.push({ record: contact, document: sent.number })
}

const employee = (database: Database): void => {
  const emil = insert(database, 'cbEmployee', {
    cbemployeeno: 'cbEmployee-0000001',
    nombre: 'Emil Employee',
    work_email: 'emil@example.com',
    portal: '1',
    support_start_date: '2020-01-01',
    support_end_date: '2035-12-31',
    template_language: 'en',
    portalpasswordtype: 'sha256',
    portalloginuser: '5',
  })
  database.portalAccess.push({
    owner: emil.number,
    entity: 'Employee',
    userName: 'emil@example.com',
    password: 'emil-pw',
    active: true,
    failures: 0,
  })
}

const CONTACTS = { alice: 8549, bob: 8550, carol: 8551, dave: 8552, erin: 8553, frank: 8554, grace: 8555 }

/**
 * A CRM user for each contact, with the rights of `portal` and the contact's e-mail address. Each contact is
 * mapped to its own user, so that the same data serve all log-in modes; grace stays mapped to the administrator.
 */
const contactUsers = (database: Database): void => {
  let number = 6
  for (const [name, contact] of Object.entries(CONTACTS)) {
    number += 1
    const [, lastName = ''] = database.displayName(existing(database, contact)).split(' ')
    insertUser(database, number, {
      user_name: name,
      first_name: name,
      last_name: lastName,
      email1: `${name}@example.com`,
      is_admin: 'off',
      status: 'Active',
      roleid: 'H5',
    })
    if (name !== 'grace') existing(database, contact).values.set('portalloginuser', String(number))
  }
}

/** Deleted records go out to the user that they were assigned to, independent of the contact that they belonged to. */
const deletedTicket = (database: Database): void => {
  const record = ticket(database, 'carol ticket withdrawn', existing(database, 8551), 'carol@example.com')
  record.values.set('assigned_user_id', existing(database, 8549).values.get('portalloginuser') ?? '')
  record.deleted = true
}

export const enrich = (database: Database): void => {
  // The numbers up to here belong to the recorded states.
  database.lastNumber = Math.max(database.lastNumber, 8762)
  contactUsers(database)
  parentAccount(database)
  conversations(database)
  email(database, 'alice', 8549)
  email(database, 'carol', 8551)
  employee(database)
  deletedTicket(database)
}

/** The states that a demo coreBOS can start from; see `COREBOS_DEMO_STATE`. */
import { emptyValue } from './database.ts'
import type { CrmRecord, Database, Value } from './database.ts'
import { loadDataset } from './dataset.ts'
import { enrich } from './enrich.ts'
import { installEmployees } from './employees.ts'
import { dateTime, longTime } from './times.ts'

export const STATES = ['demo', 'recorded', 'recorded-helpdesk', 'recorded-employee'] as const
export type State = (typeof STATES)[number]

export const isState = (name: string): name is State => STATES.some((state) => state === name)

/** Milliseconds. */
export interface Clocks {
  /** Of what is written, and of sessions. */
  readonly now: () => number
  /** Of dates that are counted from the day of the call. */
  readonly today: () => number
}

/** The day of most recordings, and a moment that all of them lie before. */
const RECORDED = Date.UTC(2026, 10, 24, 7, 36)
const LAST_RECORDED = Date.UTC(2026, 10, 30, 2, 14)

/**
 * The clocks of a state. In states with which recordings begin, the current day is that of the recordings, and records
 * that are written are later than all times that a recording names.
 */
export const clocksOf = (state: State): Clocks => {
  if (state === 'demo') return { now: Date.now, today: Date.now }
  const began = Date.now()
  const from = (start: number) => (): number => start + Date.now() - began
  return { now: from(LAST_RECORDED), today: from(RECORDED) }
}

/** When the clean data set was finished. */
const SEEDED = Date.UTC(2026, 10, 24, 6, 39, 20)

const existing = (database: Database, number: number): CrmRecord => {
  const record = database.entity(number)
  if (record === undefined) throw new Error(`the data set lacks record ${number}`)
  return record
}

const change = (database: Database, number: number, values: Record<string, Value>): void => {
  const record = existing(database, number)
  for (const [name, value] of Object.entries({ ...values, modifiedtime: dateTime(SEEDED) })) {
    record.values.set(name, value)
  }
  if (record.module !== 'HelpDesk') return
  const log = record.values.get('update_log') ?? ''
  record.values.set('update_log', `${log} -- ${longTime(SEEDED)} by admin--//--`)
}

/** The seven writes of the administrator that the recordings start from (state D). */
const recordedWrites = (database: Database): void => {
  change(database, 8625, {})
  change(database, 8625, { ticketpriorities: 'Normal' })
  const module = database.module('HelpDesk')
  if (module === undefined) throw new Error('the module HelpDesk is missing')
  const ticket: Record<string, string> = {
    ticket_title: 'planted by alice',
    parent_id: '8551',
    assigned_user_id: '1',
    ticketpriorities: 'Normal',
    ticketstatus: 'Open',
    hours: '0.000000',
    createdtime: dateTime(SEEDED),
    modifiedtime: dateTime(SEEDED),
    update_log: `Ticket created. Assigned to user  Administrator -- ${longTime(SEEDED)} by admin--//--`,
    modifiedby: '1',
    created_user_id: '1',
    email: 'carol@example.com',
  }
  database.insert({
    number: database.nextNumber(),
    module: 'HelpDesk',
    values: new Map(
      module.fields.map((field) => [field.name, ticket[field.name] ?? emptyValue(module.name, field)]),
    ),
    cbuuid: '5e2c0f4f8a4d1b5f0a0d8a1e9f3c7b6a2d4e6f80',
    deleted: false,
  })
  change(database, 8665, { ticket_title: 'hacked' })
  change(database, 8665, { commentadded: '1' })
  database.comments.push({
    number: database.count('comments'),
    parent: 8665,
    text: 'x',
    owner: 1,
    ownertype: 'user',
    createdtime: dateTime(SEEDED),
  })
  change(database, 8647, {})
  existing(database, 8647).deleted = true
  change(database, 8549, { portalpasswordtype: 'md5' })
}

/** The right of the contacts' users to work on tickets (state H). */
const allowTickets = (database: Database): void => {
  database.writeDenied.get('H5')?.delete('HelpDesk')
}

export const startingState = (state: State): Database => {
  const database = loadDataset()
  if (state === 'demo') {
    allowTickets(database)
    installEmployees(database)
    enrich(database)
    return database
  }
  recordedWrites(database)
  if (state !== 'recorded') allowTickets(database)
  if (state === 'recorded-employee') installEmployees(database, 4)
  return database
}

/** A row of the table of rights: a request, and what each contact may do with it. */
import type { Test } from 'tap'
import type { CrmRecord } from '../../../src/demo/database.ts'
import type { ErrorCode } from '../../../src/model/errors.ts'
import type { Oracle } from '../../support/oracle.ts'
import type { Answer } from '../../support/portal.ts'

/** `done`; a rejection; or `absent`: exactly the answer about something that is not there. */
export type Right = 'done' | 'absent' | ErrorCode | 'ACCESS_DENIED'

export interface ReadContext {
  readonly name: string
  readonly contact: CrmRecord
  /** What it sees. */
  readonly oracle: Oracle
  /** What is its own. */
  readonly own: Oracle
  /** Of coreBOS's own protocol. */
  readonly session: string
}

export type Rights = (context: ReadContext) => Right

export interface Asked {
  /** Of the path; what is not given is what the row is about. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Asserts what the answer says to its receiver, and its effect. */
export type Holds = (t: Test, answer: Answer, context: ReadContext) => unknown

export interface Row {
  /** As the gateway has it. */
  readonly route: string
  readonly about?: string
  /** The like of which there is none. */
  readonly absent?: string
  readonly ask?: (about: string, context: ReadContext | undefined) => Asked | Promise<Asked>
  readonly right: Rights
  /** Without a token, where none is needed. */
  readonly nobody?: Right
  /** Every caller gets the same answer. */
  readonly alike?: true
  readonly holds?: Holds
}

export const all: Rights = () => 'done'
export const none: Rights = () => 'absent'
export const hers: Rights = ({ name }) => (name === 'alice' ? 'done' : 'absent')

/** A record is read by the contacts that see it. */
export function reads(record: CrmRecord): Rights {
  return ({ oracle }) => (oracle.sees(record) ? 'done' : 'absent')
}

/** A record that contacts may comment on. */
export function comments(record: CrmRecord): Rights {
  return ({ oracle }) => {
    if (!oracle.sees(record)) return 'absent'
    return ['HelpDesk', 'Project'].includes(record.module) ? 'done' : 'NOT_WRITABLE'
  }
}

/** A record that a contact may upload a document to. */
export function uploads(record: CrmRecord): Rights {
  return ({ oracle, contact }) => {
    if (record.module === 'Products' && oracle.sees(record)) return 'REFERENCE_OUT_OF_SCOPE'
    return (record.module === 'Contacts' ? record === contact : oracle.sees(record)) ? 'done' : 'absent'
  }
}

/** Two records are related if both are seen, one is a ticket and one is the contact's own. */
export function relates(one: (context: ReadContext) => CrmRecord, other: CrmRecord): Rights {
  return (context) => {
    const both = [one(context), other]
    if (!both.every((each) => context.oracle.sees(each))) return 'absent'
    const isOpen = both.some(({ module }) => module === 'HelpDesk')
    return isOpen && both.some((each) => context.own.sees(each)) ? 'done' : 'NOT_WRITABLE'
  }
}

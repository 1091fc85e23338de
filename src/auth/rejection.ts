import type { HeldSlots } from '../session/contract.ts'
import type { Contact } from '../model/contact.ts'

/** Why a log-in or a running session is rejected: for log and operators only, never for the caller. */
export type RejectionReason =
  | 'name' // unknown, portal access off or support over (coreBOS does not tell these apart), or shared by several
  | 'too-long'
  | 'password'
  | 'budget' // as many wrong passwords as may reach coreBOS have reached it
  | 'locked' // coreBOS itself has locked the contact out
  | 'absent' // this coreBOS has no Customer Portal Login
  | 'other' // coreBOS rejected for a reason that has nothing to do with the password
  | 'duplicate'
  | 'unmapped' // no contact belongs to the CRM user, or several do
  | 'unreadable' // the contact's own record cannot be read, so nothing can be said about its access
  | 'password-type' // the record names none that is known, and COREBOS_PASSWORD_TYPE is not set
  | 'portal-off'
  | 'support'
  | 'administrator'
  | 'mode' // employees log in in portal mode only
  | 'mismatch' // coreBOS admitted another contact than the gateway had looked up

/** Who logged in; `upstream` is the name of the contact's own coreBOS session, where the mode has one. */
export interface Admitted {
  readonly contact: Contact
  readonly upstream: string | undefined
  /** What the log-in gives back of the contact's budget: given up in the step that opens its session. */
  readonly releaseOnSuccess: HeldSlots | undefined
}

export interface Rejected {
  readonly rejected: RejectionReason
}

export type LoginOutcome = Admitted | Rejected

export function reject(reason: RejectionReason): Rejected {
  return { rejected: reason }
}

/** The reasons why a log-in is rejected, and its outcome. */
import type { HeldSlots } from '../session/contract.ts'
import type { Contact } from '../model/contact.ts'

/** The reason why a log-in or a running session is rejected: for log and operators only, never for the caller. */
export type RejectionReason =
  | 'name' // unknown, portal access off or support over (coreBOS does not distinguish them), or shared by several
  | 'too-long'
  | 'password'
  | 'budget' // the lock-out budget is spent
  | 'locked' // coreBOS itself has locked the contact out
  | 'absent' // this coreBOS has no Customer Portal Login
  | 'other' // coreBOS rejected it for a reason unrelated to the password
  | 'duplicate'
  | 'unmapped' // no contact belongs to the CRM user, or several do
  | 'unreadable' // the contact's own record cannot be read, so its access is unknown
  | 'password-type' // the record names no known type, and COREBOS_PASSWORD_TYPE is not set
  | 'portal-off'
  | 'support'
  | 'administrator'
  | 'mode' // employees log in in portal mode only
  | 'mismatch' // coreBOS logged in another contact than the gateway had looked up

/** An admitted contact; `upstream` is the name of its own coreBOS session, if the mode has one. */
export interface Admitted {
  readonly contact: Contact
  readonly upstream: string | undefined
  /** The slots of the contact's budget that the log-in frees; released in the step that opens its session. */
  readonly releaseOnSuccess: HeldSlots | undefined
}

export interface Rejected {
  readonly rejected: RejectionReason
}

export type LoginOutcome = Admitted | Rejected

export function reject(reason: RejectionReason): Rejected {
  return { rejected: reason }
}

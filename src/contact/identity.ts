/** What coreBOS's record of a contact or employee says about its access. */
import type { Contact, Level } from './contact.ts'
import { levels } from './contact.ts'
import type { RefusalReason } from './refusal.ts'

export type Entity = Contact['entity']

export const passwordTypes = ['md5', 'sha256', 'sha512', 'plaintext'] as const
export type PasswordType = (typeof passwordTypes)[number]

/** Identity facts as read from one record; texts are empty where coreBOS has none. */
export interface Identity {
  readonly id: string
  readonly accountId: string | undefined
  readonly portal: boolean
  /** `YYYY-MM-DD`. */
  readonly supportStart: string
  readonly supportEnd: string
  readonly passwordType: PasswordType | undefined
  /** Webservice id of the CRM user that the record is mapped to. */
  readonly userId: string
  readonly language: string
  /** What the policy's level field holds. */
  readonly level: string
}

/** Where identity facts come from: the service user, or the contact's own session. Nothing found is an empty list. */
export interface IdentityReader {
  byId(entity: Entity, id: string): Promise<Identity | undefined>
  /** By log-in name, compared as the database does; duplicates come back together. */
  byName(entity: Entity, name: string): Promise<readonly Identity[]>
  byUser(userId: string): Promise<readonly Identity[]>
}

/**
 * Why this contact may not be let in today, if it may not. Support without a date has not begun or is over: coreBOS
 * compares both ends and lets in nobody who lacks one.
 */
export function barrier(identity: Identity, today: string): RefusalReason | undefined {
  if (!identity.portal) return 'portal-off'
  const { supportStart, supportEnd } = identity
  const covered = supportStart !== '' && supportEnd !== '' && supportStart <= today && today <= supportEnd
  return covered ? undefined : 'support'
}

/** The level that a policy gives this contact: what its level field says, where that is a level. */
export function levelOf(identity: Identity, usual: Level): Level {
  return levels.find((level) => level === identity.level) ?? usual
}

/** The day in UTC, as coreBOS writes it. */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

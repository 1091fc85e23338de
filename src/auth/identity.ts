/** Derives a contact's access from its record in coreBOS. */
import type { Entity } from '../corebos/login.ts'
import type { Identity } from '../corebos/trusted.ts'
import { levels, type Contact, type Level } from '../model/contact.ts'

/** The level that a policy gives this contact: the value of its level field, if that is a level. */
export function levelOf(identity: Identity, usual: Level): Level {
  return levels.find((level) => level === identity.level) ?? usual
}

/** @param user the CRM user that the contact is mapped to */
export function contactOf(identity: Identity, entity: Entity, user: Contact['user'], usual: Level): Contact {
  const { id, accountId, language } = identity
  return { entity, id, accountId, user, language, level: levelOf(identity, usual) }
}

/** The day in UTC, in the format of coreBOS. */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** The encrypted part of a session: its facts as a short text, without those that change with every request. */
import { levels, type Contact } from '../../model/contact.ts'
import type { PortalSession } from '../contract.ts'

export type Fixed = Omit<PortalSession, 'lastSeenAt' | 'generation'>

const form = 1

export function pack(session: Fixed): string {
  const { id, contact, upstream = null, userAgent, address } = session
  const { createdAt, checkedAt, expiresAt, checkedUnder } = session
  const { entity, id: contactId, accountId = null, user, language, level } = contact
  const who = [entity, contactId, accountId, user.id, user.name, language, level]
  // One value for both: an earlier version reads no time in it, and checks again instead of ending the session.
  const check = [checkedAt, checkedUnder]
  return JSON.stringify([form, id, ...who, upstream, userAgent, address, createdAt, check, expiresAt])
}

/** @returns `undefined` for the format of another version */
export function unpack(text: string): Fixed | undefined {
  const parts: unknown = JSON.parse(text)
  if (!Array.isArray(parts) || parts.length !== 15 || parts[0] !== form) return undefined
  const values: readonly unknown[] = parts
  const str = (index: number): string => {
    const value = values[index]
    return typeof value === 'string' ? value : ''
  }
  const time = (index: number): number => Number(values[index])
  const optional = (index: number): string | undefined => (values[index] === null ? undefined : str(index))

  const level = levels.find((name) => name === values[8])
  if (level === undefined) return undefined
  const contact: Contact = {
    entity: values[2] === 'Employee' ? 'Employee' : 'Contacts',
    id: str(3),
    accountId: optional(4),
    user: { id: str(5), name: str(6) },
    language: str(7),
    level,
  }
  return {
    id: str(1),
    contact,
    upstream: optional(9),
    userAgent: str(10),
    address: str(11),
    createdAt: time(12),
    ...checkIn(values[13]),
    expiresAt: time(14),
  }
}

/** A check without rules, as earlier versions stored it, counts under none: the contact is checked again. */
function checkIn(value: unknown): Pick<Fixed, 'checkedAt' | 'checkedUnder'> {
  const parts: readonly unknown[] = Array.isArray(value) ? value : []
  const [at, under] = parts
  const isCheck = typeof at === 'number' && typeof under === 'string'
  return isCheck ? { checkedAt: at, checkedUnder: under } : { checkedAt: 0, checkedUnder: '' }
}

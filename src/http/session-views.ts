/** How routes show a contact and its sessions: schemas, examples and the views themselves. */
import { Type, type Static } from '@sinclair/typebox'
import { levels, type Contact } from '../model/contact.ts'
import type { PortalSession } from '../session/contract.ts'
import { WebserviceId } from './schemas.ts'

export const ContactView = Type.Object(
  {
    id: WebserviceId,
    accountId: Type.Union([WebserviceId, Type.Null()], {
      description: 'Null if the contact belongs to no account',
    }),
    user: Type.Object(
      { id: WebserviceId, name: Type.String() },
      { description: 'The CRM user that the contact is mapped to' },
    ),
    language: Type.String({ examples: ['en'] }),
    level: Type.Union(
      levels.map((level) => Type.Literal(level)),
      { description: 'How far the contact sees, unless a rule overrides it' },
    ),
  },
  { title: 'SessionContact' },
)

/** What the routes of log-in, sessions and passwords have in common. */
export const ofSession = { tags: ['auth'], security: [{ bearer: [] }] }
export const Ended = Type.Null({ description: 'Done' })

const Time = Type.String({ format: 'date-time' })
export const SessionView = Type.Object(
  {
    id: Type.String(),
    current: Type.Boolean({ description: 'True for the session of this request' }),
    userAgent: Type.String(),
    address: Type.String(),
    createdAt: Time,
    lastSeenAt: Time,
    expiresAt: Type.String({ format: 'date-time', description: 'When the session ends at the latest' }),
  },
  { title: 'Session' },
)
export const CurrentSession = Type.Composite([SessionView, Type.Object({ contact: ContactView })], {
  title: 'CurrentSession',
})

export const exampleContact: Static<typeof ContactView> = {
  id: '12x8549',
  accountId: '11x8546',
  user: { id: '19x6', name: 'portal' },
  language: 'en',
  level: 'account',
}
export const exampleSession: Static<typeof SessionView> = {
  id: 'Yk9…',
  current: true,
  userAgent: 'Mozilla/5.0',
  address: '192.0.2.7',
  createdAt: '2026-11-24T07:35:26.000Z',
  lastSeenAt: '2026-11-24T08:01:10.000Z',
  expiresAt: '2026-11-24T19:35:26.000Z',
}

export function viewOfContact({ id, accountId, user, language, level }: Contact): Static<typeof ContactView> {
  return { id, accountId: accountId ?? null, user: { ...user }, language, level }
}

export function viewOfSession(session: PortalSession, current: string): Static<typeof SessionView> {
  const { id, userAgent, address, createdAt, lastSeenAt, expiresAt } = session
  const iso = (time: number) => new Date(time).toISOString()
  return {
    id,
    current: id === current,
    userAgent,
    address,
    createdAt: iso(createdAt),
    lastSeenAt: iso(lastSeenAt),
    expiresAt: iso(expiresAt),
  }
}

/** How far a contact sees; each level holds the ones before it. */
export const levels = ['own', 'account', 'company', 'parent', 'group'] as const
export type Level = (typeof levels)[number]

/** The caller as coreBOS knows it. All ids are webservice ids (`12x8549`). */
export interface Contact {
  readonly entity: 'Contacts' | 'Employee'
  readonly id: string
  /** Absent: no account ties and no colleagues. An empty reference is never compared. */
  readonly accountId: string | undefined
  /** The CRM user that coreBOS maps this contact to; its rights apply in `portal` and `user` mode. */
  readonly user: { readonly id: string; readonly name: string }
  readonly language: string
  readonly level: Level
}

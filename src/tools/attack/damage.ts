/** What has changed in coreBOS that this contact could not be allowed to change by the built-in policy. */
import { Scope, type Person } from './scope.ts'
import type { CrmRecord, World } from './world.ts'

/** What coreBOS itself keeps up to date. */
const kept = new Set([
  'modifiedtime',
  'modifiedby',
  'commentadded',
  'update_log',
  'from_portal',
  'hours',
  'days',
])

/** Of documents that are related to the contact; the gateway narrows them to those that the contact uploaded. */
const openOfDocuments = new Set(['notes_title', 'notecontent', 'filename', 'filesize', 'filetype'])
const openOfTickets = new Set(['ticket_title', 'description', 'ticketpriorities', 'ticketstatus'])
const openOfContacts = new Set(
  ['salutationtype', 'firstname', 'lastname', 'phone', 'mobile', 'homephone', 'otherphone', 'fax'].concat(
    ['street', 'pobox', 'city', 'state', 'zip', 'country'].flatMap((part) => [
      `mailing${part}`,
      `other${part}`,
    ]),
  ),
)

export interface Damage {
  /** Webservice id of what was changed. */
  readonly id: string
  readonly what: string
}

/** @param person the only one who has written meanwhile */
export function damage(before: World, after: World, person: Person): Damage[] {
  const scope = new Scope(before, person)
  const found: Damage[] = []
  for (const record of before.records.values()) {
    const now = after.records.get(record.id)
    if (now === undefined) found.push({ id: record.id, what: `${record.module} ${record.id} is gone` })
    else found.push(...changed(record, now, person, before))
  }
  for (const record of after.records.values()) {
    if (!before.records.has(record.id) && !mayBeNew(record, scope, before, after))
      found.push({
        id: record.id,
        what: `${record.module} ${record.id} is new, and not the contact's to create`,
      })
  }
  for (const [id, partners] of after.relations) {
    const old = before.relations.get(id)
    const document = before.records.get(id)
    if (old === undefined || document === undefined) continue
    for (const partner of difference(partners, old)) {
      const other = before.records.get(partner) ?? after.records.get(partner)
      const isOpen = document.module === 'Documents' && ['HelpDesk', 'Project'].includes(other?.module ?? '')
      if (!isOpen || other === undefined || !scope.sees(document) || !scope.sees(other))
        found.push({ id, what: `the relation of ${id} and ${partner} is another` })
    }
  }
  if (before.secrets.some((key) => !after.secrets.includes(key)))
    found.push({ id: '', what: 'an access key is another' })
  return found
}

function difference(one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...one, ...other].filter((each) => one.has(each) !== other.has(each))
}

function changed(record: CrmRecord, now: CrmRecord, { contact }: Person, before: World): Damage[] {
  const fields = [...now.values.keys()].filter(
    (field) => !kept.has(field) && now.values.get(field) !== record.values.get(field),
  )
  const open =
    record.module === 'HelpDesk' && record.values.get('parent_id') === contact
      ? openOfTickets
      : record.id === contact
        ? openOfContacts
        : record.module === 'Documents' && before.relations.get(record.id)?.has(contact) === true
          ? openOfDocuments
          : new Set<string>()
  return fields
    .filter((field) => !open.has(field))
    .map((field) => ({
      id: record.id,
      what: `${record.module} ${record.id} has another ${field}: ${JSON.stringify(now.values.get(field)?.slice(0, 80))}`,
    }))
}

function mayBeNew(record: CrmRecord, scope: Scope, before: World, after: World): boolean {
  const at = (field: string): string => record.values.get(field) ?? ''
  const { contact } = scope.person
  switch (record.module) {
    case 'HelpDesk':
      return at('parent_id') === contact
    case 'ModComments': {
      const target = before.records.get(at('related_to')) ?? after.records.get(at('related_to'))
      return target !== undefined && ['HelpDesk', 'Project'].includes(target.module) && scope.sees(target)
    }
    case 'Documents':
      return after.relations.get(record.id)?.has(contact) === true
    default:
      return false
  }
}

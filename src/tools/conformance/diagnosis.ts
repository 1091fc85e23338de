/** Diagnoses an installation for its operator. */
import { getPortalUserInfo } from '../../corebos/login.ts'
import { internalFields, looksInternal } from '../../policy/internal.ts'
import { ask, rowsOf, show, textAt } from './answer.ts'
import type { World } from './world.ts'

export interface Remark {
  readonly subject: string
  readonly text: string
  /** The operator should act on it. */
  readonly isWarning: boolean
}

/** What the built-in policy lets contacts do; it fails where the CRM user lacks the right. */
const wanted = {
  HelpDesk: ['createable', 'updateable'],
  Documents: ['createable', 'updateable'],
  Contacts: ['updateable'],
  ModComments: ['createable'],
} as const

const readable =
  'Contacts Accounts HelpDesk Potentials Project ProjectTask ProjectMilestone ServiceContracts Invoice Quotes SalesOrder InventoryDetails Assets Documents Emails ModComments Products Services Faq'.split(
    ' ',
  )

/** Password types that the gateway knows how to send. */
const known = ['md5', 'sha256', 'sha512', 'plaintext']

/** Rows by one statement, and contacts looked at in all. */
const page = 500
const mostContacts = 20_000
/** Users that contacts are mapped to, those with most contacts first. */
const mostUsers = 50

interface Contact {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly user: string
}

export async function diagnose(world: World): Promise<readonly Remark[]> {
  const { contacts, remarks } = await portalContacts(world)
  return [
    ...(await serviceUser(world)),
    ...remarks,
    ...passwordTypes(contacts),
    ...names(contacts),
    ...(await administrators(world, contacts)),
    ...(await unrestricted(world)),
    ...hiddenFields(world),
  ]
}

const fine = (subject: string, text: string): Remark => ({ subject, text, isWarning: false })
const warning = (subject: string, text: string): Remark => ({ subject, text, isWarning: true })

async function serviceUser({ service, serviceName, modules }: World): Promise<Remark[]> {
  const subject = 'service user'
  const { administrator } = await getPortalUserInfo(service)
  const remarks = [
    administrator
      ? warning(subject, `${serviceName} is an administrator; an ordinary user with few rights is enough`)
      : fine(subject, `${serviceName} is no administrator`),
  ]
  const hidden = readable.filter((name) => !modules.has(name))
  if (hidden.length > 0) remarks.push(warning(subject, `does not see ${hidden.join(', ')}`))
  for (const [name, rights] of Object.entries(wanted)) {
    const module = modules.get(name)
    const missing = rights.filter((right) => module?.[right] === false)
    if (missing.length > 0) remarks.push(warning(subject, `${name} is not ${missing.join(', not ')} for it`))
  }
  const deletable = [...modules.values()].filter(({ deleteable }) => deleteable).length
  remarks.push(fine(subject, `sees ${modules.size} modules and may delete in ${deletable}`))
  return remarks
}

async function portalContacts({ service }: World): Promise<{ contacts: Contact[]; remarks: Remark[] }> {
  const subject = 'contacts'
  const contacts: Contact[] = []
  const remarks: Remark[] = []
  while (contacts.length < mostContacts) {
    const answer = await ask(service, 'query', {
      query: `select email,portalpasswordtype,portalloginuser from Contacts where portal='1' limit ${contacts.length},${page};`,
    })
    if (answer.kind !== 'result') {
      remarks.push(warning(subject, `cannot be read: ${show(answer)}`))
      return { contacts, remarks }
    }
    const found = rowsOf(answer).map((row) => ({
      id: textAt(row, 'id'),
      name: textAt(row, 'email'),
      type: textAt(row, 'portalpasswordtype'),
      user: textAt(row, 'portalloginuser'),
    }))
    contacts.push(...found)
    if (found.length < page) break
  }
  const more = contacts.length >= mostContacts ? ', and more that were not looked at' : ''
  return { contacts, remarks: [fine(subject, `${contacts.length} with portal access${more}`)] }
}

const some = (ids: readonly string[]): string =>
  ids.length > 10 ? `${ids.slice(0, 10).join(', ')} and ${ids.length - 10} more` : ids.join(', ')

const groups = <T>(list: readonly T[], keyOf: (each: T) => string): Map<string, T[]> => {
  const found = new Map<string, T[]>()
  for (const each of list) found.set(keyOf(each), [...(found.get(keyOf(each)) ?? []), each])
  return found
}

const idsOf = (contacts: readonly Contact[]): string => some(contacts.map(({ id }) => id))

function passwordTypes(contacts: readonly Contact[]): Remark[] {
  return [...groups(contacts, ({ type }) => type)].map(([type, held]) =>
    known.includes(type)
      ? fine('password types', `${type}: ${held.length}`)
      : warning('password types', `"${type}" is none that works, these cannot log in: ${idsOf(held)}`),
  )
}

function names(contacts: readonly Contact[]): Remark[] {
  const shared = [...groups(contacts, ({ name }) => name.trim().toLowerCase())].filter(
    ([name, held]) => name === '' || held.length > 1,
  )
  return shared.map(([name, held]) =>
    name === ''
      ? warning('log-in names', `without an e-mail address: ${idsOf(held)}`)
      : warning('log-in names', `one name, so that none of them can log in: ${idsOf(held)}`),
  )
}

/** Whether a CRM user is an administrator; undefined where coreBOS does not tell. */
async function isAdministrator(world: World, user: string): Promise<boolean | undefined> {
  const { service, serviceId, contact, modules } = world
  if (user === serviceId) return (await getPortalUserInfo(service)).administrator
  if (user === contact?.userId) return contact.isAdministrator
  const listed = await ask(service, 'query', { query: `select is_admin from Users where id='${user}';` })
  const own = textAt(rowsOf(listed)[0], 'is_admin')
  if (own !== '') return own === 'on'
  // Others are not told of users, but for the path through which coreBOS shows any field of an owner.
  for (const { name, isEntity } of modules.values()) {
    if (!isEntity || name === 'Users') continue
    const query = `select Users.is_admin from ${name} where (Users.id='${user}') limit 1;`
    const found = textAt(rowsOf(await ask(service, 'query', { query }))[0], 'is_admin')
    if (found !== '') return found === 'on'
  }
  return undefined
}

async function administrators(world: World, contacts: readonly Contact[]): Promise<Remark[]> {
  const subject = 'mapped users'
  const remarks: Remark[] = []
  const untold: string[] = []
  const users = [...groups(contacts, ({ user }) => user)].sort(([, a], [, b]) => b.length - a.length)
  for (const [user, held] of users.slice(0, mostUsers)) {
    const administrator = user === '' ? undefined : await isAdministrator(world, user)
    if (user === '') remarks.push(warning(subject, `none, so that they cannot log in: ${idsOf(held)}`))
    else if (administrator === undefined) untold.push(`${user} (of ${idsOf(held)})`)
    else if (administrator)
      remarks.push(
        warning(subject, `${user} is an administrator, coreBOS shows everything to: ${idsOf(held)}`),
      )
    else remarks.push(fine(subject, `${user} is no administrator, contacts: ${held.length}`))
  }
  if (untold.length > 0) {
    const advice = 'ask with the name and key of an administrator'
    remarks.push(warning(subject, `coreBOS does not tell what these are, ${advice}: ${some(untold)}`))
  }
  if (users.length > mostUsers)
    remarks.push(warning(subject, `${users.length - mostUsers} more were not looked at`))
  return remarks
}

/** What the gateway hides from contacts of this installation, and what else may have to be hidden. */
function hiddenFields({ modules }: World): Remark[] {
  return readable.flatMap((name) => {
    const fields = [...(modules.get(name)?.fields.values() ?? [])]
    const internal = new Set(internalFields(name))
    const list = (some: typeof fields) => some.map((field) => field.name).join(', ')
    const hidden = fields.filter((field) => internal.has(field.name))
    const others = fields.filter((field) => !internal.has(field.name) && looksInternal(field.label))
    return [
      ...(hidden.length > 0 ? [fine('hidden from contacts', `${name}: ${list(hidden)}`)] : []),
      ...(others.length > 0
        ? [warning('shown to contacts', `${name}: may be internal by their labels: ${list(others)}`)]
        : []),
    ]
  })
}

/** Restricted by relations or by their parent, not by their fields. */
const byRelation = ['Documents', 'Emails', 'ProjectTask']

/** Modules whose rows coreBOS counts for a contact as for the service user, and those that it cannot ask at all. */
async function unrestricted({ service, contact, modules }: World): Promise<Remark[]> {
  const subject = 'native restriction'
  const entities = [...modules.values()].filter(({ isEntity, name }) => isEntity && name !== 'Users')
  if (contact === undefined) {
    const free = entities.filter(
      ({ name, fields }) =>
        !byRelation.includes(name) &&
        [...fields.values()].every(
          ({ refersTo }) => !refersTo.includes('Contacts') && !refersTo.includes('Accounts'),
        ),
    )
    return [fine(subject, `by their fields, probably not in: ${free.map(({ name }) => name).join(', ')}`)]
  }
  if (contact.isAdministrator)
    return [warning(subject, 'none anywhere, the contact is mapped to an administrator')]
  const counts: { name: string; all: number; seen: number | undefined }[] = []
  for (const { name } of entities) {
    const query = `select id from ${name} limit 1;`
    const [all, seen] = [
      await ask(service, 'query', { query }),
      await ask(contact.session, 'query', { query }),
    ]
    const total = all.kind === 'result' ? (all.total ?? 0) : 0
    if (total > 0) counts.push({ name, all: total, seen: seen.kind === 'result' ? seen.total : undefined })
  }
  const list = (found: readonly { name: string }[]): string =>
    found.length === 0 ? 'none' : found.map(({ name }) => name).join(', ')
  const failing = counts.filter(({ seen }) => seen === undefined)
  return [
    fine(
      subject,
      `counts the same for the contact as for all: ${list(counts.filter(({ all, seen }) => all === seen))}`,
    ),
    fine(subject, `cannot be asked by a contact: ${list(failing)}`),
  ]
}

/** The gateway's own statements about who a contact is. They contain only ids and log-in names of a request. */
import { GatewayError } from '../model/errors.ts'
import { readingOf } from '../query/dialect.ts'
import { sealQuery, type SendableQuery } from '../model/sendable-query.ts'
import type { Caller } from './caller.ts'
import { parseId } from '../model/webservice-id.ts'
import type { Entity, PasswordType } from './login.ts'
import { query, type Row } from './read.ts'

/** The facts of a contact's or employee's record about its access. Texts are empty if coreBOS has none. */
export interface Identity {
  readonly id: string
  readonly accountId: string | undefined
  /** As stored, which may differ from what was typed: names are compared by collation. */
  readonly name: string
  readonly portal: boolean
  /** `YYYY-MM-DD`. */
  readonly supportStart: string
  readonly supportEnd: string
  readonly passwordType: PasswordType | undefined
  /** Webservice id of the CRM user that the record is mapped to. */
  readonly userId: string
  readonly language: string
  /** The value of the requested field. */
  readonly level: string
}

interface Source {
  readonly module: string
  readonly nameField: string
  readonly accountField: string | undefined
}

const sources: Readonly<Record<Entity, Source>> = {
  Contacts: { module: 'Contacts', nameField: 'email', accountField: 'account_id' },
  Employee: { module: 'cbEmployee', nameField: 'work_email', accountField: undefined },
}

/** The most contacts that are read for the users that they are mapped to, or for their languages. */
const mostMapped = 500

/** Enough to see that several contacts have the same name. */
const mostNamesakes = 50

/** Reads identities with the session of the service user, or a contact's own with that contact's session. */
export class Identities {
  readonly #caller: Caller
  readonly #levelField: string | undefined

  /** @param levelField the field of contacts that names their level */
  constructor(caller: Caller, levelField?: string) {
    this.#caller = caller
    this.#levelField = levelField
  }

  async byId(entity: Entity, id: string): Promise<Identity | undefined> {
    const [found] = await this.#find(entity, 'id', requireId(id), 1)
    return found?.id === id ? found : undefined
  }

  /**
   * By log-in name, compared by the database's collation: other spellings match too, and contacts without portal access
   * are included.
   */
  async byName(entity: Entity, name: string): Promise<readonly Identity[]> {
    const found = await this.#find(entity, sources[entity].nameField, name, mostNamesakes)
    if (found.length < mostNamesakes) return found
    throw new GatewayError('QUERY_TOO_LARGE', 'too many contacts share a name')
  }

  /** Contacts that are mapped to a CRM user. */
  async byUser(userId: string): Promise<readonly Identity[]> {
    return this.#find('Contacts', 'portalloginuser', requireId(userId), mostNamesakes)
  }

  /**
   * The CRM users that contacts with portal access are mapped to, with the ids of those contacts; of some contacts if
   * there are many.
   */
  async mappedUsers(): Promise<ReadonlyMap<string, readonly string[]>> {
    const users = new Map<string, string[]>()
    for (const { id = '', portalloginuser: user = '' } of await this.#withAccess('id,portalloginuser'))
      if (parseId(user) !== undefined) users.set(user, [...(users.get(user) ?? []), id])
    return users
  }

  /** The languages of contacts with portal access, as coreBOS stores them; of some contacts if there are many. */
  async languages(): Promise<ReadonlySet<string>> {
    const rows = await this.#withAccess('template_language')
    return new Set(rows.map(({ template_language: language = '' }) => language))
  }

  async #withAccess(fields: 'id,portalloginuser' | 'template_language') {
    const text = `select ${fields} from Contacts where portal='1' limit ${mostMapped};`
    return (await query(this.#caller, sealQuery(text, 'basic'))).rows
  }

  /**
   * Ordinary users may not read users, but they may read the owner of a record.
   *
   * @returns undefined if the user owns no record of these modules
   */
  async isAdministrator(userId: string): Promise<boolean | undefined> {
    for (const module of ['Contacts', 'Accounts', 'HelpDesk']) {
      const text = `select Users.is_admin from ${module} where (Users.id='${requireId(userId)}') limit 1;`
      const { rows } = await query(this.#caller, sealQuery(text, 'extended'))
      const [isAdministrator] = Object.values(rows[0] ?? {})
      if (isAdministrator !== undefined) return isAdministrator === 'on' || isAdministrator === '1'
    }
    return undefined
  }

  async #find(entity: Entity, field: string, value: string, limit: number): Promise<readonly Identity[]> {
    const source = sources[entity]
    const level = entity === 'Contacts' ? this.#levelField : undefined
    const { rows } = await query(this.#caller, statement(source, level, field, value, limit))
    return rows.map((row) => identity(row, source, level))
  }
}

function requireId(id: string): string {
  if (parseId(id) === undefined)
    throw new GatewayError('INVALID_VALUE', 'the id of the user is not a valid webservice id')
  return id
}

/** @throws GatewayError `QUERY_NOT_EXPRESSIBLE` if coreBOS would read the value in another way */
function statement(
  { module, nameField, accountField }: Source,
  levelField: string | undefined,
  field: string,
  value: string,
  limit: number,
): SendableQuery {
  const columns = [
    nameField,
    'portal',
    'support_start_date',
    'support_end_date',
    'portalpasswordtype',
    'portalloginuser',
    'template_language',
    ...(accountField === undefined ? [] : [accountField]),
    ...(levelField === undefined ? [] : [levelField]),
  ]
  const literal = `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  const text = `select ${columns.join(',')} from ${module} where ${field}=${literal} limit ${limit};`
  // An empty text is INTERNAL_SERVER_ERROR in this dialect, and a value such as `a where [b]` removes the condition.
  if (value.trim() === '' || readingOf(text) !== 'basic') {
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', 'coreBOS would misread this name')
  }
  return sealQuery(text, 'basic')
}

function identity(row: Row, { nameField, accountField }: Source, levelField: string | undefined): Identity {
  const cell = (name: string) => {
    const value = row[name]
    if (value === undefined) throw new GatewayError('COREBOS_FAILED', `coreBOS left out the column ${name}`)
    return value
  }
  const account = accountField === undefined ? '' : cell(accountField)
  return {
    id: cell('id'),
    accountId: parseId(account)?.text,
    name: cell(nameField),
    portal: cell('portal') === '1',
    supportStart: cell('support_start_date'),
    supportEnd: cell('support_end_date'),
    passwordType: passwordTypes[cell('portalpasswordtype')],
    userId: cell('portalloginuser'),
    language: cell('template_language'),
    level: levelField === undefined ? '' : cell(levelField),
  }
}

const passwordTypes: Readonly<Record<string, PasswordType | undefined>> = {
  md5: 'md5',
  sha256: 'sha256',
  sha512: 'sha512',
  plaintext: 'plaintext',
}

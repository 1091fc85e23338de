/**
 * The CRM user of a session in `/webservice.php`: its own row of `Users` with name, language and formats. The row is
 * made from the log-in and `getPortalUserInfo`. No query on `Users` is sent to coreBOS.
 */
import { userSettings } from '../corebos/presentation.ts'
import { GatewayError } from '../model/errors.ts'
import type { Condition, FieldPath, Query } from '../query/tree.ts'
import type { Row } from '../scope/verify.ts'
import type { WebserviceContext } from './call.ts'
import { withoutTrailing } from '../model/without-trailing.ts'

const module = 'Users'

/** Whether a query is one on `Users`, in any letter case. */
export function isOfUsers({ module: name }: Query): boolean {
  return name.toLowerCase() === module.toLowerCase()
}

/** Whether an id is that of the session's user. */
export function isOwnUser(id: string, { session }: Pick<WebserviceContext, 'session'>): boolean {
  return id === session.contact.user.id
}

/** @throws GatewayError the error of coreBOS */
export async function ownUser({ caller, session }: WebserviceContext): Promise<Row> {
  const { user } = session.contact
  return { user_name: user.name, ...(await userSettings(caller)), id: user.id }
}

/**
 * The rows of a query on `Users`: the own row, if it meets the condition.
 *
 * @throws GatewayError `UNKNOWN_FIELD` for every field that the row does not have, `UNKNOWN_MODULE` for every other
 *   form of query
 */
export async function queryOwnUser(query: Query, client: WebserviceContext): Promise<Row[]> {
  const row = await ownUser(client)
  const columns = selected(query, row)
  for (const { path } of query.orderBy) valueOf(path, row)
  const { offset, count } = query.limit ?? { offset: 0, count: 1 }
  const isShown = (query.where === undefined || holds(query.where, row)) && offset === 0 && count > 0
  return isShown ? [Object.fromEntries(columns.map((name) => [name, row[name] ?? '']))] : []
}

function selected({ selection }: Query, row: Row): string[] {
  if (selection.kind === 'all') return Object.keys(row)
  if (selection.kind === 'count' || selection.distinct) throw closed()
  for (const path of selection.paths) valueOf(path, row)
  return [...new Set([...selection.paths.map(({ field }) => field).filter((name) => name !== 'id'), 'id'])]
}

/** Every term is looked at, so that a field which is closed is rejected wherever it stands. */
function holds(condition: Condition, row: Row): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.terms.map((term) => holds(term, row)).every(Boolean)
    case 'or':
      return condition.terms.map((term) => holds(term, row)).some(Boolean)
    case 'in': {
      const value = valueOf(condition.path, row)
      if (condition.negated) throw closed()
      return condition.values.some(({ text }) => isSame(text, value))
    }
    case 'compare': {
      const value = valueOf(condition.path, row)
      if (condition.operator !== '=') throw closed()
      return isSame(condition.value.text, value)
    }
    case 'constant':
      return condition.holds
    default:
      throw closed()
  }
}

/** As coreBOS compares: in any letter case, without blanks at the end. */
function isSame(one: string, other: string): boolean {
  const folded = (text: string) => withoutTrailing(text, ' ').toLowerCase()
  return folded(one) === folded(other)
}

function valueOf({ via, field }: FieldPath, row: Row): string {
  const value = via === undefined && Object.hasOwn(row, field) ? row[field] : undefined
  if (value !== undefined) return value
  throw new GatewayError('UNKNOWN_FIELD', `${module} has no field '${field.slice(0, 100)}'`)
}

function closed(): GatewayError {
  return new GatewayError(
    'UNKNOWN_MODULE',
    `of ${module} the own row alone can be read, by fields with '=' and 'in'`,
  )
}

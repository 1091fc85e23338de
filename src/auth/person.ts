/** Finds the person that an operator names: by a log-in name (an e-mail address) or a webservice id. */
import type { Identity } from '../corebos/trusted.ts'
import { CorebosRejection } from '../model/corebos-errors.ts'
import type { Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { parseId } from '../model/webservice-id.ts'
import type { IdentityReader } from './calls.ts'

export interface Person {
  readonly entity: Contact['entity']
  readonly identity: Identity
}

/**
 * The contact or, if there is none, the employee; whether it may log in today is not checked.
 *
 * @throws GatewayError `NOT_FOUND`, `INVALID_VALUE` if several have the name, or the error of coreBOS
 */
export async function findPerson(
  reader: Pick<IdentityReader, 'byId' | 'byName'>,
  who: string,
): Promise<Person> {
  for (const entity of ['Contacts', 'Employee'] as const) {
    const found = await named(reader, entity, who)
    const [identity, ...others] = found === 'several' ? [] : found
    if (found === 'several' || others.length > 0)
      throw new GatewayError(
        'INVALID_VALUE',
        `${who}: several of ${entity} have this name; use the webservice id`,
      )
    if (identity !== undefined) return { entity, identity }
  }
  throw new GatewayError('NOT_FOUND', `${who}: no contact or employee has this name or id`)
}

async function named(
  reader: Pick<IdentityReader, 'byId' | 'byName'>,
  entity: Contact['entity'],
  who: string,
): Promise<readonly Identity[] | 'several'> {
  if (parseId(who) === undefined) return reader.byName(entity, who)
  // coreBOS looks at the number of an id alone, and rejects one of a module that it does not have.
  const found = await reader.byId(entity, who).catch((error: unknown) => {
    if (error instanceof CorebosRejection) return undefined
    throw error
  })
  return found === undefined ? [] : [found]
}

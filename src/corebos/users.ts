/** The names of CRM users, for the owners and authors of records. */
import { ask, type Caller } from './caller.ts'
import { isObject, text } from './shape.ts'

/** @returns display names by webservice id; no other field of a user is read */
export async function userNames(caller: Caller): Promise<ReadonlyMap<string, string>> {
  const { result } = await ask(caller, { operation: 'getAllUsers' })
  // PHP writes an empty map as a list.
  const names = Object.entries(isObject(result) ? result : {})
  return new Map(names.map(([id, name]) => [id, text(name, 'users').trim()]))
}

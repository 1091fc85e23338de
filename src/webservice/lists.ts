/** Lists in the parameters of an operation: each is counted before it is taken apart, and has a bound of its own. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { parseId } from '../model/webservice-id.ts'
import { unread, type Input } from './call.ts'

/** Ids that one parameter may list, those that stand there several times included. */
export const mostListed = 10_000

const shown = (count: number): string => count.toLocaleString('en')

/** @throws GatewayError `QUERY_TOO_LARGE` with the parameter, what was received and what is accepted */
export function requireLength(name: string, received: number, accepted: number, what: string): void {
  if (received <= accepted) return
  throw new GatewayError(
    'QUERY_TOO_LARGE',
    `'${name}' holds ${shown(received)} ${what}; at most ${shown(accepted)} are accepted`,
  )
}

/** The parts of a comma-separated list, without the blanks around them. @throws GatewayError as {@link requireLength} */
export function partsOf(input: Input, name: string, most: number = limits.fields): string[] {
  return partsIn(name, input.text(name), most)
}

function partsIn(name: string, text: string, most: number): string[] {
  let count = 1
  for (let comma = text.indexOf(','); comma >= 0; comma = text.indexOf(',', comma + 1)) count++
  requireLength(name, count, most, 'comma-separated parts')
  return text.split(',').map((part) => part.trim())
}

/** The different names of a comma-separated list. @throws GatewayError as {@link requireLength} */
export function namesOf(input: Input, name: string): string[] {
  return namesIn(name, input.text(name))
}

/** Checks a text that is part of a parameter. @throws GatewayError as {@link requireLength} */
export function namesIn(name: string, text: string): string[] {
  return [...new Set(partsIn(name, text, limits.fields))].filter((part) => part !== '')
}

/** A text that is searched for. @throws GatewayError as {@link requireLength} */
export function termOf(input: Input, name: string): string {
  const term = input.text(name)
  requireLength(name, term.length, limits.term, 'characters')
  return term
}

/** @throws GatewayError `BAD_REQUEST` for a text that cannot be an id: it would name nothing, like a foreign record */
export function requireIds(name: string, ids: readonly string[]): void {
  const wrong = ids.find((id) => parseId(id) === undefined)
  if (wrong !== undefined) throw unread(name, 'to hold webservice ids such as 12x34', wrong)
}

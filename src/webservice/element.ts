/** A record as clients of coreBOS send it: fields by name, and what answers of coreBOS hold beside them. */
import { GatewayError } from '../errors.ts'
import type { Given } from '../scope/write.ts'
import type { Input } from './call.ts'
import { isObject, type Parameter } from './php.ts'

export type Fields = { readonly [name: string]: Parameter }

/** Nothing at all where it is no JSON, as to coreBOS. */
export function elementOf(input: Input, name = 'element'): Fields {
  const given = input.json(name)
  return isObject(given) ? given : {}
}

export function idOf(element: Fields): string {
  return typeof element['id'] === 'string' ? element['id'] : ''
}

/**
 * The values of an element. Clients send whole answers back, so that what belongs to them and to no field is passed
 * over: the id, and what references point to.
 *
 * @throws GatewayError `INVALID_VALUE` where a value is no text
 */
export function valuesOf(element: Fields): Given {
  return Object.fromEntries(
    Object.entries(element).flatMap(([name, value]) => {
      if (name === 'id' || name === 'cbuuid' || name === 'relations') return []
      if (name.endsWith('ename') && isObject(value)) return []
      return [[name, textOf(name, value)] as const]
    }),
  )
}

function textOf(name: string, value: Parameter): string {
  if (value === null) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'object') throw new GatewayError('INVALID_VALUE', `'${name}' is a text`)
  return String(value)
}

/** What a new document is to be related to. @throws GatewayError `INVALID_VALUE` */
export function relationsOf(element: Fields): string[] {
  const relations = element['relations'] ?? []
  const list: readonly Parameter[] = Array.isArray(relations) ? relations : [relations]
  return list.map((id) => {
    if (typeof id === 'string') return id
    throw new GatewayError('INVALID_VALUE', "'relations' holds webservice ids")
  })
}

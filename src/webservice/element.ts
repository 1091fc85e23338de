/** A record as clients of coreBOS send it: fields by name, and the additions of coreBOS's answers. */
import type { DocumentFile } from '../model/document-file.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { GivenTexts } from '../scope/write.ts'
import { readEncodedFile } from '../records/documents/upload.ts'
import type { Input, Uploads } from './call.ts'
import { requireLength } from './lists.ts'
import { isObject, type Parameter } from './php.ts'

export type Fields = { readonly [name: string]: Parameter }

/** Empty if it is missing, as in coreBOS. @throws GatewayError `BAD_REQUEST` if it is not a JSON object */
export function elementOf(input: Input, name = 'element'): Fields {
  const given = input.json(name) ?? {}
  if (isObject(given)) return given
  // PHP writes an empty object as a list.
  if (Array.isArray(given) && given.length === 0) return {}
  throw new GatewayError('BAD_REQUEST', `'${name}' is expected to be a JSON object`)
}

export function idOf(element: Fields): string {
  return typeof element['id'] === 'string' ? element['id'] : ''
}

/** Fields that follow from the file itself. */
const ofFile = new Set(['filename', 'filelocationtype', 'filestatus', 'filesize', 'filetype'])

/** An element without its file and the fields of the file. */
export function withoutFile(element: Fields): Fields {
  if (!isObject(element['filename'])) return element
  return Object.fromEntries(Object.entries(element).filter(([name]) => !ofFile.has(name)))
}

/**
 * The file of a new document, which clients send in place of its name: `{name, size, type, content}`, in base64.
 *
 * @throws GatewayError `INVALID_VALUE`; `VALIDATION_FAILED`, `BODY_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`
 */
export async function fileOf(element: Fields, uploads: Uploads): Promise<DocumentFile | undefined> {
  const given = element['filename']
  if (!isObject(given)) return undefined
  const { name, type, content } = given
  if (typeof name !== 'string' || typeof type !== 'string' || typeof content !== 'string') {
    throw new GatewayError('INVALID_VALUE', "a file has a 'name', a 'type' and its 'content' in base64")
  }
  return readEncodedFile({ name, declared: type, base64: content }, uploads)
}

/**
 * The values of an element. Clients send whole answers back, so the additions to the fields are ignored: the id, and
 * the names of referenced records.
 *
 * @throws GatewayError `INVALID_VALUE` if a value is not a text; `QUERY_TOO_LARGE`
 */
export function valuesOf(element: Fields): GivenTexts {
  requireLength('element', Object.keys(element).length, limits.fields, 'fields')
  return Object.fromEntries(
    Object.entries(element).flatMap(([name, value]) => {
      if (name === 'id' || name === 'cbuuid' || name === 'relations') return []
      // `filename` ends so as well.
      if (name.endsWith('ename') && isObject(value) && 'reference' in value) return []
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

/** Records that one write may create, change, delete or relate. */
export const mostElements = 50

/** The records that a new document is related to. @throws GatewayError `INVALID_VALUE`, `QUERY_TOO_LARGE` */
export function relationsOf(element: Fields): string[] {
  const relations = element['relations'] ?? []
  const list: readonly Parameter[] = Array.isArray(relations) ? relations : [relations]
  requireLength('relations', list.length, mostElements, 'ids')
  return list.map((id) => {
    if (typeof id === 'string') return id
    throw new GatewayError('INVALID_VALUE', "'relations' holds webservice ids")
  })
}

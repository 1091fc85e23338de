/**
 * The values that a change of a document sends besides the changed ones, so that coreBOS keeps the file and the other
 * values.
 */
import { GatewayError } from '../model/errors.ts'
import type { ModuleShape } from '../model/module.ts'
import type { Row } from './verify.ts'

/** The fields that coreBOS empties unless a revision names them, and by which it finds the file. */
const told = ['notes_title', 'filelocationtype', 'filestatus', 'filename', 'filesize', 'filetype'] as const
/** Sent as well if the installation has them. */
const others = ['folderid', 'notecontent', 'fileversion']

/**
 * The current values of a document, for a revision.
 *
 * @param row the document, with every field of its module
 * @throws GatewayError `NOT_WRITABLE` if the file could be lost: coreBOS does not show the fields by which it is
 *   found, or the document is a link to another server
 */
export function keptOfDocument({ fields }: ModuleShape, row: Row): Readonly<Record<string, string>> {
  const missing = told.find((name) => !fields.has(name))
  if (missing !== undefined) {
    const message = `coreBOS does not show '${missing}' of Documents, without which it loses the file of a document that is changed`
    throw new GatewayError('NOT_WRITABLE', message)
  }
  if (!['I', ''].includes(row['filelocationtype'] ?? '')) {
    throw new GatewayError('NOT_WRITABLE', 'a document that is a link to another server cannot be changed')
  }
  return valuesOf(row, [...told, ...others.filter((name) => fields.has(name))])
}

/** All writable values of a document, for an update with a new file. @throws GatewayError as {@link keptOfDocument} */
export function wholeDocument(module: ModuleShape, row: Row): Readonly<Record<string, string>> {
  const kept = keptOfDocument(module, row)
  const editable = [...module.fields.values()].filter((field) => field.editable).map(({ name }) => name)
  return { ...valuesOf(row, editable), ...kept }
}

function valuesOf(row: Row, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? '']))
}

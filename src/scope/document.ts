/** What a change of a document sends besides the change, so that coreBOS keeps the file and the other values. */
import { GatewayError } from '../model/errors.ts'
import type { ModuleShape } from '../model/module.ts'
import type { Row } from './verify.ts'

/** What coreBOS empties where a revision does not name it, and finds the file by. */
const told = ['notes_title', 'filelocationtype', 'filestatus', 'filename', 'filesize', 'filetype'] as const
/** Sent as well where the installation has them. */
const others = ['folderid', 'notecontent', 'fileversion']

/**
 * Values of a document as they are, for a revision.
 *
 * @param row the document, with every field of its module
 * @throws GatewayError `NOT_WRITABLE` where the file could be lost: coreBOS does not show what it is found by, or it is a link
 * to another server
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

/**
 * All values of a document that coreBOS lets be written, for an update that brings a new file.
 *
 * @throws GatewayError as {@link keptOfDocument}
 */
export function wholeDocument(module: ModuleShape, row: Row): Readonly<Record<string, string>> {
  const kept = keptOfDocument(module, row)
  const editable = [...module.fields.values()].filter((field) => field.editable).map(({ name }) => name)
  return { ...valuesOf(row, editable), ...kept }
}

function valuesOf(row: Row, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? '']))
}

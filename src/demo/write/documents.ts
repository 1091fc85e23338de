/** Files of documents. */
import { isObject } from '../parameters.ts'
import type { UserCall } from '../call.ts'
import type { Value } from '../database.ts'
import { storageFolder } from '../times.ts'
import type { Saved } from './saved.ts'
import type { Element } from './checks.ts'
import { numberOf } from '../dataset.ts'

export const takesFile = (element: Element): boolean => isObject(element['filename'])

/** Blanks and ways up the tree become `_`; what the web server would run gets another ending. */
const safeName = (name: string): string => {
  const plain = name.replaceAll('../', '_').replaceAll(/[ /\\]/g, '_')
  return /\.(php\d?|phtml|pl|cgi|py|asp|cfm|js|vbs|html?|exe|bin|bat|sh|dll)$/i.test(plain)
    ? `${plain}file.txt`
    : plain
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

const fileValues = ({ record }: Pick<Saved, 'record'>, values: Readonly<Record<string, Value>>): void => {
  for (const [name, value] of Object.entries(values)) record.values.set(name, value)
}

const attach = (call: UserCall, document: number, number: number, file: Record<string, unknown>): void => {
  call.database.attachments.set(document, [
    {
      number,
      name: safeName(text(file['name'])),
      type: text(file['type']),
      // Line breaks in it are passed over.
      content: Buffer.from(text(file['content']), 'base64'),
      folder: storageFolder(call.today()),
      storedAt: call.now(),
    },
  ])
}

const described = (file: Record<string, unknown>): Record<string, string> => ({
  filename: safeName(text(file['name'])),
  filesize: text(file['size']),
  filetype: text(file['type']),
})

const createFile = (call: UserCall, saved: Saved): void => {
  const { record, element } = saved
  const file = element['filename']
  fileValues(saved, { folderid: '1' })
  if (isObject(file)) {
    fileValues(saved, described(file))
    attach(call, record.number, record.number - 1, file)
  } else fileValues(saved, { filename: text(file), filedownloadcount: null })
}

/** A new file: an update replaces the old one; after a revise neither of the two can be reached. */
const changeFile = (call: UserCall, { manner, record }: Saved, file: Record<string, unknown>): void => {
  const number = call.database.nextNumber()
  record.values.set('filename', safeName(text(file['name'])))
  if (manner === 'revise') {
    call.database.attachments.delete(record.number)
    return
  }
  fileValues({ record }, described(file))
  attach(call, record.number, number, file)
}

/**
 * A change always writes all columns of a document. Only where the element says that the file is an
 * internal one does coreBOS look at what it holds of it.
 */
const keepFile = (call: UserCall, saved: Saved): void => {
  const { record, element } = saved
  if (!('notes_title' in element)) record.values.set('notes_title', '')
  if (!('filestatus' in element)) record.values.set('filestatus', '0')
  const file = element['filename']
  const location = text(element['filelocationtype'])
  if (location === 'I') {
    if (isObject(file)) changeFile(call, saved, file)
    // The count of a document that never had a file becomes a number here.
    record.values.set('filedownloadcount', record.values.get('filedownloadcount') ?? '0')
    return
  }
  if (isObject(file)) call.database.nextNumber()
  fileValues(saved, {
    filelocationtype: location,
    filename: location === 'E' ? text(file) : '',
    filesize: '0',
    filetype: '',
    filedownloadcount: null,
  })
  call.database.attachments.delete(record.number)
}

export const saveFile = (call: UserCall, saved: Saved): void => {
  if (saved.before === undefined) createFile(call, saved)
  else keepFile(call, saved)
}

/** The ids in `relations` of a new document: a list, or one id as text. */
export const relateDocument = ({ database }: UserCall, document: number, element: Element): void => {
  const given = element['relations']
  const ids = Array.isArray(given) ? given : [given]
  for (const id of ids) {
    const record = typeof id === 'string' ? database.entity(numberOf(id)) : undefined
    if (record !== undefined) linkDocument(database.documentRelations, record.number, document)
  }
}

export const linkDocument = (
  links: { record: number; document: number }[],
  record: number,
  document: number,
): void => {
  const known = links.some((link) => link.record === record && link.document === document)
  if (!known) links.push({ record, document })
  // The table is read by its key: record, then document.
  links.sort((left, right) => left.record - right.record || left.document - right.document)
}

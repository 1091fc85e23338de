/** Files of documents. */
import { isObject } from '../call.ts'
import type { UserCall } from '../call.ts'
import { storageFolder } from '../times.ts'
import type { Saved } from './effects.ts'
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

/** What a save without a field leaves of a document: these columns are written whatever is given. */
const REWRITTEN = ['notes_title', 'filelocationtype', 'filename', 'filetype'] as const

const forget = (call: UserCall, { record, element }: Saved): void => {
  for (const name of REWRITTEN) if (!(name in element)) record.values.set(name, '')
  if (!('filestatus' in element)) record.values.set('filestatus', '0')
  record.values.set('filesize', '0')
  record.values.set('filetype', '')
  const file = element['filename']
  record.values.set('filedownloadcount', isObject(file) ? '0' : null)
  if (isObject(file)) {
    record.values.set('filename', safeName(text(file['name'])))
    // The new file is stored under a number of its own, and nothing leads to it.
    call.database.nextNumber()
  }
  call.database.attachments.delete(record.number)
}

export const saveFile = (call: UserCall, saved: Saved): void => {
  const { record, element, before } = saved
  if (before !== undefined) {
    forget(call, saved)
    return
  }
  record.values.set('folderid', '1')
  const file = element['filename']
  if (!isObject(file)) {
    record.values.set('filename', text(file))
    record.values.set('filedownloadcount', null)
    return
  }
  const name = safeName(text(file['name']))
  const type = text(file['type'])
  record.values.set('filename', name)
  record.values.set('filesize', text(file['size']))
  record.values.set('filetype', type)
  call.database.attachments.set(record.number, [
    {
      number: record.number - 1,
      name,
      type,
      content: Buffer.from(text(file['content']), 'base64'),
      folder: storageFolder(call.now()),
      storedAt: call.now(),
    },
  ])
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

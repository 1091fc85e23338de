/** Reading records by id. */
import { textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import type { CrmRecord } from '../database.ts'
import { CorebosError, denied, invalidId } from '../errors.ts'
import { resolveId } from '../ids.ts'
import { mayAccess } from '../restriction.ts'
import { countDownload, referenceTo, retrievedRecord } from '../rows.ts'
import { serialize } from '../serialize.ts'
import type { Serializable } from '../serialize.ts'

/** Users are in no list of types, so that each reads its own row alone. */
const ownUser = (call: UserCall, user: CrmRecord): CrmRecord => {
  if (user !== call.caller.user) throw denied()
  return user
}

/** The record that a caller may read by this id. */
export const readableRecord = (call: UserCall, id: string): CrmRecord => {
  const { module, record } = resolveId(call.database, id)
  if (record === undefined) throw invalidId()
  if (module.name === 'Users') return ownUser(call, record)
  if (module.isEntity && !mayAccess(call.database, call.caller, record)) {
    throw denied('Permission to read given object is denied')
  }
  return record
}

/** As `readableRecord`, for operations that say of an unknown record that they are denied. */
export const readableEntity = (call: UserCall, id: string): CrmRecord => {
  if (resolveId(call.database, id).any === undefined) throw denied()
  return readableRecord(call, id)
}

export const retrieve: Handler = (call) =>
  retrievedRecord(call.database, call.caller, call.url(), readableRecord(call, textParameter(call, 'id')))

/** Ids that cannot be read are left out without a word. */
export const massRetrieve: Handler = (call) => {
  const found: Record<string, unknown> = {}
  for (const id of textParameter(call, 'ids').split(',')) {
    try {
      found[id] = retrievedRecord(call.database, call.caller, call.url(), readableRecord(call, id))
    } catch (error) {
      if (!(error instanceof CorebosError)) throw error
    }
  }
  return Object.keys(found).length === 0 ? [] : found
}

const attachment = (call: UserCall, record: CrmRecord, withContent: boolean): unknown => {
  const file = call.database.attachments.get(record.number)?.at(-1)
  const isLink = record.values.get('filelocationtype') === 'E'
  if (!isLink && file === undefined) return []
  if (withContent && !isLink) countDownload(record)
  const content = isLink || !withContent ? '' : (file?.content.toString('base64') ?? '')
  return {
    recordid: String(record.number),
    filetype: record.values.get('filetype') ?? '',
    filename: record.values.get('filename') ?? '',
    filesize: Number(record.values.get('filesize') ?? '0'),
    attachment: content,
  }
}

/** Any text but '' and '0' asks for the content, `false` too. */
export const retrieveDocAttachment: Handler = (call) => {
  const withContent = !['', '0'].includes(textParameter(call, 'returnfile'))
  const found: Record<string, unknown> = {}
  for (const id of textParameter(call, 'id').split(',')) {
    const { record } = resolveId(call.database, id)
    if (record?.module !== 'Documents' || record.values.get('filelocationtype') === '') continue
    if (!mayAccess(call.database, call.caller, record)) {
      throw denied(`Permission to read given object (${id}) is denied`)
    }
    found[id] = attachment(call, record, withContent)
  }
  return Object.keys(found).length === 0 ? [] : found
}

/** Documents reached by the images of contacts and products; the data set has none. */
export const getRecordImages: Handler = (call) => {
  const record = readableRecord(call, textParameter(call, 'id'))
  const files = call.database.attachments.get(record.number) ?? []
  if (record.module === 'Products') return { results: files.length }
  const images = files.map(({ number, name, type }) => ({ attachmentsid: number, name, type }))
  return { results: images.length, images }
}

/** Names of records, PHP-serialized; those that may not be read are left out, unknown ones are empty. */
export const getReferenceValue: Handler = (call) => {
  const ids = [...textParameter(call, 'id').matchAll(/i:\d+;s:\d+:"([^"]*)";/g)].map(([, id]) => id ?? '')
  const found: [string, Serializable][] = []
  for (const id of ids) {
    const { module, record } = resolveId(call.database, id)
    if (record !== undefined && module.isEntity && module.name !== 'Users') {
      if (!mayAccess(call.database, call.caller, record)) continue
    }
    const reference =
      record === undefined
        ? { module: module.name, reference: '', cbuuid: '' }
        : referenceTo(call.database, record)
    found.push([id, new Map<string, Serializable>(Object.entries(reference))])
  }
  return serialize(found.length === 0 ? [] : new Map(found))
}

/** Records in the related lists of a record. */
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { fold } from '../collation.ts'
import { columnOf, keyColumnOf } from '../columns.ts'
import type { Comment, CrmRecord } from '../database.ts'
import { doubled, relatedRow } from '../doubled.ts'
import { Crash, denied, invalidId } from '../errors.ts'
import { resolveId } from '../ids.ts'
import type { Module } from '../metadata.ts'
import { productLineRow } from '../product-rows.ts'
import { notRelated, relatedRecords } from '../relations.ts'
import { inSqlRestriction, isRestricted, mayAccess } from '../restriction.ts'
import { isListed } from '../rights.ts'
import { INVENTORY, countDownload } from '../rows.ts'
import { escapeHtml } from '../text.ts'

const moduleOf = (call: UserCall, name: string): Module => {
  for (const module of call.database.modules.values()) if (fold(module.name) === fold(name)) return module
  throw denied(`Permission to perform the operation is denied for ${name}`)
}

interface Query {
  readonly withFiles: boolean
  readonly columns: readonly string[] | undefined
  readonly discriminator: string
  readonly orderBy: string
  readonly limit: string
  readonly offset: string
}

const readQuery = (call: UserCall): Query => {
  const given = jsonParameter(call, 'queryParameters')
  const parameters = isObject(given) ? given : {}
  const text = (name: string): string => {
    const value = parameters[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const columns = text('columns')
  return {
    withFiles: Boolean(parameters['returnattachments']) && parameters['returnattachments'] !== '0',
    columns: columns === '' || columns === '*' ? undefined : columns.split(',').map((name) => name.trim()),
    discriminator: text('productDiscriminator').toLowerCase(),
    orderBy: text('orderby'),
    limit: text('limit'),
    offset: text('offset'),
  }
}

/** The record whose related list is asked for. */
const mainRecord = (call: UserCall, id: string, module: Module): CrmRecord => {
  const { module: prefixed, any } = resolveId(call.database, id)
  if (any === undefined || !isListed(call.database, any.module)) {
    throw denied(`Permission to perform the operation on module (${module.name}) is denied`)
  }
  if (any.module !== prefixed.name) throw invalidId()
  if (!mayAccess(call.database, call.caller, any)) throw denied('Permission to read given object is denied')
  return any
}

const COMMON = [
  'crmid',
  'smownerid',
  'smcreatorid',
  'createdtime',
  'modifiedtime',
  'description',
  'deleted',
  'cbuuid',
]

const columnValue = (record: CrmRecord, module: Module, column: string): string => {
  if (column === keyColumnOf(module.name) || column === 'crmid')
    return String(record.number).padStart(12, '0')
  const field = module.fields.find(({ name }) => columnOf(module.name, name) === column)
  return fold(record.values.get(field?.name ?? column) ?? '')
}

/** The order goes into the SQL as it is: unknown columns are an error, an expression changes the order. */
const ordered = (records: CrmRecord[], module: Module, orderBy: string): CrmRecord[] => {
  if (orderBy.trim() === '') return records
  const terms = orderBy.split(',').map((term) => /^\s*(?:\w+\.)?(\w+)(?:\s+(asc|desc))?\s*$/i.exec(term))
  if (terms.some((term) => term === null)) return records.toReversed()
  const columns = new Set(module.fields.map(({ name }) => columnOf(module.name, name)))
  const keys = terms.map((term) => ({
    column: term?.[1]?.toLowerCase() ?? '',
    sign: term?.[2]?.toLowerCase() === 'desc' ? -1 : 1,
  }))
  const known = (column: string): boolean =>
    columns.has(column) || COMMON.includes(column) || column === keyColumnOf(module.name)
  if (!keys.every(({ column }) => known(column))) throw new Crash()
  return records.toSorted((left, right) => {
    for (const { column, sign } of keys) {
      const [first, second] = [columnValue(left, module, column), columnValue(right, module, column)]
      if (first !== second) return first < second ? -sign : sign
    }
    return 0
  })
}

const paged = <T>(rows: T[], { limit, offset }: Query): T[] => {
  if (!/^\d*$/.test(limit) || !/^\d*$/.test(offset)) throw new Crash()
  const from = Number(offset)
  const count = Number(limit)
  return rows.slice(from, count === 0 ? undefined : from + count)
}

const ticketCommentRow = (call: UserCall, id: string, comment: Comment): Map<string, unknown> => {
  const isUser = comment.ownertype === 'user'
  const owner = `${isUser ? '19' : '12'}x${comment.owner}`
  const user = isUser ? call.database.row('Users', comment.owner) : undefined
  const access = call.database.portalAccess.find((candidate) => candidate.owner === comment.owner)
  const name = isUser ? (user?.values.get('user_name') ?? '') : (access?.userName ?? '')
  const [first, last] = [user?.values.get('first_name') ?? '', user?.values.get('last_name') ?? '']
  return doubled([
    { name: 'creator', raw: owner },
    { name: 'assigned_user_id', raw: owner },
    { name: 'setype', raw: 'TicketComments' },
    { name: 'createdtime', raw: comment.createdtime },
    { name: 'modifiedtime', raw: comment.createdtime },
    { name: 'id', raw: '0' },
    { name: 'commentcontent', raw: escapeHtml(comment.text) },
    { name: 'related_to', raw: id },
    { name: 'parent_comments', raw: '' },
    { name: 'ownertype', raw: comment.ownertype },
    { name: 'owner_name', raw: name },
    { name: 'owner_firstname', raw: first },
    { name: 'owner_lastname', raw: last },
    { name: 'creator_name', raw: name },
    { name: 'creator_firstname', raw: first },
    { name: 'creator_lastname', raw: last },
  ])
}

const faqCommentRow = (id: string, comment: Comment): Map<string, unknown> =>
  doubled([
    { name: 'creator', raw: '0' },
    { name: 'assigned_user_id', raw: '0' },
    { name: 'setype', raw: 'FaqComments' },
    { name: 'createdtime', raw: comment.createdtime },
    { name: 'modifiedtime', raw: comment.createdtime },
    { name: 'id', raw: '0' },
    { name: 'commentcontent', raw: escapeHtml(comment.text) },
    { name: 'related_to', raw: id },
    { name: 'parent_comments', raw: '' },
  ])

/** Comments of tickets and FAQs are no records: a contact's session cannot restrict them and crashes. */
const comments = (call: UserCall, id: string, main: CrmRecord): Map<string, unknown>[] => {
  if (isRestricted(call.caller)) throw new Crash()
  return call.database.comments
    .filter(({ parent }) => parent === main.number)
    .map((comment) =>
      main.module === 'HelpDesk' ? ticketCommentRow(call, id, comment) : faqCommentRow(id, comment),
    )
}

/**
 * A contact's session joins documents and e-mails through their relation to the contact or account, so that
 * they are found in the related list of these two only.
 */
const listIsHidden = (call: UserCall, main: CrmRecord, relatedModule: Module): boolean => {
  const { contact } = call.caller
  if (contact === undefined || !isRestricted(call.caller)) return false
  if (relatedModule.name !== 'Documents' && relatedModule.name !== 'Emails') return false
  return main.number !== contact.number && main.number !== contact.account
}

const relatedRows = (call: UserCall, records: readonly CrmRecord[], query: Query): Map<string, unknown>[] =>
  records.map((record) => {
    const row = relatedRow(call.database, record, query.columns)
    const file = call.database.attachments.get(record.number)?.at(-1)
    if (!query.withFiles || record.module !== 'Documents' || file === undefined) return row
    countDownload(record)
    const content = file.content.toString('base64')
    return row.set('attachments', { name: file.name, type: file.type, content, size: file.content.length })
  })

export const getRelatedRecords: Handler = (call) => {
  const relatedModule = moduleOf(call, textParameter(call, 'relatedModule'))
  const module = moduleOf(call, textParameter(call, 'module'))
  const id = textParameter(call, 'id')
  const main = mainRecord(call, id, module)
  const query = readQuery(call)
  if (relatedModule.name === 'ModComments' && (module.name === 'HelpDesk' || module.name === 'Faq')) {
    return { records: paged(comments(call, id, main), query) }
  }
  if (relatedModule.name === 'Products' && INVENTORY.has(module.name)) {
    if (query.columns !== undefined) throw new Crash()
    const lines = call.database.productLines.filter(({ document }) => document === main.number)
    return { records: paged(lines, query).map((line) => productLineRow(call.database, line)) }
  }
  const found = relatedRecords(call.database, module, main.number, relatedModule, query.discriminator)
  const visible = listIsHidden(call, main, relatedModule)
    ? []
    : found.filter((record) => inSqlRestriction(call.database, call.caller, record))
  const records = paged(ordered(visible, relatedModule, query.orderBy), query)
  return { records: relatedRows(call, records, query) }
}

/** Records of `relatedModule` reached through the related records of `bridgeModule`. */
export const getRelatedRecordsThroughModule: Handler = (call) => {
  const bridge = moduleOf(call, textParameter(call, 'bridgeModule'))
  const relatedModule = moduleOf(call, textParameter(call, 'relatedModule'))
  const module = moduleOf(call, textParameter(call, 'module'))
  const main = mainRecord(call, textParameter(call, 'id'), module)
  const query = readQuery(call)
  const lists = Object.values(relatedModule.description?.['relatedModules'] ?? {})
  const reachable = lists.some((list) => isObject(list) && list['related_module'] === bridge.name)
  if (!reachable) throw notRelated(relatedModule.name, bridge.name)
  const found = relatedRecords(call.database, module, main.number, bridge).flatMap(({ number }) =>
    relatedRecords(call.database, bridge, number, relatedModule),
  )
  const visible = [...new Set(found)].filter((record) => inSqlRestriction(call.database, call.caller, record))
  const records = paged(ordered(visible, relatedModule, query.orderBy), query)
  return { records: relatedRows(call, records, query) }
}

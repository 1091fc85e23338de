/** Relations between records, and comments. */
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import type { CrmRecord } from '../database.ts'
import { CorebosError, denied } from '../errors.ts'
import { resolveId } from '../ids.ts'
import { mayAccess } from '../restriction.ts'
import { retrievedRecord } from '../rows.ts'
import { dateTime } from '../times.ts'
import { writableModule, writableRecord } from '../write/checks.ts'
import { linkDocument } from '../write/documents.ts'
import { logTicket } from '../write/effects.ts'
import { touch, touchBeside } from '../write/touch.ts'

const mainRecord = (call: UserCall, parameter: string): CrmRecord => {
  const id = textParameter(call, parameter)
  return writableRecord(call, id === '' ? 'x' : id, 'update', 'Permission to write given object is denied')
}

/** A JSON array of ids or one id as JSON text; a bare id is no JSON and names nothing. Access is not looked at. */
const otherRecords = (call: UserCall): CrmRecord[] => {
  const given = jsonParameter(call, 'with_these_ids')
  const ids = Array.isArray(given) ? given : [given]
  const records = ids.map((id) => (typeof id === 'string' ? resolveId(call.database, id).record : undefined))
  return records.filter((record) => record !== undefined)
}

const documentOf = (
  first: CrmRecord,
  second: CrmRecord,
): { record: number; document: number } | undefined => {
  if (second.module === 'Documents') return { record: first.number, document: second.number }
  if (first.module === 'Documents') return { record: second.number, document: first.number }
  return undefined
}

/** A contract computes its end again when a ticket is added; an open contract has none. */
const restateContract = (first: CrmRecord, second: CrmRecord): void => {
  const contract = [first, second].find(({ module }) => module === 'ServiceContracts')
  if (contract === undefined || ![first, second].some(({ module }) => module === 'HelpDesk')) return
  if (contract.values.get('contract_status') === 'Complete') return
  contract.values.set('end_date', null)
  contract.values.set('actual_duration', '')
}

export const setRelation: Handler = (call) => {
  const main = mainRecord(call, 'relate_this_id')
  const { documentRelations, relations } = call.database
  for (const other of otherRecords(call)) {
    const link = documentOf(main, other)
    if (link !== undefined) {
      linkDocument(documentRelations, link.record, link.document)
      continue
    }
    touchBeside(call, main)
    restateContract(main, other)
    const known = relations.some(({ record, related }) => record === main.number && related === other.number)
    if (!known) relations.push({ record: main.number, related: other.number })
  }
  return true
}

const without = <T>(list: T[], drop: (entry: T) => boolean): void => {
  const kept = list.filter((entry) => !drop(entry))
  list.splice(0, list.length, ...kept)
}

export const unsetRelation: Handler = (call) => {
  const main = mainRecord(call, 'unrelate_this_id')
  for (const other of otherRecords(call)) {
    const link = documentOf(main, other)
    without(
      call.database.documentRelations,
      ({ record, document }) => record === link?.record && document === link.document,
    )
    without(
      call.database.relations,
      ({ record, related }) =>
        (record === main.number && related === other.number) ||
        (related === main.number && record === other.number),
    )
  }
  return true
}

/** The author that a comment names; coreBOS does not check it. */
const authorOf = (call: UserCall, values: Record<string, unknown>): { owner: number; ownertype: string } => {
  const isUser = 'from_portal' in values && Number(values['from_portal']) === 0
  if (isUser) return { owner: call.caller.user.number, ownertype: 'user' }
  const given = values['parent_id']
  const owner = typeof given === 'string' ? Number(given.split('x').pop()) || 0 : 0
  return { owner: owner === 0 ? (call.caller.contact?.number ?? 0) : owner, ownertype: 'customer' }
}

export const addTicketFaqComment: Handler = (call) => {
  const { any } = resolveId(call.database, textParameter(call, 'id'))
  if (any?.module !== 'HelpDesk' && any?.module !== 'Faq') {
    throw new CorebosError('INVALID_ID_ATTRIBUTE', 'Invalid module specified. Must be HelpDesk or Faq')
  }
  writableModule(call, any.module, 'update')
  if (!mayAccess(call.database, call.caller, any)) throw denied('Permission to read given object is denied')
  const given = jsonParameter(call, 'values')
  const values = isObject(given) ? given : {}
  const text = typeof values['comments'] === 'string' ? values['comments'] : ''
  if (text.trim() === '') throw new CorebosError('MANDATORY_FIELDS_MISSING', 'Comment empty.')
  call.database.comments.push({
    number: call.database.count('comments'),
    parent: any.number,
    text,
    ...(any.module === 'HelpDesk' ? authorOf(call, values) : { owner: 0, ownertype: '' }),
    createdtime: dateTime(call.now()),
  })
  touch(call, any)
  if (any.module === 'HelpDesk') {
    any.values.set('commentadded', '1')
    logTicket(call, any)
  }
  return retrievedRecord(call.database, call.caller, call.url(), any)
}

/** Reads from coreBOS. The functions accept only cleared statements and ids, and return only checked shapes. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import type { SendableQuery } from '../model/sendable-query.ts'
import { ask, outcomeOf, type Caller } from './caller.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import type { InventoryLine } from '../model/inventory-line.ts'
import type { RecordUuid } from '../model/record-uuid.ts'
import type { Success } from './envelope.ts'
import { array, isObject, object, row, text, textOrNumber, texts } from './shape.ts'
import type { Spooled } from './spool.ts'

/** Every value is a text; an empty one is `''`. */
export type Row = Readonly<Record<string, string>>

export interface Rows {
  readonly rows: readonly Row[]
  /**
   * The number of rows without the limit, if coreBOS gives it. It counts for the statement, including rows that coreBOS
   * hides.
   */
  readonly totalRows: number | undefined
}

/** @throws GatewayError as {@link ask} */
export async function query(caller: Caller, statement: SendableQuery, signal?: AbortSignal): Promise<Rows> {
  const call = { operation: 'query', params: { query: statement.text } }
  const { result, totalRows } = await ask(caller, call, signal)
  return { rows: array(result, 'query answer').map((each) => row(each, 'row')), totalRows }
}

/** A record from `retrieve`; product lines, addresses of files and uuids are left out. */
export interface Retrieved {
  readonly fields: Row
  /** The names of referenced records, by the name of the field. */
  readonly references: ReadonlyMap<string, { readonly module: string; readonly label: string }>
  /** Webservice ids of the records that a document is related to. */
  readonly relations: readonly string[]
}

/** coreBOS's errors for records that do not exist, or are not visible to this session. */
const notThere = new Set(['ACCESS_DENIED', 'INVALID_ID_ATTRIBUTE', 'RECORD_NOT_FOUND'])

/**
 * @returns undefined if the record does not exist or is not visible to this session; coreBOS does not always
 * distinguish the two
 */
export async function retrieve(
  caller: Caller,
  id: ClearedId,
  signal?: AbortSignal,
): Promise<Retrieved | undefined> {
  const outcome = await outcomeOf(caller, { operation: 'retrieve', params: { id: id.text } }, signal)
  if (outcome.kind === 'success') return retrieved(outcome.result, id)
  if (notThere.has(outcome.code)) return undefined
  throw new CorebosRejection('retrieve', outcome.code, outcome.message)
}

/**
 * The webservice id of the record with this uuid, which `retrieve` accepts in place of an id. Only the id is returned:
 * it decides whether the contact may see the record.
 *
 * @returns undefined if the record does not exist or is not visible to this session
 */
export async function idOfUuid(
  caller: Caller,
  { text: uuid }: RecordUuid,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const outcome = await outcomeOf(caller, { operation: 'retrieve', params: { id: uuid } }, signal)
  if (outcome.kind === 'success') return text(object(outcome.result, 'record')['id'], 'record')
  if (notThere.has(outcome.code)) return undefined
  throw new CorebosRejection('retrieve', outcome.code, outcome.message)
}

function retrieved(result: unknown, id: ClearedId): Retrieved {
  const fields: [string, string][] = []
  const references = new Map<string, { module: string; label: string }>()
  let relations: readonly string[] = []
  for (const [name, value] of Object.entries(object(result, 'record'))) {
    if (typeof value === 'string') fields.push([name, value])
    else if (name === 'relations') relations = texts(value, 'record')
    else if (name.endsWith('ename') && isObject(value)) {
      const { module, reference } = value
      references.set(name.slice(0, -'ename'.length), {
        module: text(module, 'record'),
        label: text(reference, 'record'),
      })
    }
  }
  const record = { fields: Object.fromEntries(fields), references, relations }
  if (record.fields['id'] === id.text) return record
  throw new GatewayError('COREBOS_FAILED', 'coreBOS returned another record than the requested one')
}

export interface RelatedRecords {
  readonly id: ClearedId
  /** The module of `id`. */
  readonly module: string
  readonly relatedModule: string
  /** Without a limit coreBOS returns all of them. There is no order: coreBOS would insert it into its SQL unchecked. */
  readonly limit?: number
  readonly offset?: number
  /** For the products of something: `ProductLineInvoiceOnly` and similar. */
  readonly discriminator?: string
}

/**
 * Rows by names of columns, not of fields, and with raw record numbers in their references. coreBOS sends each value a
 * second time under the number of its column; these are dropped.
 *
 * @throws GatewayError as {@link ask}; `COREBOS_REFUSED` also if the modules are not related
 */
export async function relatedRecords(
  caller: Caller,
  { id, module, relatedModule, limit, offset, discriminator }: RelatedRecords,
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  const queryParameters = {
    ...(limit !== undefined && { limit: String(limit), offset: String(offset ?? 0) }),
    ...(discriminator !== undefined && { productDiscriminator: discriminator }),
  }
  const params = { id: id.text, module, relatedModule, queryParameters }
  const { result } = await ask(caller, { operation: 'getRelatedRecords', params }, signal)
  return array(object(result, 'relation')['records'], 'relation').map((each) =>
    namedColumns(row(each, 'related row')),
  )
}

/** The columns of the line itself, without those of its product or service and of the stock. */
const lineColumn =
  /^(?:sequence_no|quantity|listprice|discount_percent|discount_amount|comment|lineitem_id|tax[1-9][0-9]?)$/

/** The lines of an inventory record, in their order. @throws GatewayError as {@link ask} */
export async function inventoryLines(
  caller: Caller,
  id: ClearedId,
  module: string,
  signal?: AbortSignal,
): Promise<readonly InventoryLine[]> {
  const params = { id: id.text, module, relatedModule: 'Products', queryParameters: {} }
  const { result } = await ask(caller, { operation: 'getRelatedRecords', params }, signal)
  return array(object(result, 'relation')['records'], 'relation').map((each) =>
    inventoryLine(row(each, 'line')),
  )
}

function inventoryLine(line: Row): InventoryLine {
  // The second column; coreBOS overwrites its name, `productid`, with the number of the document.
  const recordNumber = line['1'] ?? ''
  const module = (line['serviceid'] ?? '') === '' ? 'Products' : 'Services'
  return {
    item: /^[1-9][0-9]*$/.test(recordNumber) ? { module, recordNumber } : undefined,
    listedAs: line['id'] ?? '',
    values: Object.fromEntries(Object.entries(line).filter(([name]) => lineColumn.test(name))),
  }
}

/** The lines of an inventory record from `retrieve`; all other keys are left out. */
const pricedKeys = [
  'productid',
  'wsproductid',
  'linetype',
  'comment',
  'qty',
  'listprice',
  'discount',
  'discount_type',
  'discount_percentage',
  'discount_amount',
]

export type PricedLine = Readonly<Record<string, string | number>>

/** @throws GatewayError as {@link ask}; `COREBOS_FAILED` if coreBOS answers with another record */
export async function pricedLines(
  caller: Caller,
  id: ClearedId,
  signal?: AbortSignal,
): Promise<readonly PricedLine[]> {
  const { result } = await ask(caller, { operation: 'retrieve', params: { id: id.text } }, signal)
  const record = object(result, 'record')
  if (record['id'] !== id.text) {
    throw new GatewayError('COREBOS_FAILED', 'coreBOS returned another record than the requested one')
  }
  return array(record['pdoInformation'] ?? [], 'lines').map((each) => pricedLine(object(each, 'line')))
}

function pricedLine(source: Readonly<Record<string, unknown>>): PricedLine {
  const shown = pricedKeys.filter((name) => Object.hasOwn(source, name))
  return Object.fromEntries(
    shown.map((name) => {
      const value = source[name]
      return [name, typeof value === 'number' ? value : text(value, 'line')]
    }),
  )
}

function namedColumns(both: Row): Row {
  return Object.fromEntries(Object.entries(both).filter(([name]) => !/^[0-9]+$/.test(name)))
}

export interface Attachment {
  readonly filename: string
  /** As stored in coreBOS; the content has not been inspected. */
  readonly mediaType: string
  /** Must be read once, or discarded. */
  readonly content: Spooled
}

/** @returns undefined if the document does not exist, or has no file in coreBOS (a link is a document without one) */
export async function retrieveAttachment(
  caller: Caller,
  id: ClearedId,
  signal?: AbortSignal,
): Promise<Attachment | undefined> {
  const params = { id: id.text, returnfile: 'true' }
  const call = { operation: 'retrievedocattachment', params, file: 'attachment' }
  const outcome = await outcomeOf(caller, call, signal)
  if (outcome.kind === 'rejection') {
    if (notThere.has(outcome.code)) return undefined
    throw new CorebosRejection('retrievedocattachment', outcome.code, outcome.message)
  }
  let file: Attachment | undefined
  try {
    file = describedFile(outcome, id)
  } finally {
    if (file === undefined) await outcome.file?.discard()
  }
  return file
}

function describedFile(outcome: Success, id: ClearedId): Attachment | undefined {
  // PHP writes an empty map as a list.
  const found = Array.isArray(outcome.result) ? undefined : object(outcome.result, 'attachment')[id.text]
  if (found === undefined || Array.isArray(found)) return undefined
  const { filename, filetype, filesize } = object(found, 'attachment')
  const content = outcome.file
  if (content === undefined)
    throw new GatewayError('COREBOS_FAILED', 'coreBOS returned a document without its file')
  const isEmpty = content.size === 0 && textOrNumber(filesize, 'attachment') === '0'
  if (isEmpty && text(filetype, 'attachment') === '') return undefined
  return { filename: text(filename, 'attachment'), mediaType: text(filetype, 'attachment'), content }
}

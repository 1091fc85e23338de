/** What is read from coreBOS. Only cleared statements and ids come in, and only checked shapes go out. */
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
  /** How many there are without the limit, as far as coreBOS says so. It follows the statement, not what coreBOS hides row by row. */
  readonly totalRows: number | undefined
}

/** @throws GatewayError as {@link ask} */
export async function query(caller: Caller, statement: SendableQuery, signal?: AbortSignal): Promise<Rows> {
  const call = { operation: 'query', params: { query: statement.text } }
  const { result, totalRows } = await ask(caller, call, signal)
  return { rows: array(result, 'query answer').map((each) => row(each, 'row')), totalRows }
}

/** A record as `retrieve` gives it; product lines, addresses of files and uuids are left out. */
export interface Retrieved {
  readonly fields: Row
  /** What the references of the record point to, by the name of the field. */
  readonly references: ReadonlyMap<string, { readonly module: string; readonly label: string }>
  /** Webservice ids of the records that a document is related to. */
  readonly relations: readonly string[]
}

/** What coreBOS says of records that are not there, or not for this session. */
const notThere = new Set(['ACCESS_DENIED', 'INVALID_ID_ATTRIBUTE', 'RECORD_NOT_FOUND'])

/** @returns undefined where it is not there or not for this session; coreBOS does not always tell these apart */
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
 * The webservice id of the record with this uuid, which `retrieve` takes in the place of an id. Nothing else of the
 * record comes out: whether the contact may see it is decided by the id.
 *
 * @returns undefined where it is not there or not for this session
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
  /** Without one coreBOS answers all of them. An order cannot be asked for: coreBOS takes it into its SQL as it is. */
  readonly limit?: number
  readonly offset?: number
  /** For the products of something: `ProductLineInvoiceOnly` and the like. */
  readonly discriminator?: string
}

/**
 * Rows under the names of columns, not of fields, and with raw record numbers in their references. coreBOS sends each
 * value a second time under the number of its column; that half is dropped.
 *
 * @throws GatewayError as {@link ask}; `COREBOS_REFUSED` also where the modules are not related
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

/** What a line itself holds, beside the columns of its product or service and of the stock. */
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

/** What `retrieve` says of the lines of an inventory record; all other keys are left out. */
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

/** @throws GatewayError as {@link ask}; `COREBOS_FAILED` where coreBOS answers with another record */
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
  /** As coreBOS stores it; the file has not been inspected. */
  readonly mediaType: string
  /** To be read once, or discarded. */
  readonly content: Spooled
}

/** @returns undefined where there is no such document, or none with a file in coreBOS (a link is a document without one) */
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
  // PHP writes what is empty as a list.
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

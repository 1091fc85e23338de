/**
 * Writes to coreBOS. The functions accept only checked values and ids. No call is sent twice: if an answer is lost,
 * {@link LostWrite} says that the outcome is unknown.
 */
import type { DocumentFile } from '../model/document-file.ts'
import { CorebosRejection, LostWrite } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import type { CheckedValues } from '../model/checked-values.ts'
import { ask, type Caller } from './caller.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import type { Success } from './envelope.ts'
import { parseId, type WebserviceId } from '../model/webservice-id.ts'
import { neverSent } from './never-sent.ts'
import { object, text } from './shape.ts'
import type { Call } from './transport.ts'

/**
 * @param relations the records that a document is related to
 * @returns the id of the new record
 * @throws GatewayError as {@link put}
 */
export async function create(
  caller: Caller,
  values: CheckedValues,
  relations: readonly ClearedId[] = [],
  file?: DocumentFile,
): Promise<WebserviceId> {
  const element = {
    ...values.values,
    ...(file !== undefined && fileFields(file)),
    ...(relations.length > 0 && { relations: relations.map((id) => id.text) }),
  }
  const { result } = await put(caller, {
    operation: 'create',
    params: { elementType: values.module, element },
  })
  const id = parseId(answered(() => text(object(result, 'record')['id'], 'record')))
  if (id?.prefix === values.idPrefix) return id
  throw new LostWrite(new GatewayError('COREBOS_FAILED', 'coreBOS created a record of another module'))
}

/** `I`: the file is stored in coreBOS itself; status 1: it is readable. */
function fileFields({ name, mediaType, content }: DocumentFile) {
  const filename = { name, size: content.size, type: mediaType, content }
  return { filename, filelocationtype: 'I', filestatus: '1' }
}

/** Changes the given fields and leaves the others. @throws GatewayError as {@link put} */
export async function revise(caller: Caller, id: ClearedId, values: CheckedValues): Promise<void> {
  if (id.prefix !== values.idPrefix) throw new Error('values of one module for a record of another')
  await put(caller, { operation: 'revise', params: { element: { ...values.values, id: id.text } } })
}

/**
 * Changes a document and replaces its file. A revision with a file would lose it.
 *
 * @param values all writable values of the document
 * @throws GatewayError as {@link put}
 */
export async function replaceFile(
  caller: Caller,
  id: ClearedId,
  values: CheckedValues,
  file: DocumentFile,
): Promise<void> {
  if (id.prefix !== values.idPrefix) throw new Error('values of one module for a record of another')
  const element = {
    ...values.values,
    filesize: String(file.content.size),
    filetype: file.mediaType,
    ...fileFields(file),
    id: id.text,
  }
  await put(caller, { operation: 'update', params: { element } })
}

/** @throws GatewayError as {@link put} */
export async function remove(caller: Caller, id: ClearedId): Promise<void> {
  await put(caller, { operation: 'delete', params: { id: id.text } })
}

/**
 * Relates two records, many to many. coreBOS checks its rights to the first record alone.
 *
 * @throws GatewayError as {@link put}
 */
export async function relate(caller: Caller, id: ClearedId, other: ClearedId): Promise<void> {
  // Always a list: for a bare id coreBOS answers `true` and does nothing.
  const params = { relate_this_id: id.text, with_these_ids: [other.text] }
  await put(caller, { operation: 'SetRelation', params })
}

/** @throws GatewayError as {@link put} */
export async function unrelate(caller: Caller, id: ClearedId, other: ClearedId): Promise<void> {
  const params = { unrelate_this_id: id.text, with_these_ids: [other.text] }
  await put(caller, { operation: 'UnsetRelation', params })
}

/**
 * Adds a comment to a ticket or FAQ.
 *
 * @param author the contact; undefined: the CRM user of the session
 * @returns the time, `YYYY-MM-DD hh:mm:ss` in UTC
 * @throws GatewayError as {@link put}
 */
export async function addComment(
  caller: Caller,
  id: ClearedId,
  comments: string,
  author: ClearedId | undefined,
): Promise<string> {
  // coreBOS does not check this author.
  const values =
    author === undefined ? { from_portal: 0, comments } : { from_portal: 1, parent_id: author.text, comments }
  const { result } = await put(caller, { operation: 'addTicketFaqComment', params: { id: id.text, values } })
  return answered(() => text(object(result, 'record')['modifiedtime'], 'record'))
}

/**
 * Runs a business action on a record. Its effect is defined in coreBOS. Not recorded: as in
 * `include/Webservices/executeBusinessAction.php` of coreBOS 8.0.
 *
 * @param action the record number of the action
 * @returns the text of the action, often HTML; empty if it returns no text
 * @throws GatewayError as {@link put}
 */
export async function act(caller: Caller, action: string, id: ClearedId): Promise<string> {
  const params = { businessactionid: action, context: { ID: id.text } }
  const { result } = await put(caller, { operation: 'executeBusinessAction', params })
  return typeof result === 'string' ? result : ''
}

/**
 * @throws GatewayError {@link CorebosRejection} and errors which prove that coreBOS has done nothing; {@link LostWrite} for
 * everything else
 */
async function put(caller: Caller, call: Call): Promise<Success> {
  try {
    return await ask(caller, call)
  } catch (error) {
    throw isHarmless(error) ? error : new LostWrite(error)
  }
}

function isHarmless(error: unknown): boolean {
  if (error instanceof CorebosRejection || neverSent(error)) return true
  if (!(error instanceof GatewayError)) return false
  // For an ended session coreBOS executes nothing, and a value that cannot be sent was not sent.
  if (error.code === 'SESSION_ENDED' || error.code === 'INVALID_VALUE') return true
  return error.cause instanceof GatewayError && error.cause.code === 'SESSION_ENDED'
}

/** An answer of another shape follows a write that was executed. */
function answered<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new LostWrite(error)
  }
}

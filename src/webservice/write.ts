/** Operations that write. All of them go through `src/write/`; a mass write is rehearsed as a whole first. */
import type { WriteContext, WriteOperation } from '../access/context.ts'
import { presentModule } from '../corebos/presentation.ts'
import type { DocumentFile } from '../model/document-file.ts'
import { GatewayError } from '../model/errors.ts'
import { openViewOf, record, viewOf } from '../read/records-by-id.ts'
import { writtenComment } from '../records/comments.ts'
import { ask } from '../read/run.ts'
import * as tree from '../query/tree.ts'
import type { ModuleView } from '../scope/view.ts'
import type { GivenTexts } from '../scope/write.ts'
import {
  comment,
  createRecord,
  deleteRecord,
  requireWritable,
  setRelation,
  updateRecord,
  type Written,
} from '../write/writes.ts'
import type { Input, WebserviceContext, WebserviceWriteContext } from './call.ts'
import {
  elementOf,
  fileOf,
  idOf,
  mostElements,
  relationsOf,
  valuesOf,
  withoutFile,
  type Fields,
} from './element.ts'
import { failed, failure, result, toRejection, WebserviceRejection, type Result } from './envelope.ts'
import { withReferences } from './labels.ts'
import { namesIn, namesOf, requireLength } from './lists.ts'
import { isObject, type Parameter } from './php.ts'
import { firstId } from './read.ts'
import { rehearse, type Look } from './rehearsal.ts'

type Row = { readonly [name: string]: Parameter }

/** What a call asks to be done to one record, and how its answer shows what came of it. */
interface Change {
  readonly write: (author: WriteContext) => Promise<Written>
  readonly show: (written: Written) => Promise<Row>
}

async function creation(
  module: string,
  element: Fields,
  { uploads }: WebserviceWriteContext,
): Promise<Change> {
  const file = await fileOf(element, uploads)
  const wanted = {
    module,
    values: valuesOf(withoutFile(element)),
    relatedTo: relationsOf(element),
    ...(file !== undefined && { file }),
  }
  return {
    write: (author) => createRecord(wanted, author),
    show: async ({ id, record }) => record ?? { id },
  }
}

function revision(id: string, values: GivenTexts, client: WebserviceContext, file?: DocumentFile): Change {
  return {
    write: (author) => updateRecord(id, withoutKept(id, values, author), author, undefined, file),
    show: async ({ record }) => {
      if (record === undefined) return { id }
      const [shown] = await withReferences([record], viewOf(id, client.context), client)
      return shown ?? { id }
    },
  }
}

/** coreBOS writes it itself, though it says that it can be edited. */
const keptLogs = new Set(['update_log'])

/** Clients send whole records back, in which what coreBOS keeps by itself may be out of date by then. */
function withoutKept(id: string, values: GivenTexts, author: WriteContext): GivenTexts {
  const readable = openViewOf(id, author)?.readable
  const isKept = (name: string): boolean => {
    const field = readable?.get(name)
    return keptLogs.has(name) || field?.editable === false
  }
  return Object.fromEntries(Object.entries(values).filter(([name]) => !isKept(name)))
}

async function carryOut({ write, show }: Change, { context }: WebserviceWriteContext): Promise<Row> {
  return show(await write(context))
}

export async function create(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return result(await carryOut(await creation(input.text('elementType'), elementOf(input), client), client))
}

/** A change by what an element holds: its values, and the file of a document. */
async function revisionBy(id: string, element: Fields, client: WebserviceWriteContext): Promise<Change> {
  const file = await fileOf(element, client.uploads)
  return revision(id, valuesOf(withoutFile(element)), client, file)
}

export async function revise(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  return result(await carryOut(await revisionBy(requireId(element), element, client), client))
}

/** @throws WebserviceRejection */
function requireId(element: Fields): string {
  const id = idOf(element)
  if (id === '') throw new WebserviceRejection('INVALID_ID_ATTRIBUTE', 'Id specified is incorrect')
  return id
}

/** As `revise`, but every mandatory field must be given. */
export async function update(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  const change = await completeRevision(requireId(element), element, client)
  if (change instanceof MissingFields) throw change
  return result(await carryOut(change, client))
}

/** A change by what an element holds, or the mandatory fields that it lacks. */
async function completeRevision(
  id: string,
  element: Fields,
  client: WebserviceWriteContext,
): Promise<Change | MissingFields> {
  // Bounds come before coreBOS is asked what is mandatory.
  const values = valuesOf(withoutFile(element))
  const view = viewOf(id, client.context)
  const missing = await missingFields(view, client, (name) => (element[name] ?? '') !== '')
  if (missing !== undefined) {
    await requireRight(id, client)
    auditRejection('update', [id], missing, client)
    return missing
  }
  const file = await fileOf(element, client.uploads)
  return revision(id, withoutHabit(values, view, client), client, file)
}

/** Official clients make their own user the owner of what they change, wherever nothing else is said. */
function withoutHabit(
  values: GivenTexts,
  { decision }: ModuleView,
  { session }: WebserviceContext,
): GivenTexts {
  const { assigned_user_id: owner, ...others } = values
  const habit =
    owner === session.contact.user.id && decision.rule.update?.fields.has('assigned_user_id') !== true
  return habit ? others : values
}

interface MissingField {
  readonly name: string
  readonly label: string
}

/** Names the first one, as coreBOS does. */
class MissingFields extends WebserviceRejection {
  /** As operations say it that look at values first. */
  readonly byField: Record<string, string[]>

  constructor(first: MissingField, others: readonly MissingField[]) {
    super('MANDATORY_FIELDS_MISSING', `${first.label} (${first.name}) does not have a value`)
    this.byField = Object.fromEntries(
      [first, ...others].map(({ name, label }) => [name, [`${label} is required`]]),
    )
  }
}

/** Whether mandatory fields have no value, of those that the contact may know of. */
async function missingFields(
  { module, readable }: ModuleView,
  { caller }: WebserviceContext,
  has: (name: string) => boolean,
): Promise<MissingFields | undefined> {
  const { fields } = await presentModule(caller, module.name)
  const [first, ...others] = fields
    .filter(
      ({ name, properties }) =>
        properties['mandatory'] === true && properties['editable'] === true && readable.has(name),
    )
    .filter(({ name }) => !has(name))
    .map(({ name }) => ({ name, label: readable.get(name)?.label ?? name }))
  return first === undefined ? undefined : new MissingFields(first, others)
}

/** Rejects what coreBOS would reject for want of a value. */
function complete(client: WebserviceWriteContext): Look {
  return async ({ module, values }, isNew) => {
    const view = client.context.visible.require(module)
    const missing = await missingFields(view, client, (name) => (values[name] ?? (isNew ? '' : name)) !== '')
    if (missing !== undefined) throw missing
  }
}

/** Looks the values up among the records that the contact sees, and changes the one that is found. */
export async function upsert(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const module = input.text('elementType')
  const element = elementOf(input)
  const found = await findBy(module, element, namesOf(input, 'searchOn'), client)
  if (found === undefined) return result(await carryOut(await creation(module, element, client), client))
  const updated = namesOf(input, 'updatedfields')
  const changes = Object.fromEntries(Object.entries(element).filter(([name]) => updated.includes(name)))
  return result(await carryOut(await revisionBy(found, changes, client), client))
}

/** @throws WebserviceRejection where there is nothing to look up */
async function findBy(
  module: string,
  element: Fields,
  fields: readonly string[],
  { context }: WebserviceContext,
): Promise<string | undefined> {
  const values = valuesOf(withoutFile(element))
  const empty = fields.length === 0 ? '' : fields.find((name) => (values[name] ?? '') === '')
  if (empty !== undefined) {
    const message = `No value is provided for the search field: ${empty}`
    throw new WebserviceRejection('SEARCH_VALUE_NOT_PROVIDED', message)
  }
  const tests = fields.map((name) => tree.compare(tree.field(name), '=', tree.text(values[name] ?? '')))
  const { records } = await ask(firstId(context.visible.require(module), tree.allOf(tests)), context)
  return records[0]?.['id']
}

async function remove(id: string, author: WriteContext): Promise<Written> {
  await deleteRecord(id, author)
  return { id, record: undefined }
}

export async function deleteOne(input: Input, { context }: WebserviceWriteContext): Promise<Result> {
  await deleteRecord(input.text('id'), context)
  return result({ status: 'successful' })
}

/** What is wrong with the values, by field; undefined where nothing is. @throws GatewayError any other rejection */
async function problemsWith(
  { write }: Change,
  client: WebserviceWriteContext,
): Promise<Record<string, string[]> | undefined> {
  try {
    await rehearse(write, client.context, complete(client))
    return undefined
  } catch (error) {
    if (error instanceof MissingFields) return error.byField
    if (!(error instanceof GatewayError) || error.code !== 'INVALID_VALUE' || error.errors === undefined)
      throw error
    return Object.fromEntries(
      error.errors.flatMap((each) => ('field' in each ? [[each.field, [each.message]] as const] : [])),
    )
  }
}

async function validated(change: Change, client: WebserviceWriteContext): Promise<Result> {
  const problems = await problemsWith(change, client)
  return problems === undefined ? result(await carryOut(change, client)) : failed(problems)
}

export async function createWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return validated(await creation(input.text('elementType'), elementOf(input), client), client)
}

export async function reviseWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  return validated(await revisionBy(requireParameter(idOf(element)), element, client), client)
}

export async function updateWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  const change = await completeRevision(requireParameter(idOf(element)), element, client)
  return change instanceof MissingFields ? failed(change.byField) : validated(change, client)
}

/** Without the right to change the record, that is the reason, and not a missing value. @throws GatewayError with its audit line */
async function requireRight(id: string, client: WebserviceWriteContext): Promise<void> {
  try {
    await requireWritable(id, client.context)
  } catch (error) {
    auditRejection('update', [id], error, client)
    throw error
  }
}

/** Of what never comes as far as the door for writes. */
function auditRejection(
  operation: WriteOperation,
  ids: readonly string[],
  error: unknown,
  { context }: WebserviceWriteContext,
): void {
  context.audit({ operation, module: undefined, ids, rule: undefined, outcome: toRejection(error).code })
}

function requireParameter(text: string): string {
  if (text === '') throw new WebserviceRejection('INVALID_PARAMETER', 'Invalid parameter')
  return text
}

/** Whether the values of a form could be written; writes nothing. */
export async function validateInformation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const context = input.json('context')
  if (!isObject(context)) throw new WebserviceRejection('INVALID_PARAMETER', 'Invalid parameter')
  const { module = '', record: id = '', ...fields } = context
  if (typeof id !== 'string' || typeof module !== 'string') {
    throw new WebserviceRejection('INVALID_PARAMETER', 'Invalid parameter')
  }
  const change = id === '' ? await creation(module, fields, client) : revision(id, valuesOf(fields), client)
  const silent = { ...client.context, audit: () => undefined }
  const problems = await problemsWith(change, { ...client, context: silent })
  return problems === undefined ? result(true) : failed(problems)
}

interface MassEntry {
  /** What a failure says it was about. */
  readonly about: { readonly id: string } | { readonly record: Parameter }
  readonly prepare: () => Promise<Change>
}

interface MassOutcome {
  readonly done: Row[]
  readonly failures: Row[]
}

/**
 * Writes all of them or, where one is rejected, none. coreBOS itself has no such thing, so every element is rehearsed
 * before the first one is written; where coreBOS fails in the midst of it, nothing more is written.
 */
async function mass(
  operation: WriteOperation,
  entries: readonly MassEntry[],
  client: WebserviceWriteContext,
): Promise<MassOutcome> {
  const { context } = client
  const changes: Change[] = []
  const rejected = new Map<MassEntry, unknown>()
  for (const entry of entries) {
    try {
      const change = await entry.prepare().catch((error: unknown) => {
        auditRejection(operation, 'id' in entry.about ? [entry.about.id] : [], error, client)
        throw error
      })
      await rehearse(change.write, context, complete(client))
      changes.push(change)
    } catch (error) {
      if (!isRejection(error)) throw error
      rejected.set(entry, error)
    }
  }
  const done: Row[] = []
  for (const [index, entry] of entries.entries()) {
    const change = changes[index]
    if (rejected.size > 0 || change === undefined) break
    try {
      done.push(await carryOut(change, client))
    } catch (error) {
      rejected.set(entry, error)
    }
  }
  const left = rejected.size === 0 ? [] : entries.slice(done.length)
  return { done, failures: left.map((entry) => ({ ...entry.about, ...reason(rejected.get(entry)) })) }
}

/** Something that is said of one element, and not of the session or of coreBOS. */
function isRejection(error: unknown): boolean {
  if (error instanceof WebserviceRejection) return true
  return error instanceof GatewayError && [400, 403, 404, 422].includes(error.status)
}

function reason(error: unknown): Pick<Row, 'code' | 'message'> {
  if (error === undefined)
    return { code: 'ACCESS_DENIED', message: 'Not written, since another one was rejected' }
  const { code, message } = failure(toRejection(error))
  return { code, message }
}

function list(input: Input, name: string): Fields[] {
  const given = input.json(name)
  const elements: readonly Parameter[] = Array.isArray(given) ? given : []
  requireLength(name, elements.length, mostElements, 'records')
  if (!Array.isArray(given) || !elements.every(isObject)) {
    throw new GatewayError('BAD_REQUEST', `'${name}' is a list of objects`)
  }
  return elements.filter(isObject)
}

/** One that is decided when it is carried out: what an element before it has made is found by it. */
function late(choose: () => Promise<Change>): Change {
  let chosen: Promise<Change> | undefined
  return {
    write: async (author) => (await (chosen = choose())).write(author),
    show: async (written) => (await (chosen ?? choose())).show(written),
  }
}

export async function massCreate(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const sought = new Set<string>()
  const entries = list(input, 'elements').map((entry): MassEntry => {
    const [module, element, searchon] = [entry['elementType'], entry['element'], entry['searchon']]
    return {
      about: { record: entry },
      prepare: async () => {
        const name = typeof module === 'string' ? module : ''
        const fields = isObject(element) ? element : {}
        const searched = typeof searchon === 'string' ? namesIn('searchon', searchon) : []
        if (searched.length === 0) return creation(name, fields, client)
        const choose = async () => {
          const found = await findBy(name, fields, searched, client)
          return found === undefined ? creation(name, fields, client) : revisionBy(found, fields, client)
        }
        const place = JSON.stringify([name.toLowerCase(), searched.map((each) => [each, fields[each]])])
        const isFirst = !sought.has(place)
        sought.add(place)
        return isFirst ? choose() : late(choose)
      },
    }
  })
  const { done, failures } = await mass('create', entries, client)
  const answer = { success_creates: done, failed_creates: failures }
  return failures.length === 0 ? result(answer) : failed(answer)
}

export async function massUpdate(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const entries = list(input, 'elements').map((element): MassEntry => {
    const id = idOf(element)
    return { about: { id }, prepare: async () => revisionBy(id, element, client) }
  })
  const { done, failures } = await mass('update', entries, client)
  return result({ success_updates: done, failed_updates: failures })
}

export async function massDelete(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const ids = namesOf(input, 'ids')
  requireLength('ids', ids.length, mostElements, 'records')
  const entries = ids.map((id): MassEntry => ({
    about: { id },
    prepare: async () => ({ write: (author) => remove(id, author), show: async () => ({ id }) }),
  }))
  const { done, failures } = await mass('delete', entries, client)
  return result({ success_deletes: done.map(({ id = '' }) => id), failed_deletes: failures })
}

/** An id in JSON, or a list of them. coreBOS answers `true` to anything else, and relates nothing. @throws GatewayError `BAD_REQUEST` */
function related(input: Input): string[] {
  const given = input.json('with_these_ids') ?? []
  const ids: readonly Parameter[] = Array.isArray(given) ? given : [given]
  requireLength('with_these_ids', ids.length, mostElements, 'records')
  const texts = ids.filter((id) => typeof id === 'string')
  if (texts.length < ids.length) {
    throw new GatewayError('BAD_REQUEST', "'with_these_ids' is expected to be a JSON list of webservice ids")
  }
  return [...new Set(texts)]
}

async function relating(
  operation: 'relate' | 'unrelate',
  id: string,
  input: Input,
  { context }: WebserviceWriteContext,
): Promise<Result> {
  const others = related(input)
  if (others.length === 0) await record(id, context)
  const passes: Look = async () => undefined
  for (const other of others) {
    await rehearse((author) => setRelation(operation, id, other, author), context, passes)
  }
  for (const other of others) await setRelation(operation, id, other, context)
  return result(true)
}

export async function setRelations(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return relating('relate', input.text('relate_this_id'), input, client)
}

export async function unsetRelations(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return relating('unrelate', input.text('unrelate_this_id'), input, client)
}

/** In the name of the contact: who else is named as the author rejects it. */
export async function addTicketFaqComment(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const { context, session } = client
  const id = input.text('id')
  const { module } = viewOf(id, context)
  if (module.name !== 'HelpDesk' && module.name !== 'Faq') {
    throw new WebserviceRejection('INVALID_ID_ATTRIBUTE', 'Invalid module specified. Must be HelpDesk or Faq')
  }
  const {
    comments = '',
    from_portal: fromPortal = '1',
    parent_id: author = '',
  } = valuesOf(elementOf(input, 'values'))
  if (comments.trim() === '') throw new WebserviceRejection('MANDATORY_FIELDS_MISSING', 'Comment empty.')
  if (fromPortal !== '1' || (author !== '' && author !== session.contact.id)) {
    throw new GatewayError('NOT_WRITABLE', 'a comment is written in the name of the contact itself')
  }
  await writtenComment(id, await comment(id, comments, context), comments, context)
  const [shown] = await withReferences([(await record(id, context)).row], viewOf(id, context), client)
  return result(shown ?? { id })
}

/** The contact's own, never another's, even with the other's password. */
export async function changePortalUserPassword(
  input: Input,
  client: WebserviceWriteContext,
): Promise<Result> {
  await client.changePassword({
    username: input.text('email'),
    current: input.text('current_password'),
    next: input.text('password'),
  })
  return result(true)
}

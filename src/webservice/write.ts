/** Operations that write one record. All of them go through `src/write/`. */
import type { WriteContext, WriteOperation } from '../access/context.ts'
import { presentModule } from '../corebos/presentation.ts'
import type { DocumentFile } from '../model/document-file.ts'
import { openViewOf, viewOf } from '../read/records-by-id.ts'
import { ask } from '../read/run.ts'
import * as tree from '../query/tree.ts'
import type { ModuleView } from '../scope/view.ts'
import type { GivenTexts } from '../scope/write.ts'
import { createRecord, deleteRecord, requireWritable, updateRecord, type Written } from '../write/records.ts'
import type { Input, WebserviceContext, WebserviceWriteContext } from './call.ts'
import { elementOf, fileOf, idOf, relationsOf, valuesOf, withoutFile, type Fields } from './element.ts'
import { result, toRejection, WebserviceRejection, type Result } from './envelope.ts'
import { withReferences } from './labels.ts'
import { namesOf } from './lists.ts'
import { type Parameter } from './php.ts'
import { firstId } from './read.ts'
import { type Look } from './rehearsal.ts'

export type Row = { readonly [name: string]: Parameter }

/** A write of one record, and the function that shows its result. */
export interface Change {
  readonly write: (author: WriteContext) => Promise<Written>
  readonly show: (written: Written) => Promise<Row>
}

export async function creation(
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

export function revision(
  id: string,
  values: GivenTexts,
  client: WebserviceContext,
  file?: DocumentFile,
): Change {
  return {
    write: (author) => updateRecord(id, withoutKept(id, values, author), author, undefined, file),
    show: async ({ record }) => {
      if (record === undefined) return { id }
      const [shown] = await withReferences([record], viewOf(id, client.context), client)
      return shown ?? { id }
    },
  }
}

/** coreBOS sets it itself, although it describes it as editable. */
const keptLogs = new Set(['update_log'])

/** Clients send whole records back, in which fields that coreBOS sets itself may be outdated. */
function withoutKept(id: string, values: GivenTexts, author: WriteContext): GivenTexts {
  const readable = openViewOf(id, author)?.readable
  const isKept = (name: string): boolean => {
    const field = readable?.get(name)
    return keptLogs.has(name) || field?.editable === false
  }
  return Object.fromEntries(Object.entries(values).filter(([name]) => !isKept(name)))
}

export async function carryOut({ write, show }: Change, { context }: WebserviceWriteContext): Promise<Row> {
  return show(await write(context))
}

export async function create(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return result(await carryOut(await creation(input.text('elementType'), elementOf(input), client), client))
}

/** A change by an element: its values, and the file of a document. */
export async function revisionBy(
  id: string,
  element: Fields,
  client: WebserviceWriteContext,
): Promise<Change> {
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

/** A change by an element, or the mandatory fields that it lacks. */
export async function completeRevision(
  id: string,
  element: Fields,
  client: WebserviceWriteContext,
): Promise<Change | MissingFields> {
  // Limits are checked before coreBOS is asked for mandatory fields.
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

/** Official clients make their own user the owner of changed records, unless another owner is given. */
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
export class MissingFields extends WebserviceRejection {
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

/** Rejects writes that coreBOS would reject for a missing value. */
export function complete(client: WebserviceWriteContext): Look {
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

/** @throws WebserviceRejection if no record is named */
export async function findBy(
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

export async function remove(id: string, author: WriteContext): Promise<Written> {
  await deleteRecord(id, author)
  return { id, record: undefined }
}

export async function deleteOne(input: Input, { context }: WebserviceWriteContext): Promise<Result> {
  await deleteRecord(input.text('id'), context)
  return result({ status: 'successful' })
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

/** Audits writes that are rejected before `src/write/` is called. */
export function auditRejection(
  operation: WriteOperation,
  ids: readonly string[],
  error: unknown,
  { context }: WebserviceWriteContext,
): void {
  context.audit({ operation, module: undefined, ids, rule: undefined, outcome: toRejection(error).code })
}

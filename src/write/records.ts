/**
 * Creates, changes and deletes records: check the rule → fit the values → check the references → check the scope after
 * the write → send once → read again.
 */
import type { ReadContext, WriteContext } from '../access/context.ts'
import type { CheckedValues } from '../model/checked-values.ts'
import type { DocumentFile } from '../model/document-file.ts'
import { GatewayError } from '../model/errors.ts'
import { resolvedScope } from '../read/look-up.ts'
import { find, record, viewOf, visible, type Found } from '../read/records-by-id.ts'
import { meets, type Row } from '../scope/verify.ts'
import { untied, type ModuleView } from '../scope/view.ts'
import {
  checkValues,
  isOfAnotherContact,
  proposeCreate,
  proposeUpdate,
  writingView,
  type Given,
  type Proposal,
  type WriteFacts,
} from '../scope/write.ts'
import { audited, type Note } from './audited.ts'
import { relationsOf } from './relations.ts'
import { changedBy, outdate, perform, writtenBy } from './send.ts'
import { requireStored } from './stored.ts'

export interface Written {
  readonly id: string
  /** As this contact sees it now; undefined if it cannot be read, or no longer. */
  readonly record: Row | undefined
}

/** The values of a request, or a function that reads them for their module. */
export type Values = Given | ((view: ModuleView) => Given)

export interface NewRecord {
  readonly module: string
  readonly values: Values
  /** Webservice ids of records that it is to be related to (documents). */
  readonly relatedTo?: readonly string[]
  /** The file of a document, whose name and media type have been checked. */
  readonly file?: DocumentFile
}

/**
 * @throws GatewayError `UNKNOWN_MODULE`, `NOT_WRITABLE`, `UNKNOWN_FIELD`, `FIELD_NOT_WRITABLE`, `INVALID_VALUE`,
 * `REFERENCE_OUT_OF_SCOPE`, `VALUES_REFUSED`, `OUTCOME_UNKNOWN`, or the error of coreBOS
 */
export async function createRecord(wanted: NewRecord, author: WriteContext): Promise<Written> {
  return audited('create', author, (note) => create(wanted, author, note))
}

export async function create(
  { module, values, relatedTo = [], file }: NewRecord,
  author: WriteContext,
  note: Note,
): Promise<Written> {
  const { visible, writer } = author
  const view = visible.require(module)
  note({ module: view.module.name, rule: view.decision.rule.name })
  const writing = writingView(view, 'create', visible)
  if (file !== undefined) requireFileField(view, 'create')
  const proposal = proposeCreate(givenFor(values, view), view, factsOf(author))
  const relations = await relationsOf(relatedTo, writing, author)
  const views = relations.length > 0 ? [untied(view), untied(writing)] : [view, writing]
  const checked = await check(proposal, views, author)
  const { text: id } = await perform(
    view,
    author,
    () => writer.create(checked, relations, writtenBy(writing), file),
    proposal.row,
  )
  note({ ids: [id] })
  const row = await again(id, view, author)
  requireStored('created', id, row, proposal, author, note)
  return written(id, row, view)
}

/** A condition on a record that must hold when it is written, without another conditional write in between. */
export interface Precondition {
  /** @param record as this contact sees it. @throws if the condition does not hold */
  require(record: Row): void
  /** Holds the record's lock during the work. @throws what the work throws, or if the lock is held */
  lock<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Changes the given fields of a record and leaves the others; equal values are not written.
 *
 * @param file the new file of a document, whose name and media type have been checked
 * @throws GatewayError as {@link createRecord}; `NOT_FOUND`; what `precondition` throws
 */
export async function updateRecord(
  id: string,
  values: Values,
  author: WriteContext,
  precondition?: Precondition,
  file?: DocumentFile,
): Promise<Written> {
  return audited('update', author, async (note) => {
    const { visible, writer } = author
    note({ ids: [id] })
    const view = viewOf(id, author)
    note({ module: view.module.name, rule: view.decision.rule.name })
    const writing = writingView(view, 'update', visible)
    if (file !== undefined) requireFileField(view, 'update')
    const lookUp = async () => reached(id, writing, author)
    return conditionally(precondition, lookUp, async (found) => {
      const which = file === undefined ? 'same file' : 'new file'
      const proposal = proposeUpdate(givenFor(values, view), found.row, view, factsOf(author), which)
      if (file === undefined && Object.keys(proposal.values).length === 0) {
        note({ outcome: 'unchanged' })
        return { id, record: asSeen(found) }
      }
      const checked = await check(proposal, [view, writing], author)
      const by = changedBy(writing)
      const send = async () =>
        file === undefined
          ? writer.revise(found.id, checked, by)
          : writer.replaceFile(found.id, checked, by, file)
      await perform(view, author, send, proposal.row)
      const row = await again(id, view, author)
      requireStored('changed', id, row, proposal, author, note)
      return written(id, row, view)
    })
  })
}

/** @throws GatewayError as {@link updateRecord} */
export async function deleteRecord(
  id: string,
  author: WriteContext,
  precondition?: Precondition,
): Promise<void> {
  return audited('delete', author, async (note) => {
    note({ ids: [id] })
    const view = viewOf(id, author)
    note({ module: view.module.name, rule: view.decision.rule.name })
    const writing = writingView(view, 'delete', author.visible)
    const lookUp = async () => reached(id, writing, author)
    await conditionally(precondition, lookUp, async (found) => {
      await perform(view, author, () => author.writer.remove(found.id, changedBy(writing)))
      await outdate(author)
    })
  })
}

/** @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE` if this contact does not see the record, or may not change it */
export async function requireWritable(id: string, author: WriteContext): Promise<void> {
  await reached(id, writingView(viewOf(id, author), 'update', author.visible), author)
}

/** The record that an earlier request created, for its repetition. */
export async function writtenBefore(id: string, context: ReadContext): Promise<Written> {
  try {
    return { id, record: (await record(id, context)).row }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'NOT_FOUND') return { id, record: undefined }
    throw error
  }
}

function givenFor(values: Values, view: ModuleView): Given {
  return typeof values === 'function' ? values(view) : values
}

function factsOf({ visible: { contact, modules }, lengths }: WriteContext): WriteFacts {
  return { contact, modules, lengths }
}

/** @throws GatewayError `FIELD_NOT_WRITABLE` if records of the module have no file, or the rule does not open it */
function requireFileField({ readable, decision: { rule } }: ModuleView, writing: 'create' | 'update'): void {
  const field = readable.get('filename')
  if (field?.type === 'file' && rule[writing]?.fields.has(field.name) === true) return
  const message = 'a file cannot be written to this record'
  throw new GatewayError('FIELD_NOT_WRITABLE', message, { errors: [{ field: 'file', message }] })
}

/**
 * Does a write under its precondition. The record is looked up before its lock is taken, so that a contact that cannot
 * write it neither holds that lock nor learns of it, and again under the lock.
 *
 * @param lookUp finds the record if it may be written, and throws otherwise
 */
async function conditionally<T>(
  precondition: Precondition | undefined,
  lookUp: () => Promise<Found>,
  write: (found: Found) => Promise<T>,
): Promise<T> {
  const checked = async (): Promise<Found> => {
    const found = await lookUp()
    precondition?.require(asSeen(found))
    return found
  }
  if (precondition === undefined) return write(await checked())
  await checked()
  return precondition.lock(async () => write(await checked()))
}

/** A record that this contact sees and may write. @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE` */
async function reached(id: string, writing: ModuleView, author: WriteContext): Promise<Found> {
  const found = await find(id, author)
  const { row, view } = found
  const rejection = new GatewayError('NOT_WRITABLE', 'this record is read-only for this contact')
  if (isOfAnotherContact(row, writing, author.visible.contact)) throw rejection
  if (meets(row, await resolvedScope(writing, author), view.module)) return found
  throw rejection
}

async function check(
  proposal: Proposal,
  views: readonly ModuleView[],
  author: WriteContext,
): Promise<CheckedValues> {
  const [seen, ...scopes] = await Promise.all([
    visible(
      proposal.references.map(({ id }) => id),
      author,
    ),
    ...views.map((view) => resolvedScope(view, author)),
  ])
  return checkValues(proposal, { visible: seen, scopes })
}

function asSeen({ row, view }: Pick<Found, 'row' | 'view'>): Row {
  return Object.fromEntries([...view.readable.keys()].map((name) => [name, row[name] ?? '']))
}

function written(id: string, row: Row | undefined, view: ModuleView): Written {
  return { id, record: row && asSeen({ row, view }) }
}

/** The record with every field. The write stands even if it cannot be read again. */
async function again(id: string, { module }: ModuleView, author: WriteContext): Promise<Row | undefined> {
  try {
    return (await find(id, await author.changed([module.name]))).row
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}
